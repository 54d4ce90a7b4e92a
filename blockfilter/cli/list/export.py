"""`blockfilter list export`: the release in force, written for other resolvers."""

_FORMATS = ("hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz", "csv", "rules")
