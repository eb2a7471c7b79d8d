"""What is said of a function that keeps an app from loading, beside the worker's own words."""

import pytest

from funchost.worker.invocations import AppLoadError
from tests.generations import sdk_1_only

HEAD = "import azure.durable_functions as df\nimport azure.functions as func\napp = df.DFApp()\n"
STREAMING = "from azurefunctions.extensions.http.fastapi import Request\n"


@pytest.fixture
def load_failure(start_pool, write_app):
    async def of(source):
        with pytest.raises(AppLoadError) as caught:
            await start_pool(write_app(HEAD + source))
        return caught.value

    return of


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        (
            "@app.activity_trigger('x')\ndef f(x: dict[str, int]): ...",
            "x: the worker takes no dict[str, int] for a binding, here and on Azure. "
            "Write dict, or leave the annotation out.",
        ),
        (
            "@app.activity_trigger('x')\ndef f(x: int | None): ...",
            "x: the worker takes no int | None for a binding, here and on Azure. "
            "Write one type, or leave the annotation out.",
        ),
        (
            "@app.route()\ndef f(req: func.HttpRequest | None): ...",
            "req: the worker takes no azure.functions._http.HttpRequest | None for a binding, here and on "
            "Azure. Write func.HttpRequest, or leave the annotation out.",
        ),
        (
            "@app.route()\ndef f(req: func.HttpRequest) -> list[int]: ...",
            "return: the worker takes no list[int] for a binding, here and on Azure. "
            "Write one class, such as func.HttpResponse, or leave the annotation out.",
        ),
        (
            f"{STREAMING}@app.route()\ndef f(req: func.HttpRequest): ...",
            "The app imports azurefunctions.extensions.http.fastapi. With it every HTTP function of an app "
            "takes that package's Request and returns its responses, here and on Azure: let this one use "
            "them too.",
        ),
        ("@app.route()\ndef f(req, other): ...", ""),
        ("@app.route()\ndef f(req: 'Unknown'): ...", ""),
    ],
)
async def test_the_function_and_what_to_write_instead_are_named(load_failure, source, hint):
    error = await load_failure(source)

    assert (error.function, error.hint) == ("f", hint)


@sdk_1_only
@pytest.mark.parametrize("kind", ["orchestration", "entity"])
async def test_a_context_must_be_bound_under_its_own_name(load_failure, kind):
    error = await load_failure(f"@app.{kind}_trigger(context_name='ctx')\ndef f(ctx): ...")

    assert error.hint == (
        'Write context_name="context" in the decorator of f, here and on Azure: the SDK hands the context '
        "over under this name. The parameter may be called otherwise."
    )


async def test_no_function_is_named_when_none_is_to_blame(load_failure):
    error = await load_failure("raise ValueError('no')")

    assert (error.function, error.hint) == ("", "")
