"""What an administrator may set, and what is found in the system around the server.

The way from text to values, one module a step:

:mod:`.settings`     every setting with its bounds, its default and one line of explanation
:mod:`.values`       addresses, networks, names and zones as they are written and as they are kept
:mod:`.load`         defaults, file, environment and command line, laid over each other
:mod:`.validate`     the only importer of pydantic; every mistake as a sentence with its remedy
:mod:`.consistency`  mistakes that only two settings together can make
:mod:`.show`         the settings in force as TOML, and their JSON schema

:mod:`.resolvers`    the resolvers this machine uses itself
:mod:`.directories`  where state and hits are kept, and whether that is memory
:mod:`.systemd`      inherited sockets, readiness and watchdog

Nothing here is imported by a layer below the daemon: a part is handed the values it needs.
"""
