"""What the exceptions of the client's `start_new` mean.

The SDK raises a plain `Exception` for everything. Its argument is the message for a 400 of the
host, and the error object as a dict for anything else. Only this module knows that.
"""


def message(error: Exception) -> str:
    """Give what the host said, whichever form it came in."""
    said = error.args[0] if error.args else ""
    if isinstance(said, dict):
        return str(said.get("ExceptionMessage") or said.get("Message") or said)
    return str(said)


def orchestrator_is_unknown(error: Exception) -> bool:
    """Whether the start was refused because there is no such orchestrator."""
    return "is not an orchestrator function" in message(error)


def known_orchestrators(error: Exception) -> str:
    """Give the host's sentence about the orchestrators it has, if it said one."""
    return message(error).partition("Additional info: ")[2]


def instance_exists(error: Exception) -> bool:
    """Whether the start was refused because an instance under the ID has not ended.

    All stores word it with "already exists"; the status or the ID in the sentence differs.
    """
    return "already exists" in message(error).lower()
