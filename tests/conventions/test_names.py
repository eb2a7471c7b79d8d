"""Names that Azure Functions fixes. Source: Azure Functions host, Utility."""

import pytest

from funchost.conventions.names import is_function_name


@pytest.mark.parametrize("name", ["a", "Hello_World-1", "x" * 128])
def test_letters_digits_lines_and_dashes_are_a_function_name(name):
    assert is_function_name(name)


@pytest.mark.parametrize("name", ["", "1x", "_x", "host", "HOST", "x" * 129, "gr\u00fc\u00dfe", "a b", "x\n"])
def test_anything_else_and_the_name_of_the_host_are_not(name):
    assert not is_function_name(name)
