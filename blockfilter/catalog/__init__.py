"""Lists, and their way into a policy snapshot.

- :mod:`site`: a dossier: one business, its names and what attests them.
- :mod:`store`: the folder of the curated list, read into dossiers and rules.
- :mod:`listable`: which names a list may hold.
- :mod:`formats`: an administrator's own list file, read into rules.
- :mod:`suffixes`: the public suffix list.
- :mod:`snapshots`: the snapshot that fits the inputs of today, compiled where it is not there yet.
- :mod:`compiler`: the child process that compiles it.

`snapshots` decides by digests alone whether anything is to be done, so a start with unchanged lists
reads no list. What is to be done is done in a child process, which takes its heap with it.
"""
