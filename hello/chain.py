"""`hello_orchestrator`: three activities, one after the other. It takes no input."""

from hello.blueprint import bp
from shared import durable, journal, orchestrators

CITIES = ("Tokyo", "Seattle", "London")


@bp.orchestration_trigger(context_name="context")
@orchestrators.startable
def hello_orchestrator(context: durable.OrchestrationContext) -> durable.Orchestration:
    """Greet three cities in turn and give the three greetings."""
    journal.record_once(context, "greeting begins")
    greetings = []
    for city in CITIES:
        greeting = yield context.call_activity("say_hello", city)
        greetings.append(greeting)
    journal.record_once(context, "greeting is done")
    return greetings


@bp.activity_trigger(input_name="city")
def say_hello(city: str) -> str:
    """Greet one city."""
    journal.record(f"say_hello: {city}")
    return f"Hello {city}!"
