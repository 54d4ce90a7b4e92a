"""One exchange with recursive resolvers: a question goes out, an `Outcome` comes back.

No policy, no cache, no client: a question, flags and somebody to tell. In the order of a question:

- :mod:`group`: resolvers that are asked as one; the way in.
- :mod:`choice`: which of them is asked, and which next.
- :mod:`endpoint`, :mod:`health`: one resolver, and what is known of it.
- :mod:`exchange`: the state of one question; what happened goes in, the next move comes out.
- :mod:`matching`: the octets of queries, and what may count as their response.
- :mod:`transport`: makes the moves; bounds, timers, probes.
- :mod:`udp`, :mod:`tcp`: how a query travels.

`choice`, `health`, `exchange` and `matching` have no socket and no clock.
"""

from blockfilter.resolve.upstream.choice import Order
from blockfilter.resolve.upstream.endpoint import Endpoint
from blockfilter.resolve.upstream.exchange import Outcome
from blockfilter.resolve.upstream.group import Upstreams
from blockfilter.resolve.upstream.transport import Transport

__all__ = ["Endpoint", "Order", "Outcome", "Transport", "Upstreams"]
