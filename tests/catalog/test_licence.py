"""Which terms let names be passed on."""

import pytest

from blockfilter.catalog.licence import may_redistribute


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "GPL-3.0",
        "CC0",
        "CC BY-SA 4.0",
        "Unlicense",
        "facts about names; no licence applies",
        "redistribution permitted",
        "",
    ],
)
def test_terms_that_name_no_prohibition_let_names_be_passed_on(licence):
    assert may_redistribute(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "No redistribution",
        "no redistribution without consent",
        "may not be redistributed",
        "do not share",
        "Redistribution is prohibited",
        "proprietary, for subscribers",
        "All rights reserved",
        "for internal use only",
        "free for non-commercial use",
        "CC-BY-NC-4.0",
        "CC BY-NC-SA 4.0",
        "CC BY-ND 4.0",
        "none",
    ],
)
def test_terms_that_forbid_it_do_not(licence):
    assert not may_redistribute(licence)
