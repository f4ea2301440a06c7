"""Door 3: what was read with another lexicon is read again, slice by slice, so that live orders come through between."""

from datetime import datetime

from classifier import publishing
from common.jobs import Jobs
from common.work import Work

jobs = Jobs()


@jobs.named(publishing.RECLASSIFY)
async def reclassify(work: Work) -> datetime | None:
    """Read one slice; at once again while there is more, and other work comes between."""
    return await publishing.read_slice(work)
