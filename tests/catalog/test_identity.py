"""Who acts and with which key, held against minisign's own program where it is there."""

import os
import shutil
import stat
import subprocess

import pytest

from blockfilter.catalog import identity
from blockfilter.catalog.identity import Maintainer, Maintainers, Signer
from blockfilter.errors import ListError, RefusedError, StateError

MINISIGN = shutil.which("minisign")
needs_minisign = pytest.mark.skipif(not MINISIGN, reason="minisign is not installed")


@pytest.fixture
def key(tmp_path):
    return tmp_path / "ada.key"


def listed(*maintainers):
    return Maintainers(maintainers)


def signer(path, password=None):
    return Signer("ada", identity.secret_key(path, password))


def minisign(*words, **options):
    """Run the program; what it printed."""
    assert MINISIGN
    done = subprocess.run(
        [MINISIGN, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **options,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_new_key_pair_is_readable_by_its_owner_alone(key):
    public = identity.keygen(key, None)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.with_name("ada.key.pub").read_text().splitlines()[-1] == public
    assert signer(key).public == public
    assert identity.is_secret(key)
    assert not identity.is_secret(key.with_name("ada.key.pub"))
    assert not identity.is_secret(key.with_name("nothing"))


def test_a_new_key_is_for_its_owner_alone_whatever_the_umask(key):
    before = os.umask(0)
    try:
        identity.keygen(key, None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["ada.key", "ada.key.pub"])
def test_no_key_is_ever_overwritten_and_no_half_pair_is_left(tmp_path, key, there):
    (tmp_path / there).write_text("precious\n")
    with pytest.raises(StateError, match="is there already, and a key is never overwritten"):
        identity.keygen(key, None)
    assert (tmp_path / there).read_text() == "precious\n"
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_key_goes_where_one_may_write(tmp_path):
    with pytest.raises(StateError, match="cannot be written"):
        identity.keygen(tmp_path / "nowhere/ada.key", None)


def test_a_key_under_a_password_opens_with_that_one_only(key):
    public = identity.keygen(key, "correct horse")
    assert signer(key, "correct horse").public == public
    with pytest.raises(ListError, match="is under another password"):
        signer(key, "wrong horse")
    for none in (None, ""):
        with pytest.raises(ListError, match="BLOCKFILTER_KEY_PASSWORD"):
            signer(key, none)


@pytest.mark.parametrize(
    "octets", [b"", b"no key\n", b"\xff\x00" * 400, b"untrusted comment: x\nAA"]
)
def test_what_is_no_key_is_said(key, octets):
    key.write_bytes(octets)
    with pytest.raises(ListError, match="is no minisign secret key"):
        signer(key)
    with pytest.raises(ListError, match="No such file"):
        signer(key.with_name("nothing"))


def test_a_signature_is_by_its_key_and_of_its_octets_alone(tmp_path, key):
    public = identity.keygen(key, None)
    other = identity.keygen(tmp_path / "ben.key", None)
    signature = signer(key).sign(b"what is signed", "serial:3")
    assert identity.verify(public, b"what is signed", signature) == "serial:3"
    assert signature.startswith("untrusted comment: signature by ada\n")
    wrong = (
        (other, b"what is signed", signature),
        (public, b"what is Signed", signature),
        (public, b"what is signed", signature.replace("serial:3", "serial:4")),
        (public, b"what is signed", signature.replace("\n", "", 1)),
        (public, b"what is signed", ""),
        ("no key", b"what is signed", signature),
    )
    for each in wrong:
        with pytest.raises(RefusedError, match="not by this key, or not of this"):
            identity.verify(*each)


def test_without_keys_a_name_is_believed_and_signs_nothing(monkeypatch):
    assert identity.actor(Maintainers(), "ada", None) == ("ada", None)
    monkeypatch.setattr(identity, "_login", lambda: "ben")
    assert identity.actor(Maintainers(), None, None) == ("ben", None)
    assert identity.actor(Maintainers(), "", None) == ("ben", None)


def test_the_login_name_is_the_default():
    import pwd

    try:
        login = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        pytest.skip("this user has no name")
    assert identity.actor(Maintainers(), None, None).name == login


@pytest.mark.parametrize("name", ["Ada", "ADA", " ada", "ada ", "a da", "ada\n", "аda", "ada.", "-ada", "ada/b", "a" * 65])  # fmt: skip
def test_one_person_is_no_two_by_another_spelling(name):
    with pytest.raises(RefusedError, match="is no name of a-z"):
        identity.actor(Maintainers(), name, None)


def test_nobody_is_the_system():
    for known in (Maintainers(), listed(Maintainer("ada", "key"))):
        with pytest.raises(RefusedError, match='"system" is not a person'):
            identity.actor(known, "system", None)


def test_with_keys_only_the_key_that_belongs_to_the_name_acts(tmp_path, key):
    public = identity.keygen(key, None)
    other = tmp_path / "ben.key"
    known = listed(Maintainer("ada", public), Maintainer("ben", identity.keygen(other, None)))
    found = identity.actor(known, "ada", key)
    assert found.signer
    assert (found.name, found.signer.public) == ("ada", public)
    with pytest.raises(RefusedError, match="the key is not the one that ada has"):
        identity.actor(known, "ada", other)
    with pytest.raises(RefusedError, match="this catalogue is signed; name your secret key"):
        identity.actor(known, "ada", None)
    with pytest.raises(RefusedError, match="carol is no maintainer of this catalogue"):
        identity.actor(known, "carol", key)


def test_who_was_removed_does_not_act_and_the_catalogue_stays_signed(key):
    public = identity.keygen(key, None)
    known = listed(Maintainer("ada", public, (), "2026-11-23T09:17:05Z"), Maintainer("ben", "x"))
    assert known.signed
    with pytest.raises(RefusedError, match="ada is no maintainer"):
        identity.actor(known, "ada", key)


def test_a_former_key_does_not_act(tmp_path, key):
    old = identity.keygen(key, None)
    new = identity.keygen(tmp_path / "new.key", None)
    known = listed(Maintainer("ada", new, (identity.Former(old, "2026-11-23T09:17:05Z", "lost"),)))
    with pytest.raises(RefusedError, match="the key is not the one"):
        identity.actor(known, "ada", key)


def test_a_key_that_is_given_too_early_is_looked_at_all_the_same(key):
    key.write_text("no key")
    with pytest.raises(ListError, match="is no minisign secret key"):
        identity.actor(Maintainers(), "ada", key)


def written(folder, text):
    (folder / "maintainers.toml").write_text(text)
    return identity.read(folder)


def test_where_no_file_is_nobody_has_a_key(tmp_path):
    assert identity.read(tmp_path) == Maintainers()
    assert not written(tmp_path, "# nobody yet\n").signed


def test_mistakes_in_the_file_are_said(tmp_path):
    one, two = (identity.keygen(tmp_path / name, None) for name in ("one", "two"))
    ada = f'[[maintainer]]\nname = "ada"\nkey = "{one}"\n'
    old = f'[[maintainer.former]]\nkey = "{two}"\nuntil = "2026-11-23T09:17:05Z"\nreason = "x"\n'
    assert written(tmp_path, ada + old).get("ada") == Maintainer(
        "ada", one, (identity.Former(two, "2026-11-23T09:17:05Z", "x"),)
    )
    wrong = {
        "maintainer = 1": r"something else than \[\[maintainer\]\] blocks",
        "[[person]]": "something else",
        "=": "is not TOML in UTF-8",
        '[[maintainer]]\nname = "ada"': "is no minisign public key",
        '[[maintainer]]\nname = "Ada"\nkey = "x"': "its name is not of a-z",
        f'[[maintainer]]\nname = "system"\nkey = "{one}"': "its name is not of a-z",
        ada + "admin = true": "has other keys than",
        ada + 'former = [{ key = "x" }]': "a former key has",
        ada + ada: "ada stands there twice",
        ada + ada.replace("ada", "ben"): "two people have the same key",
        ada + old + ada.replace("ada", "ben").replace(one, two): "two people have the same key",
    }
    for text, sentence in wrong.items():
        with pytest.raises(ListError, match=sentence):
            written(tmp_path, text)


@needs_minisign
@pytest.mark.parametrize("legacy", [False, True])
def test_what_minisign_signs_is_verified(tmp_path, legacy):
    assert minisign("-G", "-W", "-p", tmp_path / "p", "-s", tmp_path / "s")[0] == 0
    file = tmp_path / "file"
    file.write_bytes(b"what is signed\n")
    words = ("-S", *(["-l"] if legacy else []), "-s", tmp_path / "s", "-m", file, "-t", "serial:3")
    assert minisign(*words)[0] == 0
    public = (tmp_path / "p").read_text().splitlines()[-1]
    signature = (tmp_path / "file.minisig").read_text()
    assert identity.verify(public, file.read_bytes(), signature) == "serial:3"
    with pytest.raises(RefusedError):
        identity.verify(public, file.read_bytes() + b"!", signature)


@needs_minisign
def test_what_we_sign_minisign_verifies(tmp_path, key):
    public = identity.keygen(key, None)
    file = tmp_path / "file"
    file.write_bytes(b"what is signed\n")
    (tmp_path / "file.minisig").write_text(signer(key).sign(file.read_bytes(), "serial:3"))
    code, said = minisign("-V", "-P", public, "-m", file)
    assert (code, "Trusted comment: serial:3" in said) == (0, True)
    assert minisign("-V", "-p", key.with_name("ada.key.pub"), "-m", file)[0] == 0
    file.write_bytes(b"what is Signed\n")
    assert minisign("-V", "-P", public, "-m", file)[0] != 0


@needs_minisign
@pytest.mark.parametrize("password", [None, "correct horse"])
def test_minisign_signs_with_our_key(tmp_path, key, password):
    public = identity.keygen(key, password)
    file = tmp_path / "file"
    file.write_bytes(b"what is signed\n")
    words = ("-S", "-s", key, "-m", file, "-t", "by the program")
    code, said = minisign(*words, input=f"{password}\n" if password else "")
    assert code == 0, said
    signature = (tmp_path / "file.minisig").read_text()
    assert identity.verify(public, file.read_bytes(), signature) == "by the program"


@needs_minisign
def test_we_sign_with_a_key_of_minisigns(tmp_path):
    assert minisign("-G", "-W", "-p", tmp_path / "p", "-s", tmp_path / "s")[0] == 0
    public = (tmp_path / "p").read_text().splitlines()[-1]
    found = identity.actor(listed(Maintainer("ada", public)), "ada", tmp_path / "s")
    assert found.signer
    assert identity.verify(public, b"x", found.signer.sign(b"x", "here")) == "here"
