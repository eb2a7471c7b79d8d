"""Which cookies leave the worker. Source: Azure Functions Python worker, datumdef."""

from http.cookies import SimpleCookie

import pytest

from funchost.worker.child.loaded_function import cookie_texts


def texts(*values):
    return cookie_texts([SimpleCookie(value) for value in values])


def test_each_cookie_has_a_text_of_its_own():
    assert texts("a=1; Path=/", "b=2; Secure; HttpOnly") == ["a=1; Path=/", "b=2; HttpOnly; Secure"]


def test_a_date_of_http_is_kept():
    text = "a=1; expires=Wed, 21 Oct 2026 07:28:00 GMT"

    assert texts(text) == [text]


def test_another_date_is_an_error():
    with pytest.raises(ValueError, match=r"^time data 'Wed, 21-Oct-2026 07:28:00 GMT' does not match format"):
        texts("a=1; expires=Wed, 21-Oct-2026 07:28:00 GMT")


def test_an_age_that_is_no_number_is_an_error():
    with pytest.raises(TypeError, match=r"^Cannot parse value old of 'cookie.maxAge' to float\.$"):
        texts("a=1; Max-Age=old")


@pytest.mark.parametrize("kept", ["Lax", "Strict", "None"])
def test_a_same_site_rule_is_kept(kept):
    assert texts(f"a=1; SameSite={kept}") == [f"a=1; SameSite={kept}"]


def test_an_unknown_same_site_rule_is_left_out():
    assert texts("a=1; SameSite=Odd") == ["a=1"]
