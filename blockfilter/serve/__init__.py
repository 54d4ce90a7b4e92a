"""Sockets: octets and client addresses in, octets out.

- :mod:`sockets`: listening sockets, our own and systemd's, and the address a reply leaves from.
- :mod:`admission`: who may ask, and how fast.
- :mod:`udp`: datagrams, in bursts.
- :mod:`keepalive`: the idle time, told to TCP clients that ask.
- :mod:`tcp`: length-framed streams (RFC 7766).
"""
