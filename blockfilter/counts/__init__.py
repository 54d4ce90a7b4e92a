"""Anonymous numbers: what devices did becomes noise that is nearly right, once, for good.

- :mod:`contribution`: one event a device and day; the bound the noise is made for.
- :mod:`noise`: an exact sampler of it; :mod:`law`: the intervals it is published with.
- :mod:`calendar`: weeks, parts, quarters; :mod:`frame`: what is frozen for a quarter.
- :mod:`tables`: the closed list of what is published, for whom, in which cells.
- :mod:`accumulators`: the cells of open periods, each of which began as noise.
- :mod:`ledger`: what was opened, published, lost, and what it cost; :mod:`audit`: its chain.
- :mod:`coverage`: how much of the traffic was looked at.
- :mod:`close`: the way through them, once a day: the only part that reads hits; :mod:`publish`:
  what is over; :mod:`repair`: after a crash, or with a file from a backup.
- :mod:`reader`: the only door for whoever shows a number; :mod:`verify`: whether it is as written.
- :mod:`database`: how both files are opened.

``accumulators.db`` is opened by the day close alone and never backed up; ``counts.db`` holds no
secret, is kept for years, and may be read by every role.
"""
