"""What the tests of the measures share: the mark of those that take their time."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "timing: runs real work for some seconds and compares how long it takes"
    )
