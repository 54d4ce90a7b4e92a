"""One question on its way through a group of resolvers: what was tried, and what to do next. Pure.

An event (a response, an error, time running out) goes in, a `Move` comes out, and the transport
makes it. The laws: at most `MAX_PACKETS` queries leave for one question, over whatever transport;
a try that stays silent is followed by one to the next resolver, with doubled patience, while the
silent one may still answer and win; a resolver that says it failed gets one second opinion; and all
ends within the budget.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple, Protocol

from blockfilter.message.response import EDE_NETWORK_ERROR, EDE_NO_REACHABLE_AUTHORITY
from blockfilter.resolve.upstream.choice import Choice
from blockfilter.resolve.upstream.matching import FAILED, FORGED, NO_EDNS, TRUNCATED, Verdict, rank
from blockfilter.resolve.upstream.resolver import Endpoint, Upstream
