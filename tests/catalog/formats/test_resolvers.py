"""Lists in the languages of other resolvers: dnsmasq, unbound, response policy zones; wildcards."""

import pytest

from blockfilter.errors import ListError
from blockfilter.policy.rule import Trigger
from tests.catalog.formats.reads import Read


@pytest.fixture
def read(tmp_path):
    def read(format_, text, trigger=None):
        return Read(tmp_path / "list.txt", text, format_, trigger)

    return read


@pytest.mark.parametrize(
    ("format_", "line", "expected"),
    [
        ("dnsmasq", "local=/a.example/", ["subtree a.example"]),
        ("dnsmasq", "server=/a.example/", ["subtree a.example"]),
        ("dnsmasq", "address=/a.example/", ["subtree a.example"]),
        ("dnsmasq", "address=/a.example/#", ["subtree a.example"]),
        ("dnsmasq", "address=/A.Example/0.0.0.0", ["subtree a.example"]),
        ("dnsmasq", " address = /a.example/:: # why", ["subtree a.example"]),
        ("dnsmasq", "--local=/a.example/b.example/", ["subtree a.example", "subtree b.example"]),
        ("dnsmasq", "server=/a.example/#", ["passthru subtree a.example"]),
        ("dnsmasq", "local=/.a.example/", ["subtree a.example"]),
        ("dnsmasq", "local=/bücher.example/", ["subtree xn--bcher-kva.example"]),
        (
            "dnsmasq",
            "local=/a.example/\nserver=/*.a.example/#",
            ["passthru subtree a.example", "exact a.example"],
        ),
        ("dnsmasq", "local=/*.a.example/", ["subtree a.example", "passthru exact a.example"]),
        (
            "unbound",
            'local-zone: "a.example." transparent\nlocal-data: "a.example. 60 SOA a. b. 1 2 3 4 5"',
            ["passthru subtree a.example", "exact a.example"],
        ),
        ("unbound", 'local-zone: "a.example" always_nxdomain', ["subtree a.example"]),
        ("unbound", "local-zone: 'A.Example.' static", ["subtree a.example"]),
        ("unbound", "  local-zone: a.example. REFUSE # why", ["subtree a.example"]),
        ("unbound", 'local-zone: "a.example" always_transparent', ["passthru subtree a.example"]),
        ("unbound", 'local-data: "a.example A 0.0.0.0"', ["exact a.example"]),
        ("unbound", 'local-data: "a.example. 60 IN AAAA ::"', ["exact a.example"]),
        (
            "unbound",
            'local-zone: "a.example" redirect\nlocal-data: "a.example A 192.0.2.1"',
            ["subtree a.example"],
        ),
        ("wildcard", "*.a.example", ["subtree a.example"]),
        ("wildcard", "a.example", ["subtree a.example"]),
        ("wildcard", "  *.A.Example. # why", ["subtree a.example"]),
    ],
)
def test_a_line_becomes_rules(read, format_, line, expected):
    found = read(format_, f"# a comment\n\n{line}\n")
    assert (found.rules, found.refused.count) == (expected, 0)


@pytest.mark.parametrize(
    ("format_", "line", "cause"),
    [
        ("dnsmasq", "cache-size=150", "another setting"),
        ("dnsmasq", "server=192.0.2.53", "no name in particular"),
        ("dnsmasq", "address=/#/0.0.0.0", "everything"),
        ("dnsmasq", "local=//", "everything"),
        ("dnsmasq", "address=/a.example/192.0.2.7", "an answer of its own"),
        ("dnsmasq", "server=/a.example/192.0.2.53", "forwarded"),
        ("dnsmasq", "local=/com/", "a single label"),
        ("dnsmasq", "local=/..a.example/", "a label"),
        ("dnsmasq", "local=/co.uk/", "a public suffix"),
        ("dnsmasq", "local=/a.*.example/", "a wildcard"),
        ("unbound", "interface: 192.0.2.1", "another setting"),
        ("unbound", 'local-zone: "a.example"', "without a name and a type"),
        ("unbound", 'local-zone: "a.example" nodefault', "neither blocks nor opens"),
        ("unbound", 'local-zone: "." static', "everything"),
        ("unbound", 'local-data: "a.example A 192.0.2.7"', "an answer of its own"),
        ("unbound", 'local-data: "a.example TXT x"', "an answer of its own"),
        ("unbound", 'include: "other.conf"', "import the file it names"),
        ("unbound", 'local-zone: "uk" static', "a single label"),
        ("wildcard", "a.*.example", "a wildcard"),
        ("wildcard", "*.com", "a single label"),
        ("wildcard", "*.co.uk", "a public suffix"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_cause(read, format_, line, cause):
    good = {"dnsmasq": "local=/b.example/", "unbound": 'local-zone: "b.example" deny'}
    found = read(format_, f"{line}\n{good.get(format_, 'b.example')}\n")
    assert found.rules == ["subtree b.example"]
    ((number, told),) = found.refused.first
    assert (number, cause in told) == (1, True), told


HEAD = (
    "$TTL 60\n@ IN SOA localhost. root.localhost. ( 1 2 3\n  4 5 ) ; a comment\n  NS localhost.\n"
)
ASKED = ("example.com", "a.example.com", "b.a.example.com", "other.com")


@pytest.mark.parametrize(
    ("records", "blocked"),
    [
        ("example.com CNAME .", ["example.com"]),
        ("*.example.com CNAME .", list(ASKED[1:3])),
        ("example.com CNAME .\n*.example.com CNAME .", list(ASKED[:3])),
        ("EXAMPLE.com 300 IN CNAME *.", ["example.com"]),
        ("example.com CNAME rpz-drop.", ["example.com"]),
        ("example.com A 192.0.2.1", ["example.com"]),
        ("example.com CNAME garden.example.net.", ["example.com"]),
        ("example.com\tA 192.0.2.1\n\tAAAA 2001:db8::1", ["example.com"]),
        ("*.example.com CNAME .\na.example.com CNAME rpz-passthru.", ["b.a.example.com"]),
        (
            "*.example.com CNAME .\n*.a.example.com CNAME rpz-passthru.\nexample.com CNAME .",
            list(ASKED[:2]),
        ),
        ("*.example.com CNAME .\na.example.com CNAME a.example.com.", ["b.a.example.com"]),
        ("*.com CNAME rpz-passthru.\n*.a.example.com CNAME .", ["b.a.example.com"]),
    ],
)
def test_a_policy_zone_tells_a_name_from_what_is_below(read, records, blocked):
    for zone in ("", "$ORIGIN rpz.example.net.\n"):
        assert read("rpz", f"{zone}{HEAD}{records}\n").blocked(*ASKED) == blocked


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ("com CNAME .\n*.com CNAME .", "a single label"),
        ("*.co.uk CNAME .", "a public suffix"),
        ("* CNAME .", "everything"),
        ("a.example CNAME rpz-tcp-only.", "blocks nothing"),
        ("32.1.2.0.192.rpz-ip CNAME .", "an address or a name server"),
        ("ns.example.rpz-nsdname CNAME .", "an address or a name server"),
        ("24.0.2.0.192.rpz-client-ip CNAME .", "an address or a name server"),
        ("$INCLUDE other.zone", "directive"),
        ("sub NS ns.example.", "a delegation"),
        ("a.example", "no record"),
        ("a.example CNAME", "no record"),
        ("outside.example.net. CNAME .", "outside of the zone"),
    ],
)
def test_a_record_that_is_no_rule_is_refused_with_its_cause(read, record, cause):
    zone = f"$ORIGIN rpz.example.org.\n{HEAD}{record}\nlast.example.com CNAME .\n"
    found = read("rpz", zone)
    assert found.rules[-1] == "exact last.example.com"
    assert cause in found.refused.first[0][1]
    assert found.refused.first[0][0] in (6, 7)


def test_parentheses_nobody_closes_do_not_swallow_the_file(read):
    found = read("rpz", HEAD + "a.example CNAME (\n" + "b.example.com CNAME .\n" * 2000)
    assert found.rules == ["exact b.example.com"]
    assert found.refused.first == [(5, "parentheses that are not closed")]


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("dnsmasq", "local=/a.example/\n"),
        ("unbound", 'local-zone: "a.example" deny\n'),
        ("rpz", HEAD + "*.a.example CNAME .\n"),
        ("wildcard", "*.a.example\n"),
        ("hosts", "0.0.0.0 a.example\n"),
        ("domains", "a.example\n"),
        ("csv", "domain,why\na.example,x\n"),
    ],
)
def test_names_mean_what_the_person_says_they_mean(read, format_, text):
    assert read(format_, text, Trigger.EXACT).rules == ["exact a.example"]
    assert read(format_, text, Trigger.SUBTREE).rules == ["subtree a.example"]


@pytest.mark.parametrize("format_", ["dnsmasq", "unbound", "rpz", "adblock", "csv", "wildcard"])
def test_a_web_page_is_refused_whole_in_every_format(read, format_):
    with pytest.raises(ListError, match="is a web page"):
        read(format_, "<!DOCTYPE html>\n<title>moved</title>\n")


@pytest.mark.parametrize("format_", ["dnsmasq", "unbound", "rpz", "adblock", "csv", "rules"])
def test_a_file_without_a_rule_is_refused_whole(read, format_):
    with pytest.raises(ListError):
        read(format_, "domain,x\nnonsense!\n")
