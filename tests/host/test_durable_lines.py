"""What a real host says of instances, to people and to programs, with either generation of the SDK."""

import json
import urllib.request
from typing import Any

import pytest

from tests.e2e import hosting
from tests.host.conftest import SOON, App

ORCHESTRATIONS = """
    import logging
    import azure.durable_functions as df
    import azure.functions as func

    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.orchestration_trigger(context_name="context")
    def chain(context):
        yield context.call_activity("say", "hello")
        try:
            yield context.call_entity(df.EntityId("counter", "one"), "spoil", 1)
        except Exception:
            return "spoilt"

    @app.activity_trigger(input_name="word")
    def say(word: str) -> str:
        logging.info("said %s", word)
        print("printed")
        return word

    @app.entity_trigger(context_name="context")
    def counter(context):
        try:
            raise ValueError("spoilt by purpose")
        except ValueError:
            logging.exception("in the entity")
            raise
"""


def run(app: App, *arguments: str, **log_level: str) -> None:
    """Run the orchestration to its end and stop the host."""
    app.configure(logging={"logLevel": log_level})
    app.write(ORCHESTRATIONS)
    app.start(*arguments)
    base = f"{app.host.base_url}/runtime/webhooks/durabletask"
    with urllib.request.urlopen(
        urllib.request.Request(f"{base}/orchestrators/chain/my-id", method="POST"), timeout=SOON
    ):
        pass

    def status() -> Any:
        with urllib.request.urlopen(f"{base}/instances/my-id", timeout=SOON) as answer:
            return json.load(answer)["runtimeStatus"]

    hosting.until(lambda: status() == "Completed", SOON, lambda: app.host.log[-4000:])
    app.host.stop()


def test_by_default_only_what_failed_is_told(app: App) -> None:
    run(app)
    durable = [line for line in app.host.log.splitlines() if ": Function '" in line]
    assert ["@counter@one: Function 'counter (Entity)' failed" in line for line in durable] == [True, True]
    assert "failed 'spoil' operation" in durable[0]
    assert "spoilt by purpose" in durable[0]


@pytest.mark.parametrize("category", ["Host.Triggers.DurableTask", "Host.Triggers", "Host"])
def test_the_category_of_the_original_shows_the_others(app: App, category: str) -> None:
    run(app, **{category: "Information"})
    for said in (
        "my-id: Function 'chain (Orchestrator)' scheduled. Reason: NewInstance.",
        "my-id: Function 'chain (Orchestrator)' started.",
        "my-id: Function 'say (Activity)' scheduled. Reason: chain.",
        "my-id: Function 'say (Activity)' completed.",
        "my-id: Function 'counter (Entity)' scheduled. Reason: chain.",
        "my-id: Function 'chain (Orchestrator)' completed.",
    ):
        assert said in app.host.log


def test_the_app_s_own_lines_name_the_instance(app: App) -> None:
    run(app)
    (said,) = [line for line in app.host.log.splitlines() if line.endswith("said hello")]
    assert said.endswith(" say my-id: said hello")


def test_with_json_output_every_line_is_an_object(app: App) -> None:
    run(app, "--json-output", "--verbose")
    lines = [json.loads(line) for line in app.host.log.splitlines()]
    of = {(line["category"], line["message"]): line for line in lines}
    said = of["Function.say.User", "said hello"]
    assert (said["level"], said["function"], said["instance"]) == ("Information", "say", "my-id")
    assert {"worker", "invocation"} <= set(said)
    assert ("Host.Function.Console", "printed") in of
    spoilt = of["Function.counter.User", "in the entity"]
    assert spoilt["instance"] == "@counter@one"
    assert spoilt["exception"].endswith("ValueError: spoilt by purpose")
    (functions,) = [line["functions"] for line in lines if "functions" in line]
    assert {"name": "say", "trigger": "activityTrigger"} in functions
    (ready,) = [line for line in lines if line["message"].startswith("Host ready")]
    assert ready["url"] == app.host.base_url
