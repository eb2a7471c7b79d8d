"""The table as a whole; single settings are in the tests of their files."""

from __future__ import annotations

from dataclasses import fields

import pytest

from funchost.settings import HubSettings, RequestLimits, Settings, SettingsError, Watch
from funchost.settings.table import TABLE
from tests.settings.conftest import Load


def _filled(part: str) -> set[str]:
    rows = (row.field.rpartition(".") for row in TABLE)
    return {field for each, _, field in rows if each == part} - {""}


def test_every_field_of_the_task_hub_and_of_the_limits_has_a_row() -> None:
    assert _filled("hub") == {field.name for field in fields(HubSettings)}
    assert _filled("request_limits") == {field.name for field in fields(RequestLimits)}
    assert _filled("watch") == {field.name for field in fields(Watch)}


def test_every_row_fills_a_field_that_there_is() -> None:
    names = {field.name for field in fields(Settings)}
    assert {row.field.partition(".")[0] for row in TABLE} - {""} <= names


def test_every_row_stands_somewhere() -> None:
    assert all(row.flag or row.setting or row.local or row.key for row in TABLE)


def test_no_place_has_two_rows() -> None:
    places = [
        place for row in TABLE for place in (row.flag, row.setting, row.local, row.key.casefold()) if place
    ]
    assert len(places) == len(set(places))


def test_a_wrong_list_of_the_file_is_refused_even_when_a_flag_takes_its_place(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"^host\.json: functions is 1\. functions must be a list"):
        load_app(host={"functions": 1}, functions=("a",))
