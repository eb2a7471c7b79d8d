"""Versions: whether a worker may run an orchestration instance of some version.

Source: DurableTask.Core, VersioningSettings and TaskOrchestrationVersioningUtils.
"""

import enum
import re

MISMATCH_TEXT = "Orchestration version did not comply with Worker Versioning"

# System.Version: two to four whole numbers of 31 bits.
_NUMERIC = re.compile(r"\s*\d+\s*(?:\.\s*\d+\s*){1,3}")
_LARGEST_PART = 2**31 - 1


class MatchStrategy(enum.StrEnum):
    """Which versions of an instance a worker takes. Source: host.json versionMatchStrategy."""

    NONE = "None"
    STRICT = "Strict"
    CURRENT_OR_OLDER = "CurrentOrOlder"


def complies(worker_version: str, instance_version: str, strategy: MatchStrategy) -> bool:
    """Whether a worker of this version may run an instance of that version."""
    match strategy:
        case MatchStrategy.NONE:
            return True
        case MatchStrategy.STRICT:
            return worker_version == instance_version
        case MatchStrategy.CURRENT_OR_OLDER:
            return compare(worker_version, instance_version) >= 0


def compare(left: str, right: str) -> int:
    """-1, 0 or 1 for older, equal or newer.

    No version is older than any. Versions of two to four numbers compare by number, all others as words
    without regard to case; "1" alone is a word.
    """
    if not left.strip() or not right.strip():
        return bool(left.strip()) - bool(right.strip())
    numbers = _parse(left), _parse(right)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    words = left.upper(), right.upper()
    return (words[0] > words[1]) - (words[0] < words[1])


def _parse(version: str) -> tuple[int, ...] | None:
    if _NUMERIC.fullmatch(version) is None:
        return None
    parts = tuple(int(part) for part in version.split("."))
    # A part that is left out is less than 0, as in System.Version.
    return parts if max(parts) <= _LARGEST_PART else None
