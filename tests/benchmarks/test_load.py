"""The client's side: what dnsperf says is read, and the crowd has as many addresses as promised."""

import socket
import threading

import dns.message
import dns.rdatatype

from tests.benchmarks.load import Crowd, Outcome, packet, read_outcome
from tests.benchmarks.workload import HOT, QUICK, Sizes, listed, workloads

STATISTICS = """
Statistics:

  Queries sent:         20000
  Queries completed:    19998 (99.99%)
  Queries lost:         2 (0.01%)

  Response codes:       NOERROR 1 (0.01%), NXDOMAIN 19997 (99.99%)
"""


def test_dnsperfs_statistics_are_read():
    outcome = read_outcome(STATISTICS)
    assert (outcome.sent, outcome.answered, outcome.lost) == (20_000, 19_998, 2)
    assert outcome.rcodes == {"NOERROR": 1, "NXDOMAIN": 19_997}


def test_outcomes_add_up():
    outcome = Outcome(3, 2, {"NOERROR": 2})
    outcome.add(Outcome(2, 2, {"NOERROR": 1, "NXDOMAIN": 1}))
    assert outcome == Outcome(5, 4, {"NOERROR": 3, "NXDOMAIN": 1})


def test_the_crowds_query_is_one():
    question = dns.message.from_wire(packet("host1.open.example")).question[0]
    assert (question.name.to_text(), question.rdtype) == ("host1.open.example.", dns.rdatatype.A)


def test_each_client_of_the_crowd_has_an_address_of_its_own():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        seen: list[str] = []

        def echo() -> None:
            for _ in range(300):
                query, client = server.recvfrom(512)
                seen.append(client[0])
                server.sendto(query[:2] + b"\x81\x83" + query[4:], client)

        echoing = threading.Thread(target=echo)
        echoing.start()
        with Crowd(server.getsockname()[1], ["a.example", "b.example"], 50, 300) as crowd:
            pass
        echoing.join()
    assert len(set(seen)) == 300
    assert seen[0] == "127.16.0.51"
    assert crowd.outcome == Outcome(300, 300, {"NXDOMAIN": 300})


def test_the_names_are_the_same_each_time_and_cold_ones_never_come_back():
    sizes = Sizes(listed=20_000, cold=1_000, missing=100, repeat=2)
    names = listed(sizes.listed)
    assert names == listed(sizes.listed)
    assert len(set(names)) == sizes.listed
    runs = [{one.title: one for one in workloads(names, sizes, run)} for run in range(5)]
    cold = [name for run in runs for name in run["cold blocked"].names]
    assert len(set(cold)) == len(cold) == 5_000
    assert not set(cold) & set(names[:HOT])
    missing = [name for run in runs for name in run["cache miss"].names]
    assert len(set(missing)) == len(missing)


def test_the_list_is_long_enough_for_every_run_to_be_cold():
    for sizes in (Sizes(), QUICK):
        assert HOT + sizes.runs * sizes.cold <= sizes.listed
