"""Door 3: reading again, trying drafts and telling names, slice by slice, so that live orders come through between."""

from datetime import datetime

from classifier import naming, publishing, trying
from common.jobs import Jobs
from common.work import Work

jobs = Jobs()


@jobs.named(publishing.RECLASSIFY)
async def reclassify(work: Work) -> datetime | None:
    """Read one slice; at once again while there is more, and other work comes between."""
    return await publishing.read_slice(work)


@jobs.named(trying.TRY)
async def try_lexicon(work: Work) -> datetime | None:
    """Try a draft on one slice of the history."""
    return await trying.next_slice(work)


@jobs.named(naming.TELL_MECHANICS)
async def tell_mechanics(work: Work) -> datetime | None:
    """Tell one slice of visits again under the names that their mechanics have now."""
    return await naming.tell_slice(work)
