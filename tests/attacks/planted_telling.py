"""blockfilter with a planted defect: what failed is logged with the exception's own words."""

from blockfilter.serve import udp
from tests.attacks import failing  # noqa: F401  # so that something does


def _tell(error: Exception) -> None:
    udp.log.error("a packet could not be handled: %s", error)


udp._report = _tell
