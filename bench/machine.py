"""What a number was measured on: without that it says little."""

import importlib.metadata
import os
import platform
import sqlite3

import funchost


def facts(*packages: str) -> str:
    """Two lines: the machine and how busy it is, and the versions of Python, SQLite and the packages."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    versions = [
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"funchost {funchost.__version__}",
        *(f"{package} {_version(package)}" for package in packages),
    ]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load average {load}"
    return f"{machine}\n{', '.join(versions)}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
