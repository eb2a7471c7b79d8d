"""The singleton rule: when an instance may start under an ID. It asks nobody."""

ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
"""Runtime statuses after which an instance never runs again by itself."""


def may_start(runtime_status: str | None) -> bool:
    """Whether a new instance may take the ID of one with this status; None means there is none.

    A suspended instance holds its ID: it can be resumed at any time.
    """
    return runtime_status is None or runtime_status in ENDED
