"""Every app of the repository, function by function: both workers report the same."""

import pytest

from tests.generations import HAS_SDK_2, is_of_sdk
from tests.oracle.conftest import PROJECT

APPS = [
    PROJECT,
    *sorted(path.parent for path in PROJECT.glob("examples/*/function_app.py")),
    *sorted(path.parent for path in PROJECT.glob("tests/*/apps/*/function_app.py")),
    *sorted(path.parent for path in PROJECT.glob("bench/apps/*/function_app.py")),
]
# Loading it never ends.
APPS.remove(PROJECT / "tests/worker/apps/import_for_ever")
# The original cannot read its pauses, which are fractions of a second.
APPS.remove(PROJECT / "tests/triggers/apps/retried")
if not HAS_SDK_2:
    APPS.remove(PROJECT / "tests/worker/apps/second_generation")
STREAMING = [app for app in APPS if app.name == "streaming"]


@pytest.mark.parametrize("app", APPS, ids=lambda app: str(app.relative_to(PROJECT)))
async def test_both_workers_find_the_same_functions(load_both, load_both_streaming, app):
    load = load_both_streaming if app in STREAMING else load_both

    original, ours = await load(app)

    assert isinstance(original, list), original
    assert ours == original
    assert len(ours) > 0


RETRY_POLICY = '@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:05")\n'
MANY_KINDS = """
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level="ADMIN")
bp = df.Blueprint()

@bp.route(methods=["get", "Post", func.HttpMethod.PUT], auth_level="anonymous")
def a(req): ...

@bp.function_name("renamed")
@bp.route(route="/x/{*rest}", trigger_arg_name="r", binding_arg_name="$return")
async def b(r: func.HttpRequest) -> func.HttpResponse: ...

@app.orchestration_trigger(context_name="context", orchestration="Other")
def c(context): yield

@app.entity_trigger(context_name="context", entity_name="Thing")
def d(context): ...

@app.activity_trigger(input_name="p", activity="Act")
async def e(p: int) -> str: ...

@app.timer_trigger(arg_name="t", schedule="%CRON%", run_on_startup=True, use_monitor=False)
def f(t: func.TimerRequest) -> None: ...

@app.schedule(arg_name="t", schedule="00:05:00")
RETRY_POLICY
def g(t): ...

@app.queue_trigger(arg_name="m", queue_name="q", connection="c", data_type=func.DataType.BINARY)
@app.blob_output(arg_name="o", path="p", connection="c")
def h(m: func.QueueMessage, o: func.Out[bytes]) -> None: ...

@app.generic_trigger(arg_name="g", type="customTrigger", anything="else")
@app.generic_output_binding(arg_name="$return", type="custom")
def i(g: str) -> str: ...

@app.route(route="j")
@app.durable_client_input(client_name="client", task_hub="Hub", connection_name="Conn")
@app.generic_input_binding(arg_name="x", type="customInput")
async def j(req, client, x): ...

app.register_functions(bp)
"""


async def test_functions_of_all_kinds_are_reported_the_same(load_both, tmp_path):
    # An app of SDK 2.x has no such decorator.
    retry = "" if HAS_SDK_2 else RETRY_POLICY
    (tmp_path / "function_app.py").write_text(MANY_KINDS.replace("RETRY_POLICY\n", retry))

    original, ours = await load_both(tmp_path)

    assert isinstance(original, list), original
    assert ours == original
    names = [function["name"] for function in ours if not is_of_sdk(function["name"])]
    assert names == [*"cdefghij", "a", "renamed"]
