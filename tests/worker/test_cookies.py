"""Which cookies leave the worker. Source: Azure Functions Python worker, datumdef."""

import sys
from http.cookies import SimpleCookie

import pytest

from funchost.worker.child.cookies import cookie_texts


def texts(*values):
    return cookie_texts([SimpleCookie(value) for value in values])


def test_each_cookie_has_a_text_of_its_own():
    assert texts("a=1; Path=/", "b=2; Secure; HttpOnly") == ["a=1; Path=/", "b=2; HttpOnly; Secure"]


def test_a_date_of_http_is_kept():
    text = "a=1; expires=Wed, 21 Oct 2026 07:28:00 GMT"

    assert texts(text) == [text]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the worker for Python 3.13 and later refuses them")
@pytest.mark.parametrize(
    "date",
    [
        *("Wed, 21-Oct-2026 07:28:00 GMT", "Wed, 21-Oct-26 07:28:00 GMT", "21 October 2026 07:28:00 UTC"),
        *("2026-10-21T07:28:00Z", "2026-10-21 09:28:00+02:00"),
    ],
)
def test_other_forms_of_dates_become_dates_of_http_below_3_13(date):
    cookie = SimpleCookie("a=1")
    cookie["a"]["expires"] = date

    assert cookie_texts([cookie]) == ["a=1; expires=Wed, 21 Oct 2026 07:28:00 GMT"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the worker below Python 3.13 takes them")
def test_another_form_of_date_is_an_error_from_3_13_on():
    with pytest.raises(ValueError, match=r"^time data 'Wed, 21-Oct-2026 07:28:00 GMT' does not match format"):
        texts("a=1; expires=Wed, 21-Oct-2026 07:28:00 GMT")


@pytest.mark.parametrize("text", ["tomorrow", "0"])
def test_what_is_no_date_is_an_error(text):
    with pytest.raises(ValueError, match=text):
        texts(f"a=1; expires={text}")


def test_an_age_that_is_no_number_is_an_error():
    with pytest.raises(TypeError, match=r"^Cannot parse value old of 'cookie.maxAge' to float\.$"):
        texts("a=1; Max-Age=old")


@pytest.mark.parametrize("kept", ["Lax", "Strict", "None"])
def test_a_same_site_rule_is_kept(kept):
    assert texts(f"a=1; SameSite={kept}") == [f"a=1; SameSite={kept}"]


def test_an_unknown_same_site_rule_is_left_out():
    assert texts("a=1; SameSite=Odd") == ["a=1"]
