"""Leads on a real database of its own, and the builders of facts that its tests share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for `leads_given` and `leads_world`; these tests are no package
