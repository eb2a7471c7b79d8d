"""What an examination finds, as plain data, and how it is shown to people and to programs."""

import enum
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass


class Severity(enum.StrEnum):
    """How much a finding matters: it breaks, it may hurt, or it is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend or to know.

    `check` is the name of the rule. `place` is a file, `file:line`, or the name of a setting. `what` says the
    fact and `mend` the next step, each in one sentence or two.
    """

    severity: Severity
    check: str
    place: str
    what: str
    mend: str


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """The worst first, then by place; what was found twice stands once."""
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    return sorted(dict.fromkeys(findings), key=lambda each: (ranks[each.severity], _place_key(each.place)))


def _place_key(place: str) -> tuple[str, int, str]:
    name, _, line = place.rpartition(":")
    return (name, int(line), place) if line.isdigit() else (place, 0, place)


def as_text(findings: Sequence[Finding]) -> str:
    """The report that a person reads."""
    blocks = [
        f"{each.severity} {each.check}: {each.place}\n    {each.what}\n    {each.mend}\n" for each in findings
    ]
    return "\n".join([*blocks, f"{_summary(findings)}\n"])


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing was found that would differ between this machine and Azure."
    counts = Counter(each.severity for each in findings)
    parts = [
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    ]
    return f"{', '.join(parts)}."


def as_json(findings: Sequence[Finding]) -> str:
    """The report for programs: an object with the findings and how many there are of each severity."""
    counts = Counter(each.severity for each in findings)
    document = {
        "findings": [asdict(each) for each in findings],
        "counts": {str(severity): counts[severity] for severity in Severity},
    }
    return json.dumps(document, indent=2)
