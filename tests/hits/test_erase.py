"""A file is overwritten before its name goes."""

import pytest

from blockfilter.hits.erase import erase


@pytest.mark.parametrize("size", [0, 1, 65536, 200_001])
def test_whoever_still_has_the_file_open_reads_zeros(tmp_path, size):
    path = tmp_path / "secret"
    path.write_bytes(b"x" * size)
    with path.open("rb") as reader:
        erase(path)
        assert reader.read() == bytes(size)
    assert not path.exists()


def test_a_missing_file_is_no_error(tmp_path):
    erase(tmp_path / "nothing")


def test_a_symbolic_link_goes_and_what_it_points_to_stays(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("kept")
    link.symlink_to(target)
    erase(link)
    assert not link.is_symlink()
    assert target.read_text() == "kept"
