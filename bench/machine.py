"""What a number was measured on: the machine, and the SDK generations that can be had here."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.host_process import PROJECT

_SECOND_GENERATION = PROJECT / ".venv-2x" / "bin" / "python"
_VERSIONS = """
import json, platform, sqlite3
from importlib.metadata import version
own = version("funchost"), version("azure-functions-durable")
print(json.dumps([platform.python_version(), sqlite3.sqlite_version, *own]))
"""


@dataclass(frozen=True, slots=True)
class Generation:
    """An SDK generation: the interpreter that has it, and the versions of what the host runs with."""

    interpreter: str
    python: str
    sqlite: str
    funchost: str
    sdk: str

    @property
    def name(self) -> str:
        """Its name in tables."""
        return f"SDK {self.sdk}"


def generations() -> list[Generation]:
    """The one that this program runs with, and 2.x when `make setup-2x` has been run."""
    interpreters = [sys.executable]
    if _SECOND_GENERATION.exists() and Path(sys.prefix) != _SECOND_GENERATION.parent.parent:
        interpreters.append(str(_SECOND_GENERATION))
    return [Generation(each, *_versions(each)) for each in interpreters]


def facts(measured: Sequence[Generation]) -> str:
    """The machine and how busy it is, and the versions of each generation."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    lines = [f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load average {load}"]
    for each in measured:
        lines.append(f"{each.name}: Python {each.python}, SQLite {each.sqlite}, funchost {each.funchost}")
    return "\n".join(lines)


def left_out(measured: Sequence[Generation]) -> str:
    """What is to be said when only one generation is measured; empty when both are."""
    if len(measured) > 1:
        return ""
    advice = "For both, run `make setup` and, with a Python of 3.13 or newer, `make setup-2x`."
    return f"ONLY {measured[0].name} IS MEASURED. {advice}\n"


def _versions(interpreter: str) -> list[str]:
    done = subprocess.run([interpreter, "-c", _VERSIONS], stdout=subprocess.PIPE, check=True)
    versions: list[str] = json.loads(done.stdout)
    return versions
