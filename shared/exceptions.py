"""The app's own failures: one class each, whose text is what a caller reads.

The text names the thing, its value, what is allowed and the next step. Which HTTP status
belongs to a failure is decided in `problems`, not here.
"""

import reprlib

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
    """The task hub knows no orchestrator of this name."""

    def __init__(self, name: str, known: str = "") -> None:
        """`known` is what the host says about the orchestrators that it has."""
        allowed = "the name of an orchestrator of this app"
        text = f"functionName: {_SHORT.repr(name)} is not an orchestrator. Give {allowed}. {known}"
        super().__init__(text.rstrip())
        self.name = "functionName"
        self.allowed = allowed
