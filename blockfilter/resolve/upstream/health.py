"""What is known of one resolver: whether it answers, how fast, and whether it understands EDNS.

Pure state; the time is an argument. Silence is evidence only if nothing was heard since the query
was sent, or a few slow names would be an outage; and if the query was sent after the last failure
was noted, or one lost burst would be.
"""

# Consecutive failures that make a resolver down; one response makes it up (CoreDNS's max_fails).
FAILURES_TO_DOWN = 2
# Seconds between background probes of a resolver that is down: doubled up to the cap, which is low
# because who learned a long wait in an outage goes on failing after it.
PROBE_FIRST = 1.0
PROBE_CAP = 10.0
# Seconds a resolver is asked without EDNS after it turned out not to understand it.
PLAIN_SECONDS = 300.0

# Gain of the smoothed round-trip time (RFC 6298 section 2). Its variation is left out: one look at a
# resolver that got faster would make it seem erratic instead.
_GAIN = 1 / 8
# After so many seconds without a response the next one weighs as much as all before it.
_STALE_SECONDS = 1.0
_STALE_GAIN = 1 / 2
# Seconds a resolver counts for that failed before it was ever heard of.
_FAILED_RTT = 0.4


class Health:
    """State of one resolver. `up` is whether client queries go to it by choice."""

    __slots__ = (
        "_failed_at",
        "_failures",
        "_pause",
        "_plain_until",
        "heard_at",
        "probe_at",
        "srtt",
        "up",
    )

    def __init__(self) -> None:
        self.up = True
        self.probe_at = 0.0
        self.heard_at = 0.0
        self.srtt = 0.0  # seconds; 0 where nothing was seen yet
        self._failures = 0
        self._failed_at = 0.0
        self._pause = PROBE_FIRST
        self._plain_until = 0.0

    def answered(self, sent_at: float, now: float) -> bool:
        """Note a response to a query sent at `sent_at`; True where the resolver was down."""
        gain = _GAIN if now - self.heard_at < _STALE_SECONDS else _STALE_GAIN
        self.heard_at = now
        self._failures = 0
        if self.up and self.srtt:
            self.srtt += gain * (now - sent_at - self.srtt)
            return False
        self.srtt = now - sent_at  # the first, or what it was before the outage is history
        was_down, self.up = not self.up, True
        return was_down

    def failed(self, sent_at: float, now: float) -> bool:
        """Note that a query sent at `sent_at` came to nothing; True where that makes it down."""
        if sent_at < self._failed_at or sent_at < self.heard_at:
            return False
        self._failed_at = now
        self._failures += 1
        self.srtt = 2 * self.srtt or _FAILED_RTT  # RFC 6298 section 5.5
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
