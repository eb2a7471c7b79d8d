"""The named statements of `statements.sql`, and the schema."""

import re
from collections.abc import Mapping
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def _read(file_name: str) -> str:
    return resources.files("funchost.taskhub").joinpath(file_name).read_text(encoding="utf-8")


def _split(text: str) -> Mapping[str, str]:
    _, *parts = _NAME.split(text)
    return dict(zip(parts[::2], (body.strip() for body in parts[1::2]), strict=True))


SCHEMA = _read("schema.sql")
SQL = _split(_read("statements.sql"))
