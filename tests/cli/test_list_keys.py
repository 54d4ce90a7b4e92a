"""Keys at the command line: `list keygen`, `list maintainer`, `--as`, `--key` and the environment."""

import json
import os
from pathlib import Path

import pytest

from blockfilter.catalog import identity
from tests.cli.keeping import REASON, SITE, UNSIGNED

PASSWORD = {"BLOCKFILTER_KEY_PASSWORD": "correct horse"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Key files of people, made once."""
    place = tmp_path_factory.mktemp("keys")
    for who in ("ada", "ben", "eve"):
        identity.keygen(place / f"{who}.key", None)
    return place


@pytest.fixture
def signed(desk, keys):
    """A catalogue of which ada and ben are the maintainers, as the README tells it."""
    for path in keys.iterdir():
        Path(path.name).write_bytes(path.read_bytes())
    desk("maintainer", "add", "ada", "--public", "ada.key.pub", who="ada")
    desk("maintainer", "add", "ben", "--public", "ben.key.pub", who="ada")
    return desk


def test_a_key_pair_is_made_once_and_is_readable_by_its_owner_alone(desk):
    ended = desk("keygen", "--key", "ada.key")
    public = Path("ada.key.pub").read_text().splitlines()[-1]
    assert ended.stdout.splitlines() == [
        "secret key: ada.key (keep it to yourself)",
        f"public key: {public}",
        f"next: blockfilter list maintainer add NAME --public {public} --catalog DIR",
    ]
    assert Path("ada.key").stat().st_mode & 0o777 == 0o600
    secret = Path("ada.key").read_bytes()
    assert "is there already, and a key is never overwritten" in desk.refusal(
        "keygen", "--key", "ada.key", code=1
    )
    assert Path("ada.key").read_bytes() == secret
    assert "Missing option '--key'" in desk.refusal("keygen", code=2)
    told = desk.refusal("keygen", "--key", "none/ada.key", code=1)
    assert "cannot be written (No such file or directory)" in told


def test_a_key_pair_in_json(desk):
    facts = json.loads(desk("keygen", "--key", "ada.key", "--json").stdout)
    assert list(facts) == ["secret", "public"]
    assert facts["secret"] == "ada.key"
    assert facts["public"] == Path("ada.key.pub").read_text().splitlines()[-1]


def test_the_first_key_makes_a_catalogue_a_signed_one(signed):
    facts = signed.facts("maintainer", "list")
    assert list(facts) == ["maintainers", "unsigned"]
    assert facts["unsigned"] is False
    assert [list(one) for one in facts["maintainers"]] == [
        ["name", "key", "removed", "former"],
    ] * 2
    assert [one["name"] for one in facts["maintainers"]] == ["ada", "ben"]
    lines = signed("maintainer", "list").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["ada", "ben"]
    assert signed("maintainer", "list", "--catalog", "own").stderr == ""


def test_it_says_what_follows_from_the_first_key(desk, keys):
    public = (keys / "ada.key.pub").read_text().splitlines()[-1]
    desk.proposed()
    assert desk("maintainer", "list").stdout == f"no maintainer has a key\n{UNSIGNED}\n"
    Path("ada.key").write_bytes((keys / "ada.key").read_bytes())
    lines = desk("maintainer", "add", "ada", "--public", public, who="ada").stdout.splitlines()
    assert lines == [
        "ada was added by ada",
        "from now on every change is signed: --as ada --key FILE",
    ]


def test_two_maintainers_take_an_entry_into_force(signed):
    facts = signed.facts("propose", "ads.example", *SITE, who="ada")
    assert facts["unsigned"] is False
    told = signed.refusal("approve", "example-ads", *REASON, who="ada", code=3)
    assert "second person" in told
    assert UNSIGNED not in signed("approve", "example-ads", *REASON, who="ben").stdout
    signed("release", who="ben")
    assert (signed.catalog / "releases/1.json.minisig").is_file()
    assert signed("verify").stdout.startswith("verified: 6 journal lines; chain, signatures, ")
    assert all(line["signed"] for line in signed.facts("log")["lines"][1:])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--as", "ada"), 3, "name your secret key with --key FILE or BLOCKFILTER_KEY"),
        (("--as", "ada", "--key", "ben.key"), 3, "the key is not the one that ada has"),
        (("--as", "eve", "--key", "eve.key"), 3, "eve is no maintainer of this catalogue"),
        (("--as", "ada", "--key", "none.key"), 1, "none.key: No such file or directory"),
        (("--as", "ada", "--key", "ada.key.pub"), 1, "is no minisign secret key"),
        (("--key", "ada.key"), 3, "is no maintainer of this catalogue"),
    ],
)
def test_only_a_maintainer_with_their_key_acts(signed, words, code, told):
    assert told in signed.refusal("propose", "ads.example", *SITE, *words, code=code)
    assert len(signed.facts("log")["lines"]) == 2


def test_who_acts_may_stand_in_the_environment(signed):
    env = {"BLOCKFILTER_MAINTAINER": "ada", "BLOCKFILTER_KEY": "ada.key"}
    assert signed.facts("propose", "ads.example", *SITE, env=env)["by"] == "ada"


def test_without_a_name_the_login_name_acts(desk):
    facts = desk.facts("propose", "ads.example", *SITE)
    assert facts["by"] == identity.actor(identity.Maintainers(), None, None).name


def test_a_key_under_a_password_needs_it(signed):
    signed("keygen", "--key", "cyd.key", "--password", env=PASSWORD)
    add = ("maintainer", "add", "cyd", "--public", "cyd.key.pub")
    assert "needs a second person" in signed.refusal(*add, who="ada", code=3)
    signed(*add, who="ben")
    command = ("propose", "ads.example", *SITE)
    told = signed.refusal(*command, who="cyd", code=1)
    assert told == "cyd.key: is under a password; give it in BLOCKFILTER_KEY_PASSWORD"
    wrong = {"BLOCKFILTER_KEY_PASSWORD": "wrong"}
    assert "another password" in signed.refusal(*command, who="cyd", code=1, env=wrong)
    assert signed.facts(*command, who="cyd", env=PASSWORD)["by"] == "cyd"


def test_a_password_is_asked_for_at_a_terminal_only(desk):
    told = desk.refusal("keygen", "--key", "ada.key", "--password", code=2, stdin="a\na\n")
    assert told == "--password: no terminal to ask at; give it in BLOCKFILTER_KEY_PASSWORD."
    assert not os.path.exists("ada.key")


def test_a_secret_key_is_never_taken_for_a_public_one(signed):
    told = signed.refusal("maintainer", "add", "eve", "--public", "eve.key", who="ada", code=1)
    assert told == "eve.key: is a secret key, which nobody else may see; name eve.key.pub"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "eve", "--public", "foo"), 1, "--public: is no minisign public key"),
        (("add", "eve", "--public", "empty"), 1, "empty: is no minisign public key"),
        (("add", "A B", "--public", "eve.key.pub"), 3, '"A B" is no name of a-z'),
        (("add", "ada", "--public", "eve.key.pub"), 3, "ada is a maintainer already"),
        (("add", "eve"), 2, "Missing option '--public'"),
        (("rotate", "ada", "--public", "eve.key.pub"), 2, "Missing option '--reason'"),
        (("rotate", "eve", "--public", "eve.key.pub", *REASON), 3, "eve is no maintainer"),
        (("remove", "eve", *REASON), 3, "eve is no maintainer"),
        (("remove", "ben"), 2, "Missing option '--reason'"),
    ],
)
def test_a_wrong_change_of_maintainers_is_told(signed, words, code, told):
    Path("empty").touch()
    assert told in signed.refusal("maintainer", *words, who="ada", code=code)


def test_a_key_is_renewed_with_the_old_one(signed):
    facts = signed.facts(
        *("maintainer", "rotate", "ada", "--public", "eve.key.pub", "--reason", "yearly"),
        who="ada",
    )
    assert facts == {"maintainer": "ada", "by": "ada", "unsigned": False}
    told = signed.refusal("propose", "ads.example", *SITE, who="ada", code=3)
    assert "the key is not the one that ada has" in told
    signed("propose", "ads.example", *SITE, "--as", "ada", "--key", "eve.key")
    former = signed.facts("maintainer", "list")["maintainers"][0]["former"]
    assert [list(one) for one in former] == [["key", "until", "reason"]]
    signed("verify")


def test_who_is_removed_acts_no_more(signed):
    remove = ("maintainer", "remove", "ben", "--reason", "left")
    assert "needs a second person" in signed.refusal(*remove, who="ada", code=3)
    assert signed(*remove, who="ben").stdout == "ben was removed by ben\n"
    assert "ben is no maintainer" in signed.refusal("propose", "x", *SITE, who="ben", code=3)
    assert "  removed 20" in signed("maintainer", "list").stdout
