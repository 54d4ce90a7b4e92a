"""Lists as they are published, text to rules and back.

- :mod:`reading`: the way in: a file and what it is written in become rules.
- :mod:`detecting`: what a file is written in.
- :mod:`lines`: a file as numbered lines, or why it is no list.
- :mod:`listing`: what every reader is given, and what it refuses.
- :mod:`naming`: a name as lists write it.
- :mod:`plain`: hosts, domains and wildcard lines, in one file if need be.
- :mod:`adblock`, with :mod:`adline` (one line) and :mod:`cover` (what exceptions leave of it).
- :mod:`dnsmasq`, :mod:`unbound`: lines of these servers' configuration.
- :mod:`rpz`, with :mod:`zonefile` (its records) and :mod:`nodes` (its names): a policy zone.
- :mod:`columns`: CSV, as a list or as dossiers.
- :mod:`rules`: the catalogue's own text, which every list is kept in.
"""

from blockfilter.catalog.formats.detecting import detect

__all__ = ["FORMATS", "detect"]

FORMATS = ("hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz", "csv", "rules")
