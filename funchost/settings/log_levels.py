"""Which log lines are shown: the level a category needs, from host.json, --verbose and --user-log-level.

Levels are those of Python's logging. This module formats and prints nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = {
    "trace": 5,
    "debug": 10,
    "information": 20,
    "warning": 30,
    "error": 40,
    "critical": 50,
    "none": 60,
}
LEVEL_NAMES = "Trace, Debug, Information, Warning, Error, Critical or None"

_CONSOLE_CATEGORY = "host.function.console"


def level_named(text: str) -> int | None:
    """The level of a name in any case, or None when there is no such name."""
    return LEVELS.get(text.strip().casefold())


@dataclass(frozen=True, slots=True)
class LogLevels:
    """The lowest level shown, for user lines, for the host's own, and by category.

    Source: Azure Functions host, `logging.logLevel`; user categories are `Function...` and
    the output that functions print.
    """

    user: int = LEVELS["information"]
    system: int = LEVELS["warning"]
    categories: Mapping[str, int] | None = None

    def minimum(self, category: str) -> int:
        """The level a line of this category needs: the longest matching rule, else user or system."""
        matching = [pattern for pattern in self.categories or () if _matches(pattern, category)]
        if matching and self.categories:
            return self.categories[max(matching, key=len)]
        return self.user if is_user_category(category) else self.system

    def lowest_under(self, category: str) -> int:
        """The lowest level that any category starting with this one needs; lower lines need not be made."""
        prefix = category.casefold()
        below = [
            level
            for pattern, level in (self.categories or {}).items()
            if pattern.startswith(prefix) or "*" in pattern
        ]
        return min([self.minimum(category), *below])


def is_user_category(category: str) -> bool:
    """Whether the line comes from the app (or is about one function), not from the host."""
    name = category.casefold()
    return name == "function" or name.startswith("function.") or name == _CONSOLE_CATEGORY


def _matches(pattern: str, category: str) -> bool:
    """A rule's category is a prefix, in any case; one `*` stands for anything between its two ends."""
    name = category.casefold()
    start, star, end = pattern.partition("*")
    return name.startswith(start) and (
        not star or (len(name) >= len(start) + len(end) and name.endswith(end))
    )
