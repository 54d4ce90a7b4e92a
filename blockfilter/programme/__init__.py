"""What the employer did: who was informed, who was trained, what is done, in figures and no names.

- :mod:`values`: what people write, read once and strictly.
- :mod:`organisation`: the organisation, its offices and their headcounts, with dates.
- :mod:`activity`: informed, trained, events: what is said to have happened.
- :mod:`partition`: which office may have which prefixes, and what takes a second person.
- :mod:`practice`: the self-assessment in seven areas, and its score.
- :mod:`layout`, :mod:`store`: ``programme.db`` and its migrations.
- :mod:`keeper`: every change, checked and stored in one transaction.
- :mod:`known`: which lines of a file are on record already.
- :mod:`table`: activities as CSV, both ways.
- :mod:`reached`, :mod:`facts`: what reports and the counts' frame ask.
- :mod:`notice`: texts for employees, from templates.
- :mod:`plain`: all of it as JSON.

Nothing here knows a hit or a count. What is written is approximate by nature, so every figure keeps
its source, a correction keeps what it corrects, and a sum says whether it counts people or
attendances.
"""
