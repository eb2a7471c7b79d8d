"""The app's own failures: one class each, whose text is what a caller reads.

The text names the thing, its value, what is allowed and the next step. Which HTTP status
belongs to a failure is decided in `problems`, not here.
"""

import reprlib
from collections.abc import Sequence

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


class InvalidValue(ValueError):
    """A parameter, a setting or an input has a value that it may not have."""

    def __init__(self, name: str, value: object, fault: str, allowed: str) -> None:
        """Say what is wrong with `value` (`fault`) and what `name` may be (`allowed`)."""
        super().__init__(f"{name}: {_SHORT.repr(value)} {fault}. Give {allowed}.")
        self.name = name
        self.allowed = allowed


class OrchestratorNotFound(LookupError):
    """The app has no orchestrator of this name, or it cannot be started."""

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        """`known` are the names there are."""
        allowed = "the name of an orchestrator of this app"
        listed = ": " + ", ".join(map(repr, known)) if known else ""
        super().__init__(f"functionName: {_SHORT.repr(name)} is not an orchestrator. Give {allowed}{listed}.")
        self.name = "functionName"
        self.allowed = allowed
