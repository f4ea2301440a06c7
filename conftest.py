"""For every test of the workspace."""

import autoflows  # noqa: F401 - before pytest takes the folder of that name, without a package, for it
