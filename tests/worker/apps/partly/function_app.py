"""An app of which only some functions can run."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="same")
def good(req: func.HttpRequest) -> str:
    return "good"


@app.route(route="SAME")
def same_route(req: func.HttpRequest) -> str:
    return "hidden"


@app.activity_trigger(input_name="my__input")
def two_underscores(my__input: str) -> None: ...


@app.route(route="unresolved")
@app.durable_client_input(client_name="client", task_hub="%NOT_SET%")
async def unresolved(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    return "never"


@app.queue_trigger(arg_name="message", queue_name="q", connection="AzureWebJobsStorage")
def queued(message: func.QueueMessage) -> None:
    assert message.get_body() == b"a message"


@app.route(route="storing")
@app.queue_output(arg_name="out", queue_name="q", connection="AzureWebJobsStorage")
def storing(req: func.HttpRequest, out: func.Out[str]) -> str:
    out.set("lost")
    return "stored"
