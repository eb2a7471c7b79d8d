"""Counting outside the host: how often a piece of code really ran, whatever the history says."""

import os
import tempfile
from pathlib import Path


def count(key: str) -> int:
    """Note one more run under `key`, and say how many there are now. Safe across processes."""
    file = os.open(_path(key), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, b".")
        return os.fstat(file).st_size
    finally:
        os.close(file)


def read(key: str) -> int:
    """How many runs there are under `key`."""
    path = _path(key)
    return path.stat().st_size if path.exists() else 0


def _path(key: str) -> Path:
    folder = Path(tempfile.gettempdir()) / "functions-conformance"
    folder.mkdir(exist_ok=True)
    return folder / key
