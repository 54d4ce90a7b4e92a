"""From a packet to the octets that answer it, out of policy, cache or upstream.

- :mod:`resolver`: the request path, top to bottom.
- :mod:`routes`: which upstreams a name goes to, and the names answered here.
- :mod:`cache`: upstreams' answers until their TTL, failures for moments.
- :mod:`repeats`: whole responses by the octets of the query, for questions asked again.
- :mod:`denials`: blocks told before, for the client they were told to and no other.
- :mod:`tally`: how many queries were served, never how many were blocked.
- :mod:`inflight`: clients that wait for the same exchange.
- :mod:`bounded`: the bounded table under the two stores.
- :mod:`poller`: the readiness of clients' and upstreams' datagram sockets.
- :mod:`upstream`: one exchange with one resolver; health and failover.
"""
