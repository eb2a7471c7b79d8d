"""Orchestrators whose replays would differ, and fan-outs without a bound, found in the syntax tree."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.doctor.orchestrator_checks import NON_DETERMINISTIC, UNBOUNDED_FAN_OUT, check_orchestrators
from funchost.doctor.syntax import App

HEAD = """\
import asyncio, datetime as dt, os, random, time, uuid
import requests
from datetime import datetime, timedelta
from os import environ
from random import choice as pick

@app.orchestration_trigger(context_name="context")
def work(context):
"""


def places(app: App, check: str) -> list[str]:
    return [finding.place for finding in check_orchestrators(app) if finding.check == check]


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now()",
        "datetime.now(tz=None).isoformat()",
        "dt.datetime.utcnow()",
        "dt.date.today()",
        "time.time()",
        "random.random()",
        "pick([1, 2])",
        "uuid.uuid4()",
        "str(uuid.uuid4())",
        "time.sleep(1)",
        "requests.get('http://example.com')",
        "os.environ['A']",
        "os.environ.get('A')",
        "os.getenv('A')",
        "environ['A']",
        "open('a.txt').read()",
        "[random.random() for _ in range(3)]",
    ],
)
def test_what_a_replay_does_not_repeat_is_an_error(write_app, line):
    app = write_app(f"{HEAD}    given = {line}\n    yield given\n")

    assert places(app, NON_DETERMINISTIC) == ["function_app.py:9"]


@pytest.mark.parametrize(
    "line",
    [
        "context.current_utc_datetime + timedelta(days=1)",
        "datetime(2026, 1, 1)",
        "datetime.fromisoformat('2026-01-01')",
        "context.new_uuid()",
        "uuid.uuid5(uuid.NAMESPACE_URL, 'a')",
        "requests",
        "context.random()",
        "sorted([3, 1])",
    ],
)
def test_what_comes_out_the_same_each_time_is_not_told_of(write_app, line):
    assert places(write_app(f"{HEAD}    given = {line}\n    yield given\n"), NON_DETERMINISTIC) == []


def test_a_local_name_is_not_taken_for_a_module(write_app):
    app = write_app(f"{HEAD}    random = Draw(seed=1)\n    return random.random()\n")

    assert places(app, NON_DETERMINISTIC) == []


def test_code_that_runs_only_the_first_time_may_look_at_the_clock(write_app):
    body = "    if not context.is_replaying:\n        log(datetime.now())\n    yield 1\n"

    assert places(write_app(HEAD + body), NON_DETERMINISTIC) == []


def test_functions_that_an_orchestrator_calls_are_read_in_other_files_too(write_app):
    script = (
        "from steps import plan\nimport steps.later as later\n\n"
        "@bp.orchestration_trigger(context_name='context')\n"
        "def work(context):\n    plan()\n    later.wait()\n"
    )
    app = write_app(
        script,
        {
            "steps/__init__.py": "from .planning import plan\n",
            "steps/planning.py": "import time\ndef plan():\n    return time.time()\n",
            "steps/later.py": "import time\ndef wait():\n    rest()\ndef rest():\n    time.sleep(1)\n",
        },
    )

    assert sorted(places(app, NON_DETERMINISTIC)) == ["steps/later.py:5", "steps/planning.py:3"]
    assert "which orchestrator 'work' calls" in check_orchestrators(app)[0].what


def test_activities_and_other_functions_may_do_as_they_like(write_app):
    app = write_app(
        "import random\n\n@app.activity_trigger(input_name='n')\ndef draw(n):\n    return random.random()\n\n"
        "@app.orchestration_trigger(context_name='context')\ndef work(context):\n"
        "    yield context.call_activity(draw, 1)\n"
    )

    assert check_orchestrators(app) == []


def test_a_line_that_several_orchestrators_run_is_told_of_once(write_app):
    one = "@app.orchestration_trigger(context_name='c')\ndef {}(c):\n    shared()\n"
    app = write_app(
        f"import time\ndef shared():\n    time.sleep(1)\n{one.format('first')}{one.format('second')}"
    )

    assert places(app, NON_DETERMINISTIC) == ["function_app.py:3"]


def test_a_comment_on_the_line_allows_it(write_app):
    app = write_app(f"{HEAD}    yield random.random()  # funchost: allow non-deterministic\n")

    assert places(app, NON_DETERMINISTIC) == []


@pytest.mark.parametrize(
    "line",
    [
        "tasks = [context.call_activity('a', n) for n in context.get_input()]",
        "tasks = [context.call_activity('a', n) for n in range(count)]",
        "tasks = list(context.call_sub_orchestrator('o', n) for n in found)",
        "for n in found: tasks.append(context.call_activity('a', n))",
    ],
)
def test_a_task_for_each_of_an_unknown_number_is_a_warning(write_app, line):
    assert places(write_app(f"{HEAD}    {line}\n    yield context.task_all(tasks)\n"), UNBOUNDED_FAN_OUT) == [
        "function_app.py:9"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "tasks = [context.call_activity('a', n) for n in range(10)]",
        "tasks = [context.call_activity('a', n) for n in ('x', 'y')]",
        "tasks = [context.call_activity('a', n) for n in found[:50]]",
        "tasks = [context.call_activity('a', n) for n in range(min(count, 100))]",
        "tasks = [names[n] for n in range(count)]",
    ],
)
def test_a_bounded_fan_out_is_not_told_of(write_app, line):
    assert (
        places(write_app(f"{HEAD}    {line}\n    yield context.task_all(tasks)\n"), UNBOUNDED_FAN_OUT) == []
    )


def test_one_task_after_the_other_is_no_fan_out(write_app):
    body = "    for n in context.get_input():\n        yield context.call_activity('a', n)\n"

    assert places(write_app(HEAD + body), UNBOUNDED_FAN_OUT) == []


@given(st.integers(0, 3000), st.sampled_from(["[", "(", "a.", "-", "not ", "lambda: "]))
def test_no_source_is_too_odd_to_be_read(tmp_path_factory, depth, bracket):
    folder = tmp_path_factory.mktemp("odd")
    source = f"{HEAD}    tasks = [context.call_activity('a') for n in {bracket * depth}b]\n"
    (folder / "function_app.py").write_text(source)
    try:
        ast.parse(source)
        is_python = True
    except (SyntaxError, RecursionError, MemoryError):
        is_python = False

    app = App(folder, "function_app.py")

    assert bool(places(app, UNBOUNDED_FAN_OUT)) == is_python
    assert bool(app.unreadable) != is_python
