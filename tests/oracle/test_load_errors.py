"""Apps that cannot be loaded, error by error: both workers say the same. Source: azure-functions-runtime."""

import re

import pytest

from tests.generations import HAS_SDK_2

HEAD = """
import typing
from typing import Any, Dict, List, Optional, Union

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
"""

NOT_LOADED = {
    "no trigger": "@app.function_name('f')\ndef f(): ...",
    "two triggers": (
        "@app.route()\n@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\ndef f(req, t): ..."
    ),
    "one name twice": (
        "@app.route()\ndef f(req): ...\n\n@app.route()\n@app.function_name('f')\ndef g(req): ..."
    ),
    "parameter without binding": "@app.route()\ndef f(req, foo): ...",
    "parameter with a default": "@app.route()\ndef f(req, foo=None): ...",
    "keyword parameters": "@app.route()\ndef f(req, **rest): ...",
    "binding without parameter": "@app.route(trigger_arg_name='x')\ndef f(): ...",
    "client without parameter": "@app.route()\n@app.durable_client_input('client')\nasync def f(req): ...",
    "request as number": "@app.route()\ndef f(req: int): ...",
    "request as list": "@app.route()\ndef f(req: List[str]): ...",
    "request as union": "@app.route()\ndef f(req: int | str): ...",
    "request as optional": "@app.route()\ndef f(req: Optional[func.HttpRequest]): ...",
    "request as text of a type": "@app.route()\ndef f(req: 'int'): ...",
    "request of an unknown type": "@app.route()\ndef f(req: 'Unknown'): ...",
    "activity of a modern list": "@app.activity_trigger('x')\ndef f(x: list[int]): ...",
    "activity of a union": "@app.activity_trigger('x')\ndef f(x: int | None): ...",
    "activity of an instance": "@app.activity_trigger('x')\ndef f(x: 5): ...",
    "activity of a tuple": "@app.activity_trigger('x')\ndef f(x: typing.Tuple[int]): ...",
    "activity of a callable": "@app.activity_trigger('x')\ndef f(x: typing.Callable[[], int]): ...",
    "activity of a variable": "T = typing.TypeVar('T')\n\n@app.activity_trigger('x')\ndef f(x: T): ...",
    "timer as number": "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\ndef f(t: int): ...",
    "timer as dictionary": "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\ndef f(t: dict): ...",
    "returns an optional": "@app.route()\ndef f(req) -> Optional[func.HttpResponse]: ...",
    "returns a union": "@app.route()\ndef f(req) -> Union[str, func.HttpResponse]: ...",
    "returns a dictionary": "@app.route()\ndef f(req) -> dict: ...",
    "returns bytes": "@app.route()\ndef f(req) -> bytes: ...",
    "returns nothing": "@app.route()\ndef f(req) -> None: ...",
    "returns anything": "@app.route()\ndef f(req) -> Any: ...",
    "returns out": "@app.route()\ndef f(req) -> func.Out[str]: ...",
    "context of another type": "@app.route()\ndef f(req, context: int): ...",
    "context of a union": "@app.route()\ndef f(req, context: func.Context | None): ...",
    "output without out": ("@app.route()\n@app.queue_output('q', 'q', 'c')\ndef f(req, q: str) -> str: ..."),
    "output of a number": (
        "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef f(req, q: func.Out[int]) -> str: ..."
    ),
    "output of nothing": (
        "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef f(req, q: func.Out) -> str: ..."
    ),
    "input with out": "@app.route()\ndef f(req: func.Out[str]): ...",
    "unknown method": "@app.route(methods=['GETT'])\ndef f(req): ...",
    "unknown level of a route": "@app.route(auth_level='nobody')\ndef f(req): ...",
    "level in lower case": "app = df.DFApp(http_auth_level='anonymous')",
    "app as blueprint": "app.register_functions(func.FunctionApp())",
    "two apps": "other = func.FunctionApp()",
    "one app of two names": "other = app",
    "no app": "del app",
    "blueprint only": "app = df.Blueprint()",
    "missing module": "import no_such_module",
    "missing name": "from azure.functions import no_such_name",
    "import error of its own": "raise ImportError('no driver.')",
    "wrong syntax": "def f(:",
    "name error": "no_such_name",
    "error with two lines": "raise ValueError('one\\ntwo')",
    "assertion": "assert False",
}
OTHER_NAMES = {
    "orchestrator of another name": "@app.orchestration_trigger('ctx')\ndef f(ctx): ...",
    "entity of another name": "@app.entity_trigger('ctx')\ndef f(ctx): ...",
}
if not HAS_SDK_2:
    NOT_LOADED |= OTHER_NAMES


@pytest.fixture
def load(load_both, tmp_path):
    """Loads an app of one file in both workers."""

    async def load_source(source):
        (tmp_path / "function_app.py").write_text(HEAD + source + "\n")
        return await load_both(tmp_path)

    return load_source


@pytest.mark.parametrize("case", NOT_LOADED)
async def test_both_workers_refuse_it_in_the_same_words(load, case):
    original, ours = await load(NOT_LOADED[case])

    assert isinstance(original, str), original
    assert _placeless(ours) == _placeless(original)


LOADED = {
    "nothing at all": "",
    "a request as text": "@app.route()\ndef f(req: str): ...",
    "a request as anything but annotated": "@app.route()\ndef f(req): ...",
    "a subclass of text returned": "class Text(str): ...\n\n@app.route()\ndef f(req) -> Text: ...",
    "an activity of anything": "@app.activity_trigger('x')\ndef f(x: Any) -> dict | None: ...",
    "an activity of typing's list": "@app.activity_trigger('x')\ndef f(x: List[int]) -> List[str]: ...",
    "an activity of typing's dictionary": "@app.activity_trigger('x')\ndef f(x: Dict[str, int]): ...",
    "an activity of nothing": "@app.activity_trigger('x')\ndef f(x: None): ...",
    "an activity of a literal": "@app.activity_trigger('x')\ndef f(x: typing.Literal['a']): ...",
    "an activity of its own class": "class C: ...\n\n@app.activity_trigger('x')\ndef f(x: C): ...",
    "an activity of another protocol": "@app.activity_trigger('x')\ndef f(x: typing.Iterable[int]): ...",
    "an activity whose input is its context": "@app.activity_trigger('context')\ndef f(context: int): ...",
    "a context of any class of this name": (
        "class Context: ...\n\n@app.route()\ndef f(req, context: Context): ..."
    ),
    "a client of any type": (
        "@app.route()\n@app.durable_client_input('client')\nasync def f(req, client: int): ..."
    ),
    "names that differ by case only": (
        "@app.route(route='a')\ndef f(req): ...\n\n@app.route(route='b')\ndef F(req): ..."
    ),
    "a name that the host refuses": "@app.function_name('1x')\n@app.route()\ndef f(req): ...",
    "an output that is not annotated": (
        "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef f(req, q) -> str: ..."
    ),
    "a list for an output": (
        "@app.route()\n@app.queue_output('q', 'q', 'c')\ndef f(req, q: func.Out[List[str]]) -> str: ..."
    ),
}
if HAS_SDK_2:
    LOADED |= OTHER_NAMES


@pytest.mark.parametrize("case", LOADED)
async def test_both_workers_load_it(load, case):
    original, ours = await load(LOADED[case])

    assert isinstance(original, list), original
    assert ours == original


async def test_a_folder_without_an_app_is_an_error_for_funchost_only(load_both, tmp_path):
    original, ours = await load_both(tmp_path)

    # The original would look for the older programming model there.
    assert original == []
    assert ours.startswith(f"AppNotFoundError: {tmp_path}: there is no function_app.py in this folder.")


def _placeless(text):
    """A text without what differs from one run or process to the next: addresses and the module path."""
    assert isinstance(text, str)
    return re.sub(r"0x[0-9a-f]+", "0x", text.partition("Current sys.path: ")[0])
