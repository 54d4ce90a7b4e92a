"""What is known of one resolver: whether it answers, how fast, and whether it understands EDNS.

Pure state; the time is an argument. Failures are evidence only if they are consecutive: a query
sent before the last failure was noted says nothing new, or one lost burst would be an outage.
"""

# Consecutive failures that make a resolver down; one response makes it up (CoreDNS's max_fails).
FAILURES_TO_DOWN = 2
# Seconds between background probes of a resolver that is down: doubled up to the cap, which is low
# because who learned a long wait in an outage goes on failing after it.
PROBE_FIRST = 1.0
PROBE_CAP = 10.0
# Seconds a resolver is asked without EDNS after it turned out not to understand it.
PLAIN_SECONDS = 300.0

# RFC 6298 section 2: gains of the smoothed round-trip time and of its variation.
_ALPHA = 1 / 8
_BETA = 1 / 4
_VARIATIONS = 4
# A resolver that failed counts as this slow at least, until it proves otherwise.
_FAILED_RTT = 0.4


class Health:
    """State of one resolver. `up` is whether client queries go to it by choice."""

    __slots__ = (
        "_failed_at",
        "_failures",
        "_pause",
        "_plain_until",
        "_srtt",
        "_variation",
        "heard_at",
        "probe_at",
        "up",
    )

    def __init__(self) -> None:
        self.up = True
        self.probe_at = 0.0
        self.heard_at = 0.0
        self._failures = 0
        self._failed_at = 0.0
        self._pause = PROBE_FIRST
        self._plain_until = 0.0
        self._srtt = 0.0
        self._variation = 0.0

    def answered(self, sent_at: float, now: float) -> bool:
        """Note a response to a query sent at `sent_at`; True where the resolver was down."""
        rtt = now - sent_at
        if self._srtt:
            self._variation += _BETA * (abs(rtt - self._srtt) - self._variation)
            self._srtt += _ALPHA * (rtt - self._srtt)
        else:
            self._srtt, self._variation = rtt, rtt / 2
        self.heard_at = now
        self._failures = 0
        if self.up:
            return False
        self.up = True
        self._srtt, self._variation = rtt, rtt / 2  # what it was before the outage is history
        return True

    def failed(self, sent_at: float, now: float) -> bool:
        """Note that a query sent at `sent_at` came to nothing; True where that makes it down."""
        if sent_at < self._failed_at:
            return False
        self._failed_at = now
        self._failures += 1
        self._srtt = max(self._srtt, _FAILED_RTT)
        if not self.up:
            return False
        self.up = self._failures < FAILURES_TO_DOWN
        if not self.up:
            self._pause = PROBE_FIRST
            self.probe_at = now + self._pause
        return not self.up

    def probed(self, now: float) -> None:
        """Note that a probe was sent; the next one waits longer."""
        self._pause = min(2 * self._pause, PROBE_CAP)
        self.probe_at = now + self._pause

    def refused_edns(self, now: float) -> None:
        """Note that a query without EDNS was answered where the one with it was not."""
        self._plain_until = now + PLAIN_SECONDS

    def plain(self, now: float) -> bool:
        """Whether it is to be asked without EDNS."""
        return now < self._plain_until

    @property
    def cost(self) -> float:
        """Seconds a response may take, by what was seen; 0 where nothing was seen yet."""
        return self._srtt + _VARIATIONS * self._variation
