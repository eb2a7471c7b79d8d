"""The table of compatibility names everything there is to name, and only tests that exist.

Whether a row is true is for the tests that it names; none of them is repeated here.
"""

import re
from pathlib import Path

import pytest
from azure.durable_functions import (
    DurableEntityContext,
    DurableOrchestrationClient,
    DurableOrchestrationContext,
)

from funchost import cli
from funchost.settings.table import DURABLE_TASK, TABLE

_PROJECT = Path(__file__).parents[2]
_TEXT = (_PROJECT / "docs" / "compatibility.md").read_text()


def is_named(word: str) -> bool:
    return re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", _TEXT) is not None


@pytest.mark.parametrize(
    "sdk_class", [DurableOrchestrationClient, DurableOrchestrationContext, DurableEntityContext]
)
def test_every_public_member_of_the_sdk_is_named(sdk_class):
    members = [name for name in vars(sdk_class) if not name.startswith("_")]

    assert [name for name in members if not is_named(name)] == []


def test_every_option_of_start_is_named():
    options = [option for parameter in cli.start.params for option in parameter.opts]

    assert [option for option in options if not is_named(option)] == []


def test_every_key_that_only_azure_obeys_is_named():
    keys = [row.key.removeprefix(f"{DURABLE_TASK}.") for row in TABLE if row.unnoticed_as is not None]

    assert keys
    assert [key for key in keys if not is_named(key)] == []


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/[\w/.]+)`", _TEXT)

    assert named
    assert [path for path in named if not (_PROJECT / path).exists()] == []


def test_every_module_on_the_way_through_the_house_exists():
    named = re.findall(r"`([\w/]+\.(?:py|sql))`", (_PROJECT / "CONTRIBUTING.md").read_text())

    assert named
    assert [name for name in named if not [*_PROJECT.glob(name), *_PROJECT.glob(f"funchost/**/{name}")]] == []


def test_every_row_of_a_marked_table_has_a_mark():
    tables = re.findall(r"^\| [^|\n]+ \|  ?\| .*\|\n\| --- .*\n((?:\|.*\n)+)", _TEXT, flags=re.MULTILINE)
    marks = [row.split(" | ")[1] for table in tables for row in table.splitlines()]

    assert len(tables) > 15
    assert set(marks) == {"yes", "differs", "no"}


@pytest.mark.parametrize("page", sorted(_PROJECT.glob("*.md")) + sorted(_PROJECT.glob("docs/**/*.md")))
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []
