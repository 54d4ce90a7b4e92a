"""blockfilter with a planted defect: a hit is journaled right after its answer has left."""

from blockfilter.cli import main
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from blockfilter.resolve.resolver import Resolver, Respond

_record, _handle = Recorder.record, Resolver.handle
_late: list[tuple[Recorder, str, Cell]] = []


def _note(self: Recorder, client: str, cell: Cell) -> None:
    _late.append((self, client, cell))


def _answer_first(
    self: Resolver, packet: bytes, client: str, respond: Respond, tcp: bool = False
) -> None:
    _handle(self, packet, client, respond, tcp)
    while _late:
        _record(*_late.pop())


if __name__ == "__main__":
    Recorder.record = _note  # type: ignore[method-assign]
    Resolver.handle = _answer_first  # type: ignore[method-assign]
    main(prog_name="blockfilter")
