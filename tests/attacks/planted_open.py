"""blockfilter with a planted defect: its directories and its sums are there for all to read."""

from blockfilter.config import directories
from blockfilter.counts import accumulators

directories.PRIVATE = 0o755
directories.OTHERS_MAY_LOOK = 0
accumulators._MODE = 0o644
