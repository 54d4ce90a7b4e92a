"""blockfilter with a planted defect: a token is a plain hash of the address."""

from datetime import date
from hashlib import sha256

from blockfilter.hits.pseudonym import TOKEN_SIZE, DayKey


def _hashed(self: DayKey, client: str, day: date) -> bytes | None:
    return sha256(client.encode()).digest()[:TOKEN_SIZE] if self.ready(day) else None


DayKey.token = _hashed  # type: ignore[method-assign]
