"""Which answer a name deserves. No I/O, no clock: a snapshot is handed a buffer.

- :mod:`rule`: what a list says about names.
- :mod:`snapshot`: all rules of all lists and the public suffixes as one immutable file.
- :mod:`softening`: the same that blocks less, at once.
- :mod:`census`: how many names each category has.
- :mod:`decide`: precedence, and why.

=====  ==============  =================================================================
rank   what matches    outcome
=====  ==============  =================================================================
1      protected       passes, whatever any list says
2      local allow     passes, whatever any blocking list says
3      exact           blocked
4      subtree         blocked; among several the longest is the one named
5      site-name       blocked
6      pattern         blocked
=====  ==============  =================================================================

Each blocking list first reaches one verdict of its own: its most specific rule wins, and an
exception wins over a block that is not more specific than itself. An exception says nothing about
other lists. Rules in monitor mode are judged apart and never change an answer.
"""
