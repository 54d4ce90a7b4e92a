"""What people write becomes a value once, or a sentence that says how to write it."""

from datetime import date
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.programme import values

READERS = (
    *(values.office_id, values.person, values.people, values.day, values.line, values.words),
    *(values.name, values.time_zone, values.prefix),
)


@pytest.mark.parametrize("text", ["berlin", "b", "new-york-2", "0", "a" * 32])
def test_an_office_id_is_taken_as_it_is(text):
    assert values.office_id(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no id"),
        ("Berlin", "is no id"),
        ("-a", "is no id"),
        ("a-", "is no id"),
        ("a" * 33, "up to 32"),
        ("new york", "is no id"),
        ("büro", "is no id"),
        ("a\n", "is no id"),
        ("all", "is reserved"),
        ("All", "is reserved"),
        ("elsewhere", "is reserved"),
        ("other offices", "is reserved"),
        ("other-offices", "is reserved"),
    ],
)
def test_what_is_no_office_id_or_reserved_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        values.office_id(text)


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), (" 1200 ", 1200), ("0012", 12), ("10000000", 10_000_000)]
)
def test_a_number_of_people_is_read(text, number):
    assert values.people(text) == number


@pytest.mark.parametrize("text", ["0", "10000001", "000", "9" * 5000])
def test_a_number_out_of_bounds_names_the_bounds(text):
    with pytest.raises(ValueError, match="from 1 to 10000000"):
        values.people(text)


@pytest.mark.parametrize("text", ["", "-5", "1.200", "1,200", "1e3", "about 40", "٤٠", "12 00"])
def test_what_is_no_number_of_people_is_refused(text):
    with pytest.raises(ValueError, match="digits only, like 1200"):
        values.people(text)


def test_a_date_is_read():
    assert values.day(" 2026-11-20 ") == date(2026, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20.11.2026",
        "11/20/2026",
        "2026-02-30",
        "20261120",
        "2026-W47-5",
        "2026-1-2",
        "٢٠٢٦-11-20",
    ],
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="like 2026-11-20"):
        values.day(text)


def test_a_year_typed_wrong_is_refused():
    with pytest.raises(ValueError, match="correct the year"):
        values.day("0206-11-20")


@pytest.mark.parametrize("text", ["", "sign-in sheet, counted", 'über "40"', "a" * 500, "a = b"])
def test_a_line_is_taken_as_it_is(text):
    assert values.line(f" {text} ") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("two\nlines", "line end"),
        ("a\x1b[31m", "control character"),
        ("a\x00", "control character"),
        ("a\u2028b", "line end"),
        ("a\udcff", "not UTF-8"),
        ("a" * 501, "longer than 500"),
        ("ask ada@example.org", "never a person"),
        ("=1+1", "begin with a word"),
        ("+49", "begin with a word"),
        ("-x", "begin with a word"),
        ("@here", "begin with a word"),
    ],
)
def test_a_line_that_names_somebody_or_orders_something_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        values.line(text)


def test_words_and_names_say_something():
    for read in (values.words, values.name):
        with pytest.raises(ValueError, match="says nothing"):
            read("  ")
    with pytest.raises(ValueError, match="longer than 100"):
        values.name("a" * 101)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_a_prefix_is_read(text, network):
    assert values.prefix(text) == ip_network(network)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no network"),
        ("10.1.0.0/33", "is no network"),
        ("example.org", "is no network"),
        ("10.1.2.3/16", "write 10.1.0.0/16"),
        ("fe80::%eth0/64", "leave out the %"),
    ],
)
def test_what_is_no_prefix_is_refused_with_the_remedy(text, said):
    with pytest.raises(ValueError, match=said):
        values.prefix(text)


def test_time_zones():
    assert values.time_zone("") == ""
    assert values.time_zone("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Europe/Atlantis", "../etc/passwd", "Europe", "\0"):
        with pytest.raises(ValueError, match="no time zone"):
            values.time_zone(wrong)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("e-mail-notice", "e-mail-notice"),
        ("E-Mail Notice", "e-mail-notice"),
        ("email", "e-mail-notice"),
        ("STAFF_MEETING", "staff-meeting"),
        ("staff", "staff-meeting"),
    ],
)
def test_a_choice_may_be_written_as_people_write(text, found):
    assert values.chosen(text, ("e-mail-notice", "staff-meeting", "web"), "channel") == found


@pytest.mark.parametrize("text", ["", "-", "fax", "s"])
def test_what_is_none_or_several_of_the_choices_is_refused_with_them(text):
    with pytest.raises(ValueError, match="write one of staff-meeting, supervisors"):
        values.chosen(text, ("staff-meeting", "supervisors"), "channel")


def test_a_whole_choice_goes_over_the_beginning_of_another():
    assert values.chosen("no", ("not", "no"), "answer") == "no"


@given(st.text(max_size=80) | st.text("0123456789abcdef:.-/%", max_size=40))
def test_no_text_does_anything_but_be_read_or_raise_a_sentence(text):
    for read in READERS:
        try:
            read(text)
        except ValueError as refused:
            assert str(refused)
            assert str(refused).isprintable()
