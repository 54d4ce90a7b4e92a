"""List files as they are published, read into rules.

- :mod:`plain`: domains and hosts lines, in one file if need be.
- :mod:`lines`: a file as numbered lines, or why it is no list.
"""
