"""What can go wrong in the task hub apart from refusals of the durable engine."""

from pathlib import Path


class TaskHubError(Exception):
    """The task hub cannot be opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Task hub '{path}' cannot be opened: {reason}. "
            "Give another folder with --data-dir, or remove the file to start with an empty hub."
        )


class LeaseLost(Exception):
    """Another host instance has taken the work over, or it was withdrawn; the result is dropped."""
