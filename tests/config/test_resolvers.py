"""Whom this machine asks, read from files as they are found on real ones."""

import pytest

from blockfilter.config.resolvers import nameservers, system_resolvers
from blockfilter.config.values import Endpoint, listener
from blockfilter.errors import ConfigError

OWN = [listener("127.0.0.1:53")]


@pytest.fixture
def conf(tmp_path):
    def to_file(name: str, text: str):
        file = tmp_path / name
        file.write_text(text)
        return file

    return to_file


def test_a_plain_resolv_conf_is_taken_in_its_order(conf):
    file = conf(
        "resolv.conf",
        "# nameserver 203.0.113.1\n; nameserver 203.0.113.2\nsearch corp.example\n"
        "nameserver 192.0.2.2\nnameserver\t2001:db8::1 # second\nnameserver fe80::1%lo\n"
        "nameserver 192.0.2.2\nnameserver\nnameserver nonsense\noptions edns0\n",
    )
    assert system_resolvers(OWN, resolv_conf=file) == (
        Endpoint("192.0.2.2", 53),
        Endpoint("2001:db8::1", 53),
        Endpoint("fe80::1%lo", 53),
    )


def test_behind_systemd_resolved_its_own_servers_are_read(conf):
    stub = conf("stub.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n")
    real = conf("real.conf", "nameserver 192.0.2.7\n")
    found = system_resolvers(OWN, resolv_conf=stub, resolved_conf=real)
    assert found == (Endpoint("192.0.2.7", 53),)


def test_resolveds_servers_are_not_read_when_nobody_asks_resolved(conf):
    plain = conf("plain.conf", "nameserver 192.0.2.1\n")
    real = conf("real.conf", "nameserver 192.0.2.7\n")
    found = system_resolvers(OWN, resolv_conf=plain, resolved_conf=real)
    assert found == (Endpoint("192.0.2.1", 53),)


def test_an_own_listener_is_left_out(conf):
    file = conf("resolv.conf", "nameserver 127.0.0.1\nnameserver 192.0.2.1\n")
    assert system_resolvers(OWN, resolv_conf=file) == (Endpoint("192.0.2.1", 53),)
    other_port = [listener("127.0.0.1:5335")]
    assert system_resolvers(other_port, resolv_conf=file)[0] == Endpoint("127.0.0.1", 53)
    wildcard = [listener("0.0.0.0:53")]
    assert system_resolvers(wildcard, resolv_conf=file) == (Endpoint("192.0.2.1", 53),)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "names no resolver;"), ("nameserver 127.0.0.1\n", "names no resolver but this server")],
)
def test_without_a_usable_resolver_the_remedy_is_named(conf, text, said):
    file = conf("resolv.conf", text)
    with pytest.raises(ConfigError) as refused:
        system_resolvers(OWN, resolv_conf=file)
    (problem,) = refused.value.problems
    assert said in problem
    assert str(file) in problem
    assert "--upstream" in problem


def test_a_stub_without_its_servers_is_no_resolver(conf, tmp_path):
    stub = conf("stub.conf", "nameserver 127.0.0.53\n")
    with pytest.raises(ConfigError, match="real"):
        system_resolvers(OWN, resolv_conf=stub, resolved_conf=tmp_path / "real")


def test_a_file_that_is_missing_or_binary_names_nobody(tmp_path):
    assert nameservers(tmp_path / "missing") == []
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    assert nameservers(tmp_path / "binary") == []
