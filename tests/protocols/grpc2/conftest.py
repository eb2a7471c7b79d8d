"""Orchestrations and entities of the real SDK 2.x, which only a newer Python has."""

from tests.generations import HAS_SDK_2

collect_ignore_glob = [] if HAS_SDK_2 else ["test_*.py"]
