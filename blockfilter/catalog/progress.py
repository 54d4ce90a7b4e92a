"""How long work tells how far it is; nobody needs to listen."""

from collections.abc import Callable

Progress = Callable[
    [str, int, int], None
]  # what is being done, how much is done, of how much (0: unknown)


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""
