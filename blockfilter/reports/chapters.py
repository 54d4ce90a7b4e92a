"""The chapters of the promise: one thing said in each, from the facts. What the design does not
protect from at all is as much a part of it as what it does.
"""

from collections.abc import Iterator

from blockfilter.reports import words
from blockfilter.reports.lowered import lowered
from blockfilter.reports.promise import KEPT_HOURS, Chapter, Facts, Help
from blockfilter.reports.remaining import published


def chapters(facts: Facts) -> Iterator[Chapter]:
    """The promise, in its order."""
    yield _in_short(facts)
    yield _blocked(facts)
    if facts.counting:
        yield _kept(facts)
        yield published(facts)
        yield _protected(facts)
        yield _unprotected(facts)
        yield _lowered(facts)
    yield _never()
    yield _help(facts.help)


def _in_short(facts: Facts) -> Chapter:
    if not facts.counting:
        return Chapter(
            "In short",
            (
                (
                    "Websites that advertise commercial sex are refused on this network. Nothing is "
                    "recorded of it, and nothing is counted."
                ),
            ),
        )
    return Chapter(
        "In short",
        (
            (
                "Websites that advertise commercial sex are refused on this network. "
                f"For up to {KEPT_HOURS} hours, in memory, a random code stands for “some device was "
                "blocked”; then it is destroyed. Afterwards only totals remain that are blurred by "
                "chance. From then on nobody can look a person up, neither a manager nor the "
                "administrator nor a court, because there is nothing left to look in."
            ),
        ),
    )


def _blocked(facts: Facts) -> Chapter:
    found = facts.blocked
    names = sum(one.entries for one in found.categories)
    said = [
        (
            f"{words.counted(names, 'entry', 'entries')} of sites that advertise commercial sex "
            f"({words.listed(found.releases) or 'no list'}). Such a name is answered as {facts.answer}; "
            "everything else is forwarded unchanged."
        ),
        (
            "Help lines, victim services, health and legal advice are protected names, which no list "
            "can ever refuse."
        ),
    ]
    if facts.watched:
        said.append(
            f"{words.counted(facts.watched, 'list is', 'lists are')} only watched: the names on it "
            "are answered as usual, and “would have been refused” is counted in a table of its own."
        )
    rows = tuple(
        (words.category(one.id), one.title.rstrip("."), words.number(one.entries))
        for one in found.categories
    )
    return Chapter("What is blocked", tuple(said), (), ("Category", "What it is", "Entries"), rows)


def _kept(facts: Facts) -> Chapter:
    where = "in memory" if facts.in_memory is not False else "on a disk (see below)"
    rows = (
        (
            "The day’s key, 32 random bytes",
            f"runtime directory, {where}",
            "until midnight, then destroyed",
            "the server",
        ),
        (
            (
                "For each device that was blocked: day, hour, office, category of the site, refused or "
                "only watched, and a code made with the day’s key"
            ),
            f"runtime directory, {where}",
            f"until 3 hours after the day’s end, at most {KEPT_HOURS} hours",
            "the server",
        ),
        (
            "Sums of the open periods, each of which began as chance and not as 0",
            "state directory, never backed up",
            "until the period is published",
            "the day’s close",
        ),
        (
            "Published figures, and the chained record of what was published",
            "state directory, backed up",
            "for years",
            "everyone with a role, to read",
        ),
    )
    return Chapter(
        "What is kept, and how long",
        ("Never an address, a name, a web address, an entry of the list or a minute.",),
        (),
        ("What", "Where", "How long", "Who"),
        rows,
    )


def _protected(facts: Facts) -> Chapter:
    return Chapter(
        "What this protects",
        (
            (
                "Whether one network address was blocked on one day: whoever sees every figure there "
                "will ever be, and knows everything else about everybody else, guesses right at best "
                f"{facts.best_guess} times in 100 from an even start. Tossing a coin is right 50 times."
            ),
            (
                "Tokens of two days cannot be linked, because each day has a key of its own. Whoever "
                "takes the disk finds totals and no list."
            ),
        ),
    )


def _unprotected(facts: Facts) -> Chapter:
    return Chapter(
        "What it does not protect",
        (),
        (
            "Whoever controls the server today can watch today, as with every network.",
            (
                "The guess is about one day. Several days of one device add up: five days in one week "
                "are already not protected."
            ),
            (
                "Whoever steals one copy of the sums of the open periods and sees all figures later, "
                f"too, guesses right at best {facts.thiefs_guess} times in 100."
            ),
            (
                "In a restart the day’s key may be lost. A device may then count twice on that day, "
                "and the guess above takes it in; after a second loss the rest of the day is not counted."
            ),
            (
                "Whoever copies the server’s whole state twice learns the totals of the days between "
                "the two copies: totals, still not whose they are."
            ),
            (
                "Other systems of the organisation, such as firewalls, proxies and the software on its "
                "computers, may keep records of their own. This page does not speak for them."
            ),
        ),
    )


def _lowered(facts: Facts) -> Chapter:
    found = tuple(lowered(facts))
    said = (
        "At present, or on record for as long as figures are:"
        if found
        else "Nothing does at present."
    )
    rule = (
        "More offices, a larger headcount or anything else that would let more be told take two "
        "people, hold from the next quarter on and never change what is published already."
    )
    return Chapter("What lowers protection here", (rule, said), found)


def _never() -> Chapter:
    return Chapter(
        "What there is not",
        (),
        (
            (
                "No setting stores addresses, names or web addresses; there is no level of logging that "
                "shows them."
            ),
            "No live counter, no search, no drill-down, no figure on request.",
            "Nobody’s answer depends on whether somebody asked before.",
        ),
    )


def _help(line: Help) -> Chapter:
    text = f", send a text message to {line.text}" if line.text else ""
    return Chapter(
        "If you or somebody you know needs help",
        (f"{line.name}: call {line.phone}{text} or see {line.web}. You need not give your name.",),
    )
