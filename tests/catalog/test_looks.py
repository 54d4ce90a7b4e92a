"""What is remembered of looks: written whole, read whatever is there, and never in anybody's way."""

import json
import subprocess

import pytest

from blockfilter.catalog import folder, looks, store
from blockfilter.catalog.life import Past, Seen, Sign
from blockfilter.errors import StateError

AT, LATER = "2026-11-23T09:17:05Z", "2026-12-14T09:17:05Z"
PASTS = {
    "a.example": Past(
        LATER,
        ("ns1.example", r"odd\032name.example"),
        {
            Sign.SERVERS: Seen("ns2.example ns3.example", AT, LATER, 3, LATER),
            Sign.GONE: Seen("", LATER, LATER, 1),
        },
    ),
    "b.example": Past(AT),
}


@pytest.fixture
def place(tmp_path):
    looks.begin(tmp_path, {"ads"})
    looks.write(tmp_path, "ads", PASTS)
    return tmp_path


def test_what_is_written_is_read(place):
    assert looks.read(place, "ads") == PASTS
    assert looks.read(place, "other") == {}
    looks.write(place, "ads", {})
    assert looks.read(place, "ads") == {}


@pytest.mark.parametrize(
    "octets",
    [
        *(b"", b"{", b"\xff", b"[]", b"1", b"null", b'"x"', b'{"a.example": 1}', b'{"a": null}'),
        *(b'{"a.example": {}}', b"[" * 100_000, b"\0" * 100),
    ],
)
def test_a_file_that_is_damaged_costs_a_new_look_only(place, octets):
    (place / "looks/ads.json").write_bytes(octets)
    assert looks.read(place, "ads") == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("looked", 1),
            ("looked", "yesterday"),
            ("looked", "2026-11-23T09:17:05"),
            ("looked", ""),
        ),
        *(("servers", "ns.example"), ("servers", [1]), ("servers", ["a\nb"]), ("servers", None)),
        *(("seen", []), ("seen", {"other": {}}), ("seen", {"gone": []}), ("seen", {"gone": {}})),
    ],
)
def test_a_value_that_nobody_wrote_is_damage_too(place, key, value):
    path = place / "looks/ads.json"
    written = json.loads(path.read_bytes())
    written["a.example"][key] = value
    path.write_text(json.dumps(written))
    assert looks.read(place, "ads") == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("how", 1), ("first", ""), ("last", "x"), ("looks", "3"), ("looks", True), ("ripe", 1)),
        *(("ripe", "soon"), ("more", 1)),
    ],
)
def test_a_sign_that_nobody_wrote_is_damage_too(place, key, value):
    path = place / "looks/ads.json"
    written = json.loads(path.read_bytes())
    written["a.example"]["seen"]["gone"][key] = value
    path.write_text(json.dumps(written))
    assert looks.read(place, "ads") == {}


def test_other_dossiers_are_forgotten_and_other_files_are_not(place):
    looks.write(place, "gone", PASTS)
    (place / "looks/README").touch()
    looks.begin(place, {"ads", "new"})
    assert {one.name for one in (place / "looks").iterdir()} == {"ads.json", "README"}


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "looks").touch()
    with pytest.raises(StateError, match="looks: cannot be written .*check its owner"):
        looks.begin(tmp_path, set())
    with pytest.raises(StateError, match="looks: cannot be written"):
        looks.write(tmp_path, "ads", PASTS)


def test_git_ignores_what_is_state(tmp_path):
    made = folder.create(tmp_path / "own", store.initial_files())
    for name in ("looks/ads.json", "sources/list.json"):
        (made / name).parent.mkdir()
        (made / name).touch()
    ignored = (made / ".gitignore").read_text().splitlines()
    assert {"/looks/", "/sources/"} <= set(ignored)
    subprocess.run(["git", "init", "-q"], cwd=made.path, check=True)
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=made.path, check=True, capture_output=True
    ).stdout.decode()
    assert "taxonomy.toml" in seen
    assert "looks/" not in seen
    assert "sources/" not in seen
