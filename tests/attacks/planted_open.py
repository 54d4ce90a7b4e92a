"""blockfilter with a planted defect: its directories are there for all to look into."""

from blockfilter.config import directories

directories.PRIVATE = 0o755
directories.OTHERS_MAY_LOOK = 0
