"""A whole organisation's year through the real pipeline, so that there is a report to look at.

- :mod:`visits`: who asks for which name, when, from a seed; :mod:`replay`: the same from a file.
- :mod:`employer`: what the simulated employer is and did, in a real programme.db.
- :mod:`pipeline`: real policy, recorder, store and day close, under a clock of its own.
- :mod:`truth`: the true figures, which only a simulation can have.
- :mod:`folders`: where it works, and how what is made comes whole or not at all.

The seed fixes the visits and never the noise: that comes from the operating system, as always. What
is made is a state directory that every other command reads, and every page made from it says
"simulated".
"""
