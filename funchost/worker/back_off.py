"""How long a worker that died is left down before it is started again. Pure."""

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 10.0
HEALTHY_SECONDS = 60.0


def next_delay(previous: float | None, lived_seconds: float) -> float:
    """Seconds to wait before the next start.

    Args:
        previous: the wait before the start that has just failed; None if there was none.
        lived_seconds: how long that worker lived. A healthy life makes up for every death before it.
    """
    if previous is None or lived_seconds >= HEALTHY_SECONDS:
        return FIRST_SECONDS
    return min(previous * 2, LONGEST_SECONDS)
