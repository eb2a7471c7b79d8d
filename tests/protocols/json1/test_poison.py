"""What an app of SDK 1.x or a web server may send by mistake: stored exactly, or that instance fails and says
why. Nothing gets out of the rules as an exception, and everything that they decide can be stored."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funchost.durable import entities
from funchost.durable.actions import CallEntity
from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.episode_commit import Rules
from funchost.durable.events import Event, EventRaised, ExecutionStarted, TaskCompleted, TaskFailed
from funchost.durable.instances import SdkProtocol, Status
from funchost.durable.protocol import Outcome, Raised, Refusal, Returned, Turn
from funchost.durable.text import dump_json
from funchost.protocols.json1.http_calls import (
    HttpCallFailed,
    HttpCallRequest,
    HttpCallResponse,
    follow_up,
)
from funchost.protocols.json1.rules import Json1Rules
from funchost.taskhub.database import Transaction
from funchost.taskhub.instance_transactions import commit_episode, put_new_instance
from funchost.taskhub.leasing import Leasing, Selection
from funchost.taskhub.rows import read_history, read_instance
from funchost.taskhub.statements import SCHEMA
from tests.durable.instances import NOON, new_instance

RULES = Json1Rules(Rules(store_inputs=True))
STARTED = ExecutionStarted(NOON, "o")
TASK = ActivityTask("abc", "e1", 0, "A", None)

TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
NUMBERS = (
    st.integers(-(10**30), 10**30)
    | st.floats()
    | st.sampled_from([10**400, 1e308, float("nan"), float("inf"), -0.0])
)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
DEPTHS = [970, 985, 995, 1_000, 5_000, 100_000]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO hosts VALUES ('host', 0, 0)")
    yield connection
    connection.close()


def nested(depth: int, inner: str = "1") -> str:
    return "[" * depth + inner + "]" * depth


def decided(outcome: Outcome) -> Commit:
    """What the first episode of a fresh instance makes of an outcome."""
    instance = new_instance()
    arrived = [ArrivedMessage(1, STARTED, None)]
    turn = RULES.begin_episode(instance, RULES.replay_of(instance, ()), arrived, NOON)
    assert isinstance(turn, Turn)
    return turn.decide(outcome, NOON)


def stored(connection: sqlite3.Connection, outcome: Outcome) -> Commit:
    """The same, written into a hub as an episode is, and read again."""
    for table in ("instances", "mailboxes", "messages", "history", "activities"):
        connection.execute(f"DELETE FROM {table}")
    put_new_instance(connection, new_instance(), STARTED, replaceable=frozenset())
    transaction = Transaction(connection)
    (leased,) = Leasing("host").instances(transaction, Selection(SdkProtocol.JSON1), 1, NOON)
    commit = decided(outcome)
    commit_episode(transaction, "host", leased, commit, NOON)
    assert read_instance(connection, "abc") == commit.instance
    assert read_history(connection, "abc") == commit.history
    # The next episode has to be able to replay it.
    RULES.replay_of(commit.instance, read_history(connection, "abc"))
    return commit


def state(*actions: Any, **fields: Any) -> str:
    return json.dumps({"isDone": False, "schemaVersion": 2, "actions": [list(actions)]} | fields)


def is_failed_with_a_reason(commit: Commit) -> bool:
    return commit.instance.status is Status.FAILED and bool(commit.instance.output)


KINDS = st.integers(-1, 13) | VALUE
ACTION = st.fixed_dictionaries(
    {"actionType": KINDS},
    optional={
        "functionName": VALUE | st.just("A"),
        "input": VALUE | st.just("null"),
        "instanceId": VALUE | st.sampled_from(["@e@k", "kid", "abc"]),
        "operation": VALUE | st.just("add"),
        "externalEventName": VALUE | st.just("Go"),
        "fireAt": VALUE
        | st.sampled_from(["2024-05-01T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00"]),
        "isCanceled": VALUE,
        "version": VALUE,
        "httpRequest": VALUE,
        "compoundActions": st.lists(st.just({"actionType": 0, "functionName": "A"}), max_size=2) | VALUE,
        "retryOptions": VALUE
        | st.fixed_dictionaries(
            {
                "maxNumberOfAttempts": VALUE | st.just(2),
                "firstRetryIntervalInMilliseconds": VALUE | st.just(5),
            },
            optional={"backoffCoefficient": VALUE, "maxRetryIntervalInMilliseconds": VALUE},
        ),
    },
)
FIELDS = st.fixed_dictionaries(
    {}, optional={"output": VALUE, "error": VALUE, "customStatus": VALUE, "isDone": VALUE}
)
MANY = settings(max_examples=150, suppress_health_check=list(HealthCheck))


@given(st.lists(ACTION, max_size=3), FIELDS)
@MANY
def test_whatever_actions_an_answer_has_the_episode_can_be_stored(
    connection: sqlite3.Connection, actions: list[Any], fields: dict[str, Any]
) -> None:
    commit = stored(connection, Returned(state(*actions, **fields)))

    assert commit.instance.status in (Status.RUNNING, Status.COMPLETED, Status.FAILED)
    if commit.instance.status is Status.FAILED:
        assert commit.instance.output


@given(VALUE)
@MANY
def test_an_output_is_stored_exactly(connection: sqlite3.Connection, value: Any) -> None:
    commit = stored(connection, Returned(state(isDone=True, output=value)))

    assert commit.instance.status is Status.COMPLETED
    assert repr(json.loads(commit.instance.output or "null")) == repr(value)


@given(TEXT | VALUE.map(json.dumps))
@MANY
def test_whatever_text_comes_back_the_episode_can_be_stored(
    connection: sqlite3.Connection, text: str
) -> None:
    stored(connection, Returned(text))


@given(TEXT, TEXT | VALUE.map(lambda value: f"x$OutOfProcData$:{json.dumps(value)}"), TEXT)
@MANY
def test_whatever_an_orchestrator_raises_its_instance_fails_and_says_so(
    connection: sqlite3.Connection, error_type: str, message: str, stack: str
) -> None:
    assert is_failed_with_a_reason(stored(connection, Raised(error_type, message, stack)))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("place", ["output", "customStatus", "error", "isDone"])
def test_what_is_nested_deeply_is_stored_or_fails_the_instance(
    connection: sqlite3.Connection, depth: int, place: str
) -> None:
    text = state(**{"isDone": True, place: 7}).replace("7", nested(depth))

    commit = stored(connection, Returned(text))

    assert commit.instance.status is Status.COMPLETED or is_failed_with_a_reason(commit)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    "action",
    [
        {"actionType": 0, "functionName": "A", "input": "DEEP"},
        {"actionType": 2, "functionName": "S", "input": "DEEP"},
        {"actionType": 4, "input": "DEEP"},
        {"actionType": 7, "instanceId": "@e@k", "operation": "add", "input": "DEEP"},
        {"actionType": 8, "httpRequest": "DEEP"},
    ],
)
def test_an_action_that_is_nested_deeply_is_carried_out_or_fails_the_instance(
    connection: sqlite3.Connection, depth: int, action: dict[str, Any]
) -> None:
    text = state(action, isDone=True).replace('"DEEP"', nested(depth))

    stored(connection, Returned(text))


@pytest.mark.parametrize("depth", DEPTHS)
def test_compound_actions_that_are_nested_deeply_are_read_or_fail_the_instance(
    connection: sqlite3.Connection, depth: int
) -> None:
    open_, close = '{"actionType":12,"compoundActions":[', "]}"
    inner = '{"actionType":0,"functionName":"A","input":"null"}'
    text = state("X").replace('"X"', open_ * depth + inner + close * depth)

    commit = stored(connection, Returned(text))

    assert commit.activities or is_failed_with_a_reason(commit)


@given(TEXT, TEXT, TEXT)
@MANY
def test_whatever_an_activity_raises_its_failure_can_be_stored(
    error_type: str, message: str, stack: str
) -> None:
    ended = RULES.activity_ended(TASK, Raised(error_type, message, stack), NOON)

    assert isinstance(ended, TaskFailed)
    ended.reason.encode()
    (ended.details or "").encode()


@given(VALUE)
@MANY
def test_the_result_of_an_activity_is_stored_exactly(value: Any) -> None:
    ended = RULES.activity_ended(TASK, Returned(json.dumps(value)), NOON)

    assert isinstance(ended, TaskCompleted)
    assert repr(json.loads(ended.result or "null")) == repr(value)


def test_the_result_of_an_activity_that_is_no_unicode_text_fails_it() -> None:
    ended = RULES.activity_ended(TASK, Returned('"\ud800"'), NOON)

    assert isinstance(ended, TaskFailed)
    assert "no Unicode text" in ended.reason


@pytest.mark.parametrize("timed_out", [True, False])
@given(reason=TEXT)
@MANY
def test_whatever_the_reason_a_refused_activity_can_be_stored(timed_out: bool, reason: str) -> None:
    ended = RULES.activity_refused(TASK, reason, NOON, timed_out=timed_out)

    assert isinstance(ended, TaskFailed)
    f"{ended.reason}{ended.details}".encode()


ENTITY = entities.new_entity("@e@k", SdkProtocol.JSON1, NOON)


def batch_turn() -> Turn:
    caller = new_instance(status=Status.RUNNING)
    call = entities.request_for(CallEntity("@e@k", "add", '"1"', "r1"), caller)
    arrived = [ArrivedMessage(1, call.message(NOON).event, None)]
    turn = RULES.begin_batch(ENTITY, arrived, NOON, alone=False)
    assert isinstance(turn, Turn)
    return turn


def check_batch(commit: Commit) -> None:
    """The call is answered, and all of it is text that can be stored."""
    assert commit.consumed == [1]
    (answer,) = [message.event for message in commit.messages]
    assert isinstance(answer, EventRaised)
    (answer.input or "").encode()
    (commit.instance.entity_state or "").encode()
    json.loads(answer.input or "")


RESULTS = st.lists(
    st.fixed_dictionaries({}, optional={"isError": VALUE, "result": VALUE | VALUE.map(json.dumps)}),
    max_size=2,
)
BATCH = st.fixed_dictionaries(
    {},
    optional={
        "entityExists": VALUE,
        "entityState": VALUE | VALUE.map(json.dumps),
        "results": RESULTS | VALUE,
    },
)


@given(BATCH | VALUE)
@MANY
def test_whatever_an_entity_answers_its_caller_hears_of_it(answer: Any) -> None:
    check_batch(batch_turn().decide(Returned(json.dumps(answer)), NOON))


@given(TEXT, TEXT)
@MANY
def test_whatever_an_entity_raises_its_caller_hears_of_it(error_type: str, message: str) -> None:
    check_batch(batch_turn().decide(Raised(error_type, message, ""), NOON))
    check_batch(batch_turn().fail(message, NOON, Refusal.UNKNOWN_FUNCTION))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("place", ["entityState", "result", "results"])
def test_what_an_entity_nests_deeply_is_kept_or_fails_its_operation(depth: int, place: str) -> None:
    fields = {"entityState": '"1"', "result": '"1"', "results": None} | {place: nested(depth)}
    results = fields["results"] or f'[{{"isError":false,"result":{fields["result"]}}}]'
    text = f'{{"entityExists":true,"entityState":{fields["entityState"]},"results":{results}}}'

    check_batch(batch_turn().decide(Returned(text), NOON))
    in_text = json.dumps(nested(depth))
    state_in_text = (
        f'{{"entityExists":true,"entityState":{in_text},"results":[{{"isError":false,"result":{in_text}}}]}}'
    )
    kept = batch_turn().decide(Returned(state_in_text), NOON)
    check_batch(kept)
    assert kept.instance.entity_state == nested(depth)


@given(TEXT | VALUE.map(json.dumps))
@MANY
def test_whatever_is_raised_at_an_entity_its_other_callers_are_served(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    call = entities.request_for(CallEntity("@e@k", "add", '"1"', "r1"), new_instance())
    junk: Event = EventRaised(NOON, "op", text)
    arrived = [ArrivedMessage(1, junk, None), ArrivedMessage(2, call.message(NOON).event, None)]

    assert entities.take(ENTITY, arrived, 10).operations == [call]


IDS = st.lists(st.sampled_from(["@e@k", "@f@k", "x"]) | TEXT, max_size=3)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "op": VALUE | st.just("add"),
        "id": VALUE | st.just("r"),
        "input": VALUE | st.just("5"),
        "parent": VALUE | st.just("abc"),
        "parentExecution": VALUE | st.just("e1"),
        "signal": VALUE,
        "lockset": IDS | VALUE,
        "pos": st.integers(-4, 4) | VALUE,
    },
)


@given(st.lists(ASKED, max_size=3), st.sampled_from(["op", "release"]), st.booleans())
@MANY
def test_a_request_that_somebody_makes_up_never_stops_an_entity(
    asked: list[Any], name: str, alone: bool
) -> None:
    arrived = [
        ArrivedMessage(number, EventRaised(NOON, name, json.dumps(each)), None)
        for number, each in enumerate(asked)
    ]
    turn = RULES.begin_batch(ENTITY, arrived, NOON, alone=alone)
    commit = turn if isinstance(turn, Commit) else turn.fail("no such entity", NOON, Refusal.UNKNOWN_FUNCTION)
    for message in commit.messages:
        message.instance_id.encode()
        assert isinstance(message.event, EventRaised)
        f"{message.event.name}{message.event.input}".encode()


HEADERS = st.dictionaries(TEXT, VALUE, max_size=3)
REQUEST = st.fixed_dictionaries(
    {"uri": VALUE | st.sampled_from(["http://h/a", "http://[", "//", ""])},
    optional={"method": VALUE, "headers": HEADERS | VALUE, "content": VALUE, "tokenSource": VALUE},
)


@given(REQUEST | VALUE)
@MANY
def test_a_durable_http_request_is_one_that_can_be_made_or_is_refused_with_a_reason(request: Any) -> None:
    try:
        parsed = HttpCallRequest.parse(json.dumps(request))
    except HttpCallFailed:
        return
    parsed.to_json().encode()
    assert HttpCallRequest.parse(parsed.to_json()) == parsed


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_durable_http_request_that_is_nested_deeply_is_refused_with_a_reason(depth: int) -> None:
    with pytest.raises(HttpCallFailed, match="call_http: the request cannot be read"):
        HttpCallRequest.parse(f'{{"uri":{nested(depth)}}}')


RETRY_AFTER = TEXT | st.sampled_from(
    [
        *("-1", "1e999", "9" * 400, "\u0663", "\u00b2", "nan", " 7 ", "Fri, 31 Dec 9999 23:59:59 GMT"),
        *("Fri, 15 Jan 2027 08:00:10 -9999", "Mon, 01 Jan 0001 00:00:00 GMT", "0 Jan 0 0:0:0", ", , ,"),
    ]
)
LOCATION = TEXT | st.sampled_from(
    ["http://[", "//[::1", "\ud800", "..", "", "http://h:99999999/", "javascript:1"]
)


@given(LOCATION, RETRY_AFTER | st.none(), TEXT, st.dictionaries(TEXT, st.lists(TEXT, max_size=2), max_size=2))
@MANY
def test_whatever_a_web_server_answers_it_is_followed_up_in_time_or_told_to_the_orchestrator(
    location: str, retry_after: str | None, content: str, others: dict[str, list[str]]
) -> None:
    request = HttpCallRequest("GET", "http://h/a", {}, None)
    headers = {**others, "Location": [location]}
    if retry_after is not None:
        headers["Retry-After"] = [retry_after]
    response = HttpCallResponse(202, headers, content)

    poll = follow_up(request, response, 500, NOON)

    told = response.to_json()
    told.encode()
    assert json.loads(told)["content"] == content
    if poll is not None:
        assert NOON <= poll.due_at <= NOON + 366 * 24 * 3600 * 1_000_000
        assert HttpCallRequest.parse(poll.request.to_json()) == poll.request


@given(VALUE)
@MANY
def test_json_of_any_value_can_be_stored_and_read_again(value: Any) -> None:
    text = dump_json(value)

    text.encode()
    assert repr(json.loads(text)) == repr(value)
