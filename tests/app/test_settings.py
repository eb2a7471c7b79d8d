"""The app settings."""

import socket

import pytest

from shared import exceptions, settings


def test_without_any_setting_the_defaults_hold():
    assert settings.read({}) == settings.Settings(
        max_tasks=10_000, max_seconds=240.0, batch_size=100, host_instance=socket.gethostname()
    )


def test_every_setting_is_read():
    environment = {
        "FANOUT_MAX_TASKS": "50",
        "FANOUT_MAX_SECONDS": "2.5",
        "FANOUT_BATCH_SIZE": "8",
        "WEBSITE_INSTANCE_ID": "instance-1",
    }
    assert settings.read(environment) == settings.Settings(50, 2.5, 8, "instance-1")


def test_an_empty_value_is_no_value():
    names = ["FANOUT_MAX_TASKS", "FANOUT_MAX_SECONDS", "FANOUT_BATCH_SIZE", "WEBSITE_INSTANCE_ID"]
    assert settings.read(dict.fromkeys(names, "")) == settings.read({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FANOUT_MAX_TASKS", "many"),
        ("FANOUT_MAX_TASKS", "-1"),
        ("FANOUT_MAX_SECONDS", "nan"),
        ("FANOUT_MAX_SECONDS", "86401"),
        ("FANOUT_BATCH_SIZE", "1"),
        ("FANOUT_BATCH_SIZE", "1001"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(name, value):
    with pytest.raises(exceptions.InvalidValue, match=f"^{name}: '{value}' .*Give .* for example {name}="):
        settings.read({name: value})
