"""An app of SDK 2.x on a model hub: functions as the decorators make them, called as a worker does."""

import asyncio
import json
import traceback
from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

import azure.durable_functions as df

from funchost.durable.episode_commit import Rules
from funchost.durable.protocol import Outcome, Raised, Returned
from funchost.protocols.grpc2.grpc2_rules import Grpc2Rules
from tests.protocols.model_hub import Activity, Function, ModelHub


def new_hub(
    *orchestrators: Callable[..., Any],
    activities: Iterable[Callable[..., Any]] = (),
    entities: Iterable[Callable[..., Any]] = (),
    rules: Rules | None = None,
) -> ModelHub:
    """A hub whose app has these functions, under their names.

    An activity is a plain function of its input, or of its input and the number of the attempt.
    """
    app = df.DFApp()
    names = [function.__name__ for function in orchestrators]
    for function in orchestrators:
        app.orchestration_trigger(context_name="context")(function)
    entity_names = [function.__name__ for function in entities]
    for function in entities:
        app.entity_trigger(context_name="context")(function)
    built = {each.get_function_name(): as_function(each) for each in app.get_functions()}
    return ModelHub(
        Grpc2Rules(rules or Rules()),
        {name: built[name] for name in names},
        {function.__name__: as_activity(function) for function in activities},
        {name.lower(): built[name] for name in entity_names},
    )


def as_function(function: Any) -> Function:
    """An orchestrator or entity function of the app: base64 in, base64 out."""
    trigger = function.get_trigger().name
    call = function.get_user_function()

    def run(payload: bytes) -> Outcome:
        try:
            return Returned(asyncio.run(call(**{trigger: payload.decode()})))
        except Exception as error:
            return raised(error)

    return run


def as_activity(function: Callable[..., Any]) -> Activity:
    """A plain function as an activity: JSON in, JSON out."""

    def run(payload: bytes, attempt: int) -> Outcome:
        arguments = (json.loads(payload), attempt)[: len(signature(function).parameters)]
        try:
            return Returned(json.dumps(function(*arguments)))
        except Exception as error:
            return raised(error)

    return run


def raised(error: Exception) -> Raised:
    """An exception as a worker tells of it."""
    return Raised(type(error).__name__, str(error), "".join(traceback.format_tb(error.__traceback__)))
