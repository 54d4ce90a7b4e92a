"""The tables of ``programme.db``, by named migrations. A migration that was released never changes.

Dates are ISO 8601. A row is never deleted and hardly ever changed: an office is confirmed and
retired, a headcount confirmed; everything else is a new row.
"""

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("programme")
NAMES = ("1-beginning",)  # of them all; one that is not among these is a newer blockfilter's

_BEGINNING = (
    """
    CREATE TABLE organisation (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      name TEXT NOT NULL,
      time_zone TEXT NOT NULL,
      by TEXT NOT NULL,
      at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE offices (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      time_zone TEXT NOT NULL,
      opened TEXT NOT NULL,
      by TEXT NOT NULL,
      at TEXT NOT NULL,
      confirmed_by TEXT NOT NULL DEFAULT '',
      confirmed_at TEXT NOT NULL DEFAULT '',
      retired TEXT,
      retired_by TEXT NOT NULL DEFAULT '',
      retired_at TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    """
    CREATE TABLE prefixes (
      office TEXT NOT NULL REFERENCES offices (id),
      prefix TEXT NOT NULL,
      PRIMARY KEY (office, prefix)
    ) STRICT
    """,
    """
    CREATE TABLE headcounts (
      number INTEGER PRIMARY KEY,
      office TEXT REFERENCES offices (id),
      day TEXT NOT NULL,
      heads INTEGER NOT NULL CHECK (heads > 0),
      by TEXT NOT NULL,
      at TEXT NOT NULL,
      confirmed_by TEXT NOT NULL DEFAULT '',
      confirmed_at TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    """
    CREATE TABLE activities (
      number INTEGER NOT NULL,
      version INTEGER NOT NULL CHECK (version > 0),
      kind TEXT NOT NULL CHECK (kind IN ('informed', 'trained', 'event')),
      channel TEXT NOT NULL,
      people INTEGER NOT NULL CHECK (people > 0),
      first TEXT NOT NULL,
      last TEXT NOT NULL CHECK (last >= first),
      office TEXT REFERENCES offices (id),
      topics TEXT NOT NULL,
      is_distinct INTEGER NOT NULL CHECK (is_distinct IN (0, 1)),
      source TEXT NOT NULL,
      note TEXT NOT NULL,
      retracted INTEGER NOT NULL DEFAULT 0 CHECK (retracted IN (0, 1)),
      reason TEXT NOT NULL DEFAULT '',
      by TEXT NOT NULL,
      at TEXT NOT NULL,
      PRIMARY KEY (number, version)
    ) STRICT
    """,
    """
    CREATE TABLE answers (
      number INTEGER PRIMARY KEY,
      question TEXT NOT NULL,
      answer TEXT NOT NULL CHECK (answer IN ('yes', 'partly', 'no', 'not-applicable')),
      day TEXT NOT NULL,
      evidence TEXT NOT NULL,
      next TEXT NOT NULL,
      by TEXT NOT NULL,
      at TEXT NOT NULL
    ) STRICT
    """,
)


@MIGRATIONS(name=NAMES[0])
def _beginning(database: Database) -> None:
    for statement in _BEGINNING:
        database.execute(statement)
