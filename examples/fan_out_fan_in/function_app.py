"""Fan-out/fan-in: many activities at once, then one result from all of theirs.

The words of several texts are counted, each text by an activity of its own, and added up.
"""

from collections import Counter

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="word-counts", methods=["POST"])
@app.durable_client_input(client_name="client")
async def count(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Count the words of the texts in the body, a JSON array of strings."""
    texts = req.get_json()
    if not texts:
        return func.HttpResponse("Send at least one text.", status_code=400)
    instance_id = await client.start_new("count_all", client_input=texts)
    return await client.wait_for_completion_or_create_check_status_response(
        req, instance_id, timeout_in_milliseconds=10_000, retry_interval_in_milliseconds=100
    )


@app.orchestration_trigger(context_name="context")
def count_all(context: df.DurableOrchestrationContext):
    """Fan out over the texts; fan in by adding their counts up."""
    tasks = [context.call_activity("count_words", text) for text in context.get_input()]
    # The counts come in the order of the tasks, whichever activity ends first.
    counts = yield context.task_all(tasks)
    total: Counter[str] = Counter()
    for words in counts:
        total.update(words)
    return {"texts": len(counts), "words": dict(total.most_common(3))}


@app.activity_trigger(input_name="text")
def count_words(text: str) -> dict:
    """How often each word is in one text."""
    return Counter(text.lower().split())
