"""Retry policies: how often and after which delays a failed function is run again.

Written in host.json (`retry`) or in `@app.retry`. Pure; which triggers obey a policy is elsewhere.
Source: Azure Functions host, Utility.ValidateRetryOptions; Azure WebJobs SDK, FixedDelayRetryAttribute and
ExponentialBackoffRetryAttribute; Azure Functions Python worker, build_retry_protos.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from funchost.conventions import time_spans

FOR_EVER = -1
Strategy = Literal["fixedDelay", "exponentialBackoff"]

_STRATEGIES: dict[str, Strategy] = {"fixeddelay": "fixedDelay", "exponentialbackoff": "exponentialBackoff"}
# The worker takes these for what @app.retry leaves out.
_LONGEST = timedelta(seconds=2**31 - 1)


class BadRetryPolicy(ValueError):
    """A retry policy that cannot be obeyed; the text names the key, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays in seconds between the tries; with a fixed delay both are the same. -1 retries are for ever."""

    strategy: Strategy
    max_retries: int
    shortest_delay: float
    longest_delay: float

    @classmethod
    def of(cls, given: Mapping[str, Any], *, needs_intervals: bool) -> "RetryPolicy":
        """The policy of these settings, with keys as host.json spells them, in any case.

        Without `needs_intervals`, as in @app.retry, an exponential back-off may leave its bounds out.
        Raises BadRetryPolicy.
        """
        values = {key.casefold(): value for key, value in given.items() if value is not None}
        name = str(values.get("strategy", ""))
        strategy = _STRATEGIES.get(name.replace("_", "").casefold())
        if strategy is None:
            raise BadRetryPolicy(f"strategy is '{name}'. It must be fixedDelay or exponentialBackoff.")
        retries = _retries(values.get("maxretrycount"))
        if strategy == "fixedDelay":
            delay = _seconds(values, "delayInterval", None)
            return cls(strategy, retries, delay, delay)
        shortest = _seconds(values, "minimumInterval", None if needs_intervals else timedelta(0))
        longest = _seconds(values, "maximumInterval", None if needs_intervals else _LONGEST)
        if shortest > longest:
            raise BadRetryPolicy("minimumInterval is longer than maximumInterval.")
        return cls(strategy, retries, shortest, longest)

    def allows(self, retries: int) -> bool:
        """Whether a function that was retried so often may be retried once more."""
        return self.max_retries == FOR_EVER or retries < self.max_retries


def _retries(value: Any) -> int:
    try:
        retries = int(str(value))
    except ValueError:
        retries = FOR_EVER - 1
    if retries < FOR_EVER:
        raise BadRetryPolicy(f"maxRetryCount is '{value}'. It must be a whole number, or -1 for ever.")
    return retries


def _seconds(values: Mapping[str, Any], key: str, default: timedelta | None) -> float:
    value = values.get(key.casefold())
    span = default if value is None else time_spans.parse(str(value))
    if span is None or span < timedelta(0):
        given = "missing" if value is None else f"'{value}'"
        raise BadRetryPolicy(f'{key} is {given}. It must be a time span, for example "00:00:05".')
    return span.total_seconds()
