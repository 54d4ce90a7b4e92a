"""DNS messages as values: octets in, octets out, no socket, no clock.

- :mod:`name`: the canonical form of a domain name, its trie key and its printable form.
- :mod:`question`: header, question and EDNS of a query, read in place and strictly.
- :mod:`answer`: an upstream's message taken apart: sections, TTLs, alias targets.
- :mod:`response`: one constructor per answer this server gives.
- :mod:`codec`: dnslib, for the messages that are not on the query path.
"""
