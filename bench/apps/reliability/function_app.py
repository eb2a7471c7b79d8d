"""The app under load: small work, large values, long histories, many events."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="index")
def nothing(index: int) -> None:
    return None


@app.orchestration_trigger(context_name="context")
def one_activity(context):
    return (yield context.call_activity("nothing", 0))


@app.orchestration_trigger(context_name="context")
def echo(context):
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    tasks = [context.call_activity("nothing", index) for index in range(context.get_input()["tasks"])]
    return len((yield context.task_all(tasks)))


@app.orchestration_trigger(context_name="context")
def collect(context):
    events = [context.wait_for_external_event("event") for _ in range(context.get_input()["events"])]
    return len((yield context.task_all(events)))
