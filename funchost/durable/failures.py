"""What failed and why, as an orchestrator and a client are told it.

Each SDK generation has texts of its own; they are made in the room of its protocol.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from funchost.durable.text import dump_json, parse_json

FunctionKind = Literal["activity", "orchestrator", "entity"]


@dataclass(frozen=True, slots=True)
class FailureDetails:
    """One failure and those behind it. Source: DurableTask.Core, FailureDetails."""

    error_type: str
    message: str
    stack: str | None = None
    inner: "FailureDetails | None" = None
    is_non_retriable: bool = False
    properties: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.error_type}: {self.message}"

    def to_json(self) -> str:
        """The text that is stored and shown; keys as in the original."""
        return dump_json(self.document())

    def document(self) -> dict[str, Any]:
        """The details as clients see them in a history."""
        return {
            "ErrorType": self.error_type,
            "ErrorMessage": self.message,
            "StackTrace": self.stack,
            "InnerFailure": None if self.inner is None else self.inner.document(),
            "IsNonRetriable": self.is_non_retriable,
            "Properties": None if self.properties is None else dict(self.properties),
        }

    @classmethod
    def parse(cls, text: str) -> "FailureDetails":
        """Read what `to_json` wrote."""
        return cls.from_document(parse_json(text))

    @classmethod
    def from_document(cls, value: Mapping[str, Any]) -> "FailureDetails":
        """Read what `document` made. Raises KeyError for another document."""
        inner = value.get("InnerFailure")
        return cls(
            value["ErrorType"],
            value["ErrorMessage"],
            value.get("StackTrace"),
            None if inner is None else cls.from_document(inner),
            bool(value.get("IsNonRetriable")),
            value.get("Properties"),
        )


def unknown_function(kind: FunctionKind, name: str, known_names: Iterable[str]) -> str:
    """What is said about a call to a function that the app does not have.

    Source: durable extension, DurableTaskExtension.ThrowIfFunctionDoesNotExist.
    """
    known = "', '".join(known_names)
    info = f"No {kind} functions are currently registered!"
    if known:
        info = f"The following are the known {kind} functions: '{known}'."
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: {info}"
    )
