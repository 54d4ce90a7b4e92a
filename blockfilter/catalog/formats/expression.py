"""Regular expressions of other people's lists: taken where RE2 takes them and they mean something."""

from blockfilter.errors import FormatError, PolicyError
from blockfilter.policy.snapshot import compile_patterns

MAX_EXPRESSIONS = 1_000  # of a list; every query is held against every one of them
_NOBODYS = ("", "example.com", "www.example.org")  # what is found in these is found everywhere


def checked(expression: str) -> bytes:
    """The pattern of a rule, to be found in lower-case names; FormatError: the cause."""
    if not expression.isprintable():
        raise FormatError("an expression with a control character")
    if expression != expression.lower():
        expression = f"(?i){expression}"
    try:
        found = compile_patterns([expression])
    except PolicyError as error:
        raise FormatError("an expression that RE2 does not take") from error
    if any(map(found.Match, _NOBODYS)):
        raise FormatError("an expression that is found in any name")
    return expression.encode()
