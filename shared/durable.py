"""The part of the durable SDK that this app uses, with types.

SDK 1.x ships no type information. These protocols state what we rely on, so that the type
checker can hold us to it. What 1.x and 2.x name differently is only in `generations`. There is
no behaviour here.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol, TypeVar

import azure.durable_functions as df

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


class Task(Protocol):
    """Something an orchestrator can wait for; it is scheduled when it is first yielded."""

    @property
    def result(self) -> Any:
        """The value of a task that ended well; `generations` tells whether it did."""


Orchestration = Generator[Task, Any, Any]
"""What an orchestrator function returns: it yields tasks and gets their values."""


class OrchestrationContext(Protocol):
    """What an orchestrator may use; all of it is the same in every replay."""

    @property
    def instance_id(self) -> str: ...

    @property
    def is_replaying(self) -> bool: ...

    def get_input(self) -> Any: ...

    def call_activity(self, name: str, input_: Any = None) -> Task: ...

    def call_sub_orchestrator(self, name: str, input_: Any = None) -> Task: ...

    def task_all(self, activities: Sequence[Task]) -> Task: ...

    def task_any(self, activities: Sequence[Task]) -> Task: ...

    def set_custom_status(self, status: Any) -> None: ...


class Client(Protocol):
    """The durable client that a `durableClient` binding gives; `generations` knows how to speak to it."""


class Blueprint(Protocol):
    """The decorators that register functions."""

    def route(self, route: str, methods: Sequence[str]) -> Decorator[Any]: ...

    def durable_client_input(self, client_name: str) -> Decorator[Any]: ...

    def orchestration_trigger(self, context_name: str) -> Decorator[Any]: ...

    def activity_trigger(self, input_name: str) -> Decorator[Any]: ...


def new_blueprint() -> Blueprint:
    """Give an empty blueprint of the SDK, under the types above."""
    blueprint: Blueprint = df.Blueprint()
    return blueprint
