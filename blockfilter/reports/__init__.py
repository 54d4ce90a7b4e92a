"""Views of counts and programme: tables, pictures, pages. Nothing here draws a number or changes one.

The way of a quarterly page, which `making` goes:

- :mod:`asked`: which period, told by the ledger and not by a clock.
- :mod:`attempts`: the published figures of the period, sums and what is missing.
- :mod:`efforts`: what the employer did, out of the programme.
- :mod:`trainings`: each training, by :mod:`windows` (which weeks), :mod:`beforeafter` (Welch and
  Fieller) and :mod:`student` (their t).
- :mod:`figures`: all of it as one frozen value, a `Report`.
- :mod:`sentences`, :mod:`words`: what it says in English.
- ``*_shown``: its exhibits (:mod:`exhibit`), with pictures by :mod:`charts` out of :mod:`svg`.
- :mod:`page`: HTML and Markdown; :mod:`table`: JSON and CSV; :mod:`files`: onto the disk, whole.

Beside it: :mod:`single`, one table as `report show` prints it, and the promise to employees:
:mod:`promise` (its facts), :mod:`chapters` with :mod:`remaining` and :mod:`lowered`, :mod:`promised`
(its layout).

Figures come through `counts.reader` alone; hits cannot be reached from here.
"""
