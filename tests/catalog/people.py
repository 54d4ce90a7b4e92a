"""People with keys, and somebody among them who writes the journal with a program of their own."""

from blockfilter.catalog import changelog, identity, verify
from blockfilter.catalog.changelog import Writer
from blockfilter.errors import RefusedError
from tests.catalogs import WIDE, made


class Team:
    """A catalogue whose people are enrolled one after another, each by those there are."""

    def __init__(self, place, *names):
        self.place = place
        self.catalogue = made(place / "catalogue", released=False)
        self.path = self.catalogue.path
        self.public: dict[str, str] = {}
        for name in names:
            self.key(name)
            people = self.names() or [name]
            for by in people[:1] if len(people) < 2 else people[:2]:
                self.tries(by, "enrol", name, self.public[name], done=None)
        assert self.names() == list(names)

    def key(self, name, file=""):
        self.public[name] = identity.keygen(self.place / (file or name), None)
        return self.public[name]

    def names(self):
        return [one.name for one in identity.read(self.path).everyone if not one.removed]

    def actor(self, name, file=""):
        return identity.actor(identity.read(self.path), name, self.place / (file or name))

    def keeper(self, name, file=""):
        return self.catalogue.keeper(self.actor(name, file))

    def tries(self, by, what, *how, done, file=""):
        """An act upon keys; whether it is done, None: either."""
        before = self.names(), len(changelog.read(self.path))
        self.catalogue.passes(minutes=1)
        try:
            getattr(self.keeper(by, file), what)(*how, "for the tests")
        except RefusedError as error:
            assert not done, error
            assert "needs a second person" in str(error)
            last = changelog.read(self.path)[-1]
            assert (last.by, last.what, last.facts["what"]) == (by, "ask", what)
        else:
            assert done is not False
        assert len(changelog.read(self.path)) == before[1] + 1
        assert self.findings() == []

    def append(self, line):
        """Write a line past everybody."""
        with (self.path / "journal.jsonl").open("ab") as file:
            file.write(line)

    def findings(self):
        return verify.verify(self.path, WIDE, self.catalogue.now)

    def proposes(self, by, name="a.example", file=""):
        self.catalogue.proposer = self.actor(by, file)
        return self.catalogue.site(name, [name], approved=False)


def forge(lines, actor, **line):
    """A line as a changed program would write it, which asks nobody."""
    writer = Writer([], actor)
    writer._heads = changelog.heads(lines)
    return writer.line(**line)
