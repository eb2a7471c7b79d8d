"""Orchestrators as the syntax tree shows them: calls whose result a replay does not repeat, and fan-outs
without a bound.

An orchestrator runs again from its start for every answer that it waits for, so whatever it computes must
come out the same each time. Functions of the app that it calls are read too.
Source: Durable Functions, orchestrator code constraints.
"""

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from funchost.doctor.findings import Finding, Severity
from funchost.doctor.syntax import App, Definition, FunctionNode, Module

NON_DETERMINISTIC = "non-deterministic"
UNBOUNDED_FAN_OUT = "unbounded-fan-out"

_TIME = "A replay reads another time. Use context.current_utc_datetime."
_CHANCE = "A replay draws another value. Use context.new_uuid(), or draw it in an activity."
_WAIT = (
    "It holds the worker's thread and is waited for again in every replay. Yield context.create_timer(...)."
)
_OUTSIDE = "A replay asks again and may be told something else. Do it in an activity."
_ENVIRONMENT = (
    "A replay on another instance may read another value. Give it with the input, or read it in an activity."
)
_THREADS = (
    "A replay does not know what runs beside it. Start activities side by side with context.task_all([...])."
)

# Full names, or prefixes that end with a dot.
_FORBIDDEN = {
    "datetime.datetime.now": _TIME,
    "datetime.datetime.utcnow": _TIME,
    "datetime.datetime.today": _TIME,
    "datetime.date.today": _TIME,
    "time.time": _TIME,
    "time.time_ns": _TIME,
    "time.monotonic": _TIME,
    "time.monotonic_ns": _TIME,
    "time.perf_counter": _TIME,
    "time.localtime": _TIME,
    "time.gmtime": _TIME,
    "random.": _CHANCE,
    "secrets.": _CHANCE,
    "numpy.random.": _CHANCE,
    "uuid.uuid1": _CHANCE,
    "uuid.uuid4": _CHANCE,
    "os.urandom": _CHANCE,
    "time.sleep": _WAIT,
    "asyncio.sleep": _WAIT,
    "requests.": _OUTSIDE,
    "httpx.": _OUTSIDE,
    "aiohttp.": _OUTSIDE,
    "urllib.request.": _OUTSIDE,
    "urllib3.": _OUTSIDE,
    "http.client.": _OUTSIDE,
    "socket.": _OUTSIDE,
    "subprocess.": _OUTSIDE,
    "open": _OUTSIDE,
    "input": _OUTSIDE,
    "os.getenv": _ENVIRONMENT,
    "threading.Thread": _THREADS,
    "threading.Timer": _THREADS,
    "multiprocessing.": _THREADS,
    "concurrent.futures.": _THREADS,
    "asyncio.create_task": _THREADS,
    "asyncio.gather": _THREADS,
    "asyncio.run": _THREADS,
}
_BUILT_IN = ("open", "input")
_ENVIRON = "os.environ"

_TASK_CALLS = frozenset(
    {
        "call_activity",
        "call_activity_with_retry",
        "call_sub_orchestrator",
        "call_sub_orchestrator_with_retry",
        "call_http",
        "call_entity",
    }
)


@dataclass(frozen=True, slots=True)
class _Reached:
    """A function that an orchestrator runs, itself included."""

    orchestrator: Definition
    definition: Definition

    @property
    def by(self) -> str:
        """Who runs the line, for the text of a finding."""
        name = self.orchestrator.node.name
        if self.definition.node is self.orchestrator.node:
            return f"Orchestrator '{name}'"
        return f"Function '{self.definition.node.name}', which orchestrator '{name}' calls,"


def check_orchestrators(app: App) -> list[Finding]:
    """What to mend in the app's orchestrators; a line that several of them run is told of once."""
    found: dict[tuple[str, str], Finding] = {}
    for orchestrator in app.decorated("orchestration_trigger"):
        for reached in _reached(app, orchestrator):
            for finding in (*_non_deterministic(reached), *_unbounded_fan_outs(reached)):
                found.setdefault((finding.place, finding.check), finding)
    return list(found.values())


def _reached(app: App, orchestrator: Definition) -> Iterator[_Reached]:
    seen: set[int] = set()
    waiting = [orchestrator]
    while waiting:
        definition = waiting.pop()
        if id(definition.node) in seen:
            continue
        seen.add(id(definition.node))
        yield _Reached(orchestrator, definition)
        waiting.extend(app.called_by(definition))


def _non_deterministic(reached: _Reached) -> Iterator[Finding]:
    module = reached.definition.module
    local = _local_names(reached.definition.node)
    for node in _replayed(reached.definition.node):
        name, why = _forbidden(module, node, local)
        if name and not module.allows(node, NON_DETERMINISTIC):
            what = f"{reached.by} uses {name}."
            yield Finding(Severity.ERROR, NON_DETERMINISTIC, module.place(node), what, why)


def _forbidden(module: Module, node: ast.AST, local: frozenset[str]) -> tuple[str, str]:
    """The name that a replay must not use, and why; empty when the node is harmless."""
    if isinstance(node, ast.Attribute | ast.Name) and module.dotted(node) == _ENVIRON:
        return _ENVIRON, _ENVIRONMENT
    if not isinstance(node, ast.Call) or _root(node.func) in local:
        return "", ""
    name = module.dotted(node.func) or ""
    # A name that was never imported is a variable of the app's own, but for the built-in functions.
    if name not in _BUILT_IN and _root(node.func) not in module.aliases:
        return "", ""
    for forbidden, why in _FORBIDDEN.items():
        if name == forbidden or (forbidden.endswith(".") and name.startswith(forbidden)):
            return f"{name}()", why
    return "", ""


def _replayed(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of the body, without what runs only when nothing is replayed."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and _is_first_time(node.test):
            waiting.extend(node.orelse)
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _is_first_time(test: ast.expr) -> bool:
    """`if not context.is_replaying:`"""
    negated = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else None
    return isinstance(negated, ast.Attribute) and negated.attr == "is_replaying"


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _local_names(function: FunctionNode) -> frozenset[str]:
    arguments = function.args
    names = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


def _unbounded_fan_outs(reached: _Reached) -> Iterator[Finding]:
    module, function = reached.definition.module, reached.definition.node
    bounded = _bounded_names(function)
    for node in _replayed(function):
        source = _fan_out_source(node)
        if source is None or _is_bounded(source, bounded) or module.allows(node, UNBOUNDED_FAN_OUT):
            continue
        yield Finding(
            Severity.WARNING,
            UNBOUNDED_FAN_OUT,
            module.place(node),
            f"{reached.by} starts a task for each of {_short(module.text(source))}, however many there are.",
            "Every answer replays the whole history. Bound the number, or split it into sub-orchestrations "
            f"of some hundred tasks. `# funchost: allow {UNBOUNDED_FAN_OUT}` on the line says that a bound "
            "is elsewhere.",
        )


def _short(text: str) -> str:
    return textwrap.shorten(text, 60, placeholder="...")


def _fan_out_source(node: ast.AST) -> ast.expr | None:
    """What a comprehension or a loop goes over that starts a task in each round without waiting for it."""
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return node.generators[0].iter if _starts_task(node.elt) else None
    if isinstance(node, ast.For):
        waits = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))
        return node.iter if not waits and any(map(_starts_task, node.body)) else None
    return None


def _starts_task(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _TASK_CALLS
        for each in ast.walk(node)
    )


def _bounded_names(function: FunctionNode) -> frozenset[str]:
    """Local names that are only ever given something bounded."""
    given: dict[str, bool] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            given[name] = given.get(name, True) and _is_bounded(node.value, frozenset())
    return frozenset(name for name, is_bounded in given.items() if is_bounded)


def _is_bounded(source: ast.expr, bounded: frozenset[str]) -> bool:
    match source:
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.Constant():
            return True
        case ast.Name(id=name):
            return name in bounded
        case ast.Subscript(slice=ast.Slice(upper=ast.expr())):
            return True
        case ast.Call(func=ast.Name(id="range"), args=arguments):
            return all(_is_small(each) for each in arguments)
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "sorted" | "reversed"), args=[first, *_]):
            return _is_bounded(first, bounded)
    return False


def _is_small(number: ast.expr) -> bool:
    match number:
        case ast.Constant() | ast.UnaryOp():
            return True
        case ast.Call(func=ast.Name(id="min")):
            return True
    return False
