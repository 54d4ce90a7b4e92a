"""A hit from the moment it happens to the end of its day. It names nobody, and then it is gone.

- :mod:`hit`: what is recorded: primitives only.
- :mod:`day`: which local day and hour an instant belongs to, and when a day is closed.
- :mod:`epoch`: how many keys a day had.
- :mod:`pseudonym`: the day's key and the token made with it.
- :mod:`journal`: a completed write before the answer leaves.
- :mod:`outbox`: token, line and write, and what waits while nothing can be written.
- :mod:`store`: the day's file, a set of rows without an order of arrival.
- :mod:`erase`: overwrite, then unlink.
- :mod:`trouble`: what is wrong at present, said once.
- :mod:`recorder`: the way through them.

A query that met a rule calls :meth:`recorder.Recorder.record`. The first time a device meets a
category in an hour, its token is made and one line is written to a journal in the runtime
directory; every other time costs a look into a set. A scheduled job moves journals into
``hits-YYYY-MM-DD.db``. The key is destroyed at local midnight, the file three hours later.

Everything lies in one directory that belongs to one server:

===============================  ===========================================================
``day.key``                      32 octets; the day it belongs to is its modification time
``hits-<day>-<random>.journal``  lines in order of arrival, for the seconds until they are moved
``hits-<day>.db``                SQLite, table ``hits``
``hits.lock``                    held by the server the directory belongs to
===============================  ===========================================================

How many keys a day had is kept in ``epochs.json`` in the state directory: a key lost within its day
gives the same device a second token for the rest of it, and after a second loss the day's hits are
not recorded any more. A clock set back to an earlier day records nothing: a day that is over is
never opened again. A loss of power loses what was not yet on the medium, by design; a killed
process loses nothing that was answered.
"""
