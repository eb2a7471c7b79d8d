"""Route templates and their order. Expectations: ASP.NET Core routing and the Functions HTTP extension."""

import re
import string
from collections.abc import Iterable
from functools import partial

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from funchost.http.request import Request
from funchost.http.route_templates import RouteTemplate, TemplateError
from funchost.http.router import Endpoint, RouteError, full_route, function_routes
from funchost.worker.invocations import FunctionInfo
from tests.http.fakes import http_function

NAMES = st.text(string.ascii_letters, min_size=1, max_size=8)
LITERALS = st.text(string.ascii_letters + string.digits + "-_. ", min_size=1, max_size=8).filter(
    lambda text: set(text) != {"."}
)
VALUES = st.text(min_size=1, max_size=12).filter(lambda text: "/" not in text)


def match(template: str, path: str) -> dict[str, str] | None:
    return RouteTemplate(template).match(path)


def endpoint(function: FunctionInfo) -> Endpoint:
    """Tells nothing but which function it stands for."""
    return partial(_never_called, function)


async def _never_called(function: FunctionInfo, request: Request) -> web.Response:
    raise AssertionError(function.name)


def first(functions: Iterable[FunctionInfo], method: str, path: str) -> str | None:
    """The name of the function that such a request reaches."""
    for route in function_routes(functions, "", endpoint):
        if route.fits(method, path) is not None:
            assert isinstance(route.endpoint, partial)
            function: FunctionInfo = route.endpoint.args[0]
            return function.name
    return None


@pytest.mark.parametrize(
    ("template", "path", "params"),
    [
        ("hello", "/hello", {}),
        ("hello", "/HELLO/", {}),
        ("hello", "/hello/x", None),
        ("hello", "/", None),
        ("{id}", "/", None),
        ("a/{id}/b", "/a//b", None),
        ("a/{id?}", "/a", {}),
        ("a/{id?}", "/a/", {}),
        ("a/{id?}", "/a/X", {"id": "X"}),
        ("a/{id?}", "/a/x/y", None),
        ("a/{id=5}", "/a", {"id": "5"}),
        ("a/{id=5}", "/a/7", {"id": "7"}),
        ("{a=1}/{b=2}", "/", {"a": "1", "b": "2"}),
        ("f/{*rest}", "/f", {}),
        ("f/{*rest}", "/f/a/b", {"rest": "a/b"}),
        ("f/{**rest}", "/f/a/b/", {"rest": "a/b/"}),
        ("f/{*rest=home}", "/f", {"rest": "home"}),
        ("{*rest}", "/", {}),
        ("a-{b}.{c}", "/A-x.y.z", {"b": "x.y", "c": "z"}),
        ("{a}-{b}", "/x-y-z", {"a": "x-y", "b": "z"}),
        ("{a}-{b}", "/x-", None),
        ("{a}-{b}", "/-x", None),
        ("{name}.{ext?}", "/file.txt", {"name": "file", "ext": "txt"}),
        ("{name}.{ext?}", "/file", {"name": "file"}),
        ("{name}.{ext?}", "/file.", None),
        ("v.{ext?}", "/v", {}),
        ("{a:int}", "/12", {"a": "12"}),
        ("{a:int}", "/x", None),
        ("{a:int?}", "/", {}),
        ("{a:int?}", "/x", None),
        ("{a:int=7}", "/", {"a": "7"}),
        ("{a:min(2):max(4)}", "/3", {"a": "3"}),
        ("{a:min(2):max(4)}", "/5", None),
        (r"{a:regex(^\d{{3}}-(x|y)$)}", "/123-Y", {"a": "123-Y"}),
        (r"{a:regex(^\d{{3}}-(x|y)$)}", "/12-x", None),
        ("{a:regex(^a/b$)}/c", "/a/c", None),
        ("{lang=en}/about", "/about", None),
        ("{lang=en}/about", "/de/about", {"lang": "de"}),
        ("{a}.{b}.{c?}", "/x.y.z", {"a": "x", "b": "y", "c": "z"}),
        ("a/b", "/a/b//", {}),
    ],
)
def test_a_template_matches_as_asp_net_core_does(
    template: str, path: str, params: dict[str, str] | None
) -> None:
    assert match(template, path) == params


@pytest.mark.parametrize(
    ("constraint", "fitting", "unfitting"),
    [
        ("int", ["0", "-5", "+5", " 5 ", "2147483647"], ["2147483648", "1.0", "x", "٣"]),
        ("long", ["9223372036854775807"], ["9223372036854775808"]),
        ("bool", ["true", "FALSE"], ["1", "yes"]),
        ("datetime", ["2024-05-01", "2024-05-01T10:00:00Z", "1 May 2024", "05-01-2024 10:30 AM"], ["x", "7"]),
        ("decimal", ["1", "-1.5", ".5"], ["1e3", "x", "."]),
        ("double", ["1.5e3", "1"], ["x", "1e", "."]),
        ("float", ["1.5"], ["one"]),
        (
            "guid",
            ["12345678-1234-1234-1234-1234567890ab", "{12345678-1234-1234-1234-1234567890AB}", "1" * 32],
            ["12345678", "(12345678-1234-1234-1234-1234567890ab}"],
        ),
        ("alpha", ["abcXYZ"], ["a1", "é"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("length(2)", ["ab"], ["a", "abc"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("min(5)", ["5", "6"], ["4", "x"]),
        ("max(5)", ["5", "-1"], ["6"]),
        ("range(1, 3)", ["1", "3"], ["0", "4"]),
        ("regex(b+)", ["abbc", "B"], ["a"]),
        (r"regex(^(?<y>\d+)\z)", ["12"], ["12a"]),
        ("required", ["x"], []),
        ("INT", ["1"], ["x"]),
    ],
)
def test_a_constraint_decides_by_the_text(constraint: str, fitting: list[str], unfitting: list[str]) -> None:
    template = RouteTemplate(f"{{value:{constraint}}}")
    for text in fitting:
        assert template.match(f"/{text}") == {"value": text}, text
    for text in unfitting:
        assert template.match(f"/{text}") is None, text


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("api//x", "separator character '/' cannot appear consecutively"),
        ("/x", "separator character '/' cannot appear consecutively"),
        ("{a", "incomplete parameter"),
        ("a}", "incomplete parameter"),
        ("{}", "parameter '{}' is invalid"),
        ("{a*}", "parameter '{a*}' is invalid"),
        ("{a}/{A}", "'A' appears more than one time"),
        ("{*a}/b", "can only appear as the last segment"),
        ("x{*a}", "can only appear as the last segment"),
        ("{*a?}", "parameter '{*a?}' is invalid"),
        ("{a=1?}", "parameter '{a=1?}' is invalid"),
        ("{a}{b}", "two consecutive parameters"),
        ("{a?}b", "'a' must be a segment of its own"),
        ("x{a?}", "behind a period"),
        ("a?", "'a?' contains '?'"),
        ("{a:nope}", "The constraint reference 'nope' could not be resolved to a type"),
        ("{a:min(x)}", "cannot take these arguments"),
        ("{a:length(1,2,3)}", "cannot take these arguments"),
        ("{a:int(3)}", "could not be resolved"),
        ("{a:regex([)}", "is not a pattern"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(template: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(reason)):
        RouteTemplate(template)


@given(names=st.lists(NAMES, min_size=1, max_size=5, unique_by=str.casefold), data=st.data())
def test_every_parameter_gets_exactly_its_own_segment(names: list[str], data: st.DataObject) -> None:
    values = [data.draw(VALUES) for _ in names]
    template = "/".join("{" + name + "}" for name in names)
    assert match(f"api/{template}", "/api/" + "/".join(values)) == dict(zip(names, values, strict=True))


@given(parts=st.lists(LITERALS, min_size=1, max_size=4), slash=st.booleans())
def test_literals_match_in_any_case_with_or_without_a_slash_at_the_end(parts: list[str], slash: bool) -> None:
    path = "/" + "/".join(parts) + "/" * slash
    assert match("/".join(parts), path.swapcase()) == {}
    assert match("/".join(parts), path + "extra/more") is None


@given(rest=st.lists(VALUES, max_size=4))
def test_a_catch_all_takes_the_whole_rest(rest: list[str]) -> None:
    path = "/f/" + "/".join(rest)
    assert match("f/{*rest}", path) == ({"rest": "/".join(rest)} if rest else {})


@given(a=VALUES, b=VALUES.filter(lambda text: "-" not in text))
def test_parameters_in_one_segment_are_told_apart_by_the_last_literal(a: str, b: str) -> None:
    assert match("{a}-{b}", f"/{a}-{b}") == {"a": a, "b": b}


@given(
    functions=st.lists(st.tuples(NAMES, st.sampled_from(["{x}", "a", "{*r}", "b"])), min_size=1, max_size=6),
    path=st.sampled_from(["/a", "/b", "/c"]),
)
def test_the_first_matching_name_wins_in_every_table(functions: list[tuple[str, str]], path: str) -> None:
    fitting = [name for name, route in functions if match(route, path) is not None]
    found = first((http_function(name, route=route) for name, route in functions), "GET", path)
    assert (found.upper() if found else None) == min(map(str.upper, fitting), default=None)


@given(text=st.text(alphabet="{}:=?*/()a.1", max_size=20))
def test_any_text_is_either_a_template_or_refused(text: str) -> None:
    try:
        template = RouteTemplate(text)
    except TemplateError:
        return
    template.match("/a/1")


def test_the_method_is_part_of_the_match() -> None:
    functions = [
        http_function("a", route="x", methods=("POST",)),
        http_function("b", route="{y}", methods=("get",)),
        http_function("c", route="{y}"),
    ]
    assert [first(functions, method, "/x") for method in ("POST", "GET", "HEAD")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("route", "prefix", "full"),
    [
        ("hello/{name}", "api", "api/hello/{name}"),
        (None, "api", "api/Fn"),
        ("", "api", "api/Fn"),
        ("hello", "", "hello"),
        ("/hello", "", "hello"),
        ("hello", "v1/public", "v1/public/hello"),
    ],
)
def test_a_route_is_joined_to_the_prefix(route: str | None, prefix: str, full: str) -> None:
    assert full_route(http_function("Fn", route=route), prefix) == full


def test_a_leading_slash_with_a_prefix_is_refused_with_the_way_out() -> None:
    with pytest.raises(RouteError) as refused:
        function_routes([http_function("app", route="/{*route}")], "api", endpoint)
    assert str(refused.value) == (
        "An error occurred while creating the route with name 'app' and template 'api//{*route}'. "
        "The route template separator character '/' cannot appear consecutively. It must be separated by "
        "either a parameter or a literal value. Write the route without its leading '/', or set "
        'extensions.http.routePrefix to "" in host.json.'
    )
