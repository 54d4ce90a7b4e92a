"""The packets of this folder, with the verdict each deserves; README.md says how they are kept."""

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Packet(NamedTuple):
    """A query, the defect it is named for and what a server must say to it."""

    verdict: str
    defect: str
    octets: bytes


def _read(path: Path) -> Packet:
    lines = (line.partition("#")[0] for line in path.read_text().splitlines())
    return Packet(path.parent.name, path.stem, bytes.fromhex("".join(lines)))


CORPUS = [_read(path) for path in sorted(HERE.glob("*/*.hex"))]
