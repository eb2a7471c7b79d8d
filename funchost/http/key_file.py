"""The file with an app's access keys: made once, readable by its owner only, shared by all host instances.

Every change is made under a lock and put in place as a whole, so no reader ever sees half of one. The
file may be edited by hand; a running host notices. What a key opens is decided in `access`.
"""

import fcntl
import json
import logging
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funchost.durable.refusals import Unreadable
from funchost.durable.text import parse_json
from funchost.http.access import DEFAULT_KEY, DURABLE_KEY, MCP_KEY, Keys

FILE_NAME = "keys.json"

_OTHERS = 0o077
_RANDOM_BYTES = 40
_log = logging.getLogger("Host.Http")


class KeyFileError(Exception):
    """The keys cannot be kept or read; the text names the file and what to do."""


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Where keys stand in the file: `functionKeys` (of the host), `systemKeys`, or `functions` and the name
    of one in lower case."""

    scope: str
    function: str = ""

    def within(self, document: dict[str, Any]) -> dict[str, str]:
        """The group's keys inside the document, to read or to change."""
        group: dict[str, Any] = document.setdefault(self.scope, {})
        return group.setdefault(self.function, {}) if self.function else group


class KeyFile:
    """The keys in one folder.

    Attributes:
        path: the file.
    """

    def __init__(self, folder: Path) -> None:
        """Use the folder's key file, made with fresh keys when there is none.

        Raises KeyFileError when that is not possible.
        """
        self.path = folder / FILE_NAME
        self._seen: tuple[int, ...] = ()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._change(lambda document: None)
            if self.path.stat().st_mode & _OTHERS:
                self.path.chmod(0o600)
            self._seen = self._signature()
        except OSError as error:
            raise KeyFileError(f"The keys cannot be kept in '{self.path}': {error.strerror}.") from error
        self._keys = _keys(self._read())

    def current(self) -> Keys:
        """The keys as they are now; those last read while the file is missing or broken."""
        try:
            signature = self._signature()
            if signature != self._seen:
                self._seen = signature
                self._keys = _keys(self._read())
        except (OSError, KeyFileError) as error:
            _log.error("The keys that were read before stay in force. %s", error)
        return self._keys

    def read(self, group: KeyGroup) -> dict[str, str]:
        """The keys of a group by name. A function gets a default key when it has none yet."""
        keys = dict(group.within(self._read()))
        if group.function and not keys:
            keys = {DEFAULT_KEY: self.put(group, DEFAULT_KEY)}
        return keys

    def put(self, group: KeyGroup, name: str, value: str | None = None) -> str:
        """Set a key, to a fresh value when none is given; returns the value."""
        chosen = value or _fresh_key()
        self._change(lambda document: group.within(document).update({name: chosen}))
        return chosen

    def delete(self, group: KeyGroup, name: str) -> bool:
        """Remove a key; False when there was none of this name."""
        if name not in group.within(self._read()):
            return False
        self._change(lambda document: group.within(document).pop(name, None))
        return True

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Read, change, put in place; keys that an app always has are added when they are missing."""
        with self._locked():
            before = self.path.read_bytes() if self.path.exists() else b""
            document = _parsed(self.path, before) if before else {}
            document.setdefault("masterKey", _fresh_key())
            document.setdefault("functionKeys", {}).setdefault(DEFAULT_KEY, _fresh_key())
            for name in (DURABLE_KEY, MCP_KEY):
                document.setdefault("systemKeys", {}).setdefault(name, _fresh_key())
            document.setdefault("functions", {})
            change(document)
            after = json.dumps(document, indent=2).encode() + b"\n"
            if after != before:
                self._replace(after)

    def _replace(self, content: bytes) -> None:
        # mkstemp makes files that only their owner can read.
        descriptor, name = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Any]:
        return _parsed(self.path, self.path.read_bytes())

    def _signature(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_mtime_ns, status.st_ino, status.st_size


def _keys(document: dict[str, Any]) -> Keys:
    functions = {name.casefold(): keys for name, keys in document["functions"].items()}
    return Keys(document["masterKey"], document["functionKeys"], document["systemKeys"], functions)


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    """The document in the file. Raises KeyFileError unless it has the shape that `_change` writes."""
    try:
        document = parse_json(content)
    except Unreadable as error:
        raise _broken(path, str(error)) from error
    groups = ("functionKeys", "systemKeys", "functions")
    if not isinstance(document, dict) or not isinstance(document.get("masterKey", ""), str):
        raise _broken(path, "masterKey must be a text.")
    if not all(isinstance(document.get(group, {}), dict) for group in groups):
        raise _broken(path, f"{', '.join(groups)} must be objects.")
    host_keys, system_keys, functions = (document.get(group, {}) for group in groups)
    for keys in (host_keys, system_keys, *functions.values()):
        if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
            raise _broken(path, "Each key must be a text under its name.")
    return document


def _broken(path: Path, detail: str) -> KeyFileError:
    return KeyFileError(
        f"The file of keys '{path}' cannot be used: {detail} Mend it, or delete it to get fresh keys."
    )


def _fresh_key() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)
