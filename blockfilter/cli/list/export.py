"""`blockfilter list export`: the release in force, written for other resolvers."""

from pathlib import Path

import click

from blockfilter.cli.list import shared

_FORMATS = ("hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz", "csv", "rules")
