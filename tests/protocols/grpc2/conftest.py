"""These tests run the real SDK 2.x, which is not installed everywhere."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("durabletask") else ["test_*.py"]
