"""CSV as a list: one column of names; and what a file is taken for."""

import pytest

from blockfilter.catalog.formats import FORMATS, detect
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.errors import ListError
from tests.catalog.formats.reads import Read


@pytest.fixture
def read(tmp_path):
    return lambda text: Read(tmp_path / "list.csv", text, "csv")


@pytest.mark.parametrize(
    "text",
    [
        "Domain,Malware\na.example,x\n",
        "﻿id;FQDN\r\n1;a.example\r\n",
        'why,name\n"a, with\na line end",A.Example.\n',
        "# a comment\ndomain\twhy\na.example\tx\n",
        "domain,why\na.example\n",
        "host,why\n\n,\na.example,\n",
    ],
)
def test_the_column_of_names_is_found(read, text):
    assert read(text).rules == ["subtree a.example"]


def test_wrong_rows_are_told_by_line(read):
    found = read("domain,why\ncom,x\n,y\na.example,x\nb.example,x,too much\n")
    assert found.rules == ["subtree a.example"]
    assert [line for line, _ in found.refused.first] == [2, 3, 5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site,why\na.example,x\n", "no column of names"),
        ('domain,why\na.example,"x\n', "is no CSV"),
        ("domain,why\n", "names nothing"),
    ],
)
def test_what_is_no_table_of_names_is_refused_whole(read, text, told):
    with pytest.raises(ListError, match=told):
        read(text)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("hosts", "# all of it\n127.0.0.1 localhost\n0.0.0.0 a.example\n"),
        ("domains", "# names\na.example\nb.example\n"),
        ("wildcard", "*.a.example\n*.b.example\n"),
        ("adblock", "[Adblock Plus]\n! Title\n||a.example^\n"),
        ("adblock", "a.example\n@@||b.example^\n"),
        ("adblock", "a.example##.banner\n"),
        ("dnsmasq", "# names\nlocal=/a.example/\nserver=/b.example/#\n"),
        ("unbound", 'server:\nlocal-zone: "a.example" deny\n'),
        ("rpz", "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n  NS a.\na.example CNAME .\n"),
        ("rpz", "; head\nrpz.example. 60 IN SOA a. b. 1 2 3 4 5\na.example.rpz.example. IN CNAME .\n"),
        ("csv", "Domain,Why\na.example,x\n"),
        ("csv", "site;category;names\nA;escort-ads;a.example\n"),
        ("rules", rules_format.HEADER.decode() + "subtree\ta.example\n"),
        ("domains", "what is this\n"),
        ("domains", "# only a comment\n"),
    ],
)  # fmt: skip
def test_a_file_is_told_by_its_looks(tmp_path, format_, text):
    path = tmp_path / "list"
    path.write_text(text)
    assert detect(path) == format_
    assert format_ in FORMATS
