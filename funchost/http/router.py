"""Which endpoint answers a request: the areas of fixed paths, and the app's functions.

An area is everything below one path, behind one rule of who may enter; the first area that holds a path
answers for it. Inside, routes are asked in their order, and the first whose template and method fit gets the
request: a wrong method is no match, never a 405, and nothing ranks a literal above a parameter.
Source: Azure Functions HTTP routing (WebJobs Extensions Http) on ASP.NET Core's route matcher.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from aiohttp import web

from funchost.http.access import Caller
from funchost.http.replies import empty_reply
from funchost.http.request import Request
from funchost.http.route_templates import RouteTemplate, TemplateError
from funchost.worker.invocations import FunctionInfo

Endpoint = Callable[[Request], Awaitable[web.StreamResponse]]


class RouteError(Exception):
    """A function's route cannot be registered, so the host cannot start."""

    def __init__(self, function: str, template: str, reason: str) -> None:
        super().__init__(
            f"An error occurred while creating the route with name '{function}' and template '{template}'. "
            f"{reason}"
        )
        self.function = function
        self.template = template


@dataclass(frozen=True, slots=True)
class Route:
    """A template, the methods it goes with (none means every method), and the endpoint behind it.

    `is_open` routes answer also those who may not enter their area.
    """

    methods: frozenset[str]
    template: RouteTemplate
    endpoint: Endpoint
    is_open: bool = False

    @classmethod
    def to(cls, methods: str, template: str, endpoint: Endpoint, is_open: bool = False) -> Self:
        """A fixed route; `methods` are separated by blanks."""
        return cls(frozenset(methods.split()), RouteTemplate(template), endpoint, is_open)

    def fits(self, method: str, path: str) -> dict[str, str] | None:
        """What the path gives the parameters; None when this route is not meant."""
        return None if self.methods and method not in self.methods else self.template.match(path)


class Area:
    """The routes below one path. What has no route there is a 404."""

    def __init__(
        self,
        base: str,
        routes: Iterable[Route] = (),
        may_enter: Callable[[Caller], bool] = lambda caller: True,
    ) -> None:
        """`base` has a slash before each of its segments; the empty one holds every path. The templates of
        the routes continue it."""
        self._base = base.lower()
        self._routes = tuple(routes)
        self._may_enter = may_enter

    def holds(self, path: str) -> bool:
        """Whether the path lies in this area."""
        return f"{path}/".lower().startswith(f"{self._base}/")

    async def answer(self, request: Request) -> web.StreamResponse:
        """The response to a request whose path lies in this area."""
        route, request = self._find(request)
        if not self._may_enter(request.caller) and not (route and route.is_open):
            return empty_reply(401)
        return empty_reply(404) if route is None else await route.endpoint(request)

    def _find(self, request: Request) -> tuple[Route | None, Request]:
        """The route, and the request with what its path gave the parameters."""
        path = request.path[len(self._base) :] or "/"
        for route in self._routes:
            params = route.fits(request.method, path)
            if params is not None:
                return route, replace(request, params=params)
        return None, request


async def answer_in(areas: Sequence[Area], request: Request) -> web.StreamResponse:
    """The response of the first area that holds the request's path."""
    for area in areas:
        if area.holds(request.path):
            return await area.answer(request)
    return empty_reply(404)


def function_routes(
    functions: Iterable[FunctionInfo], prefix: str, endpoint: Callable[[FunctionInfo], Endpoint]
) -> list[Route]:
    """The routes of HTTP functions in the order in which they are asked, that of their names.

    Raises RouteError for the first route that ASP.NET Core would refuse.
    """
    return [
        Route(frozenset(m.upper() for m in function.methods), _template(function, prefix), endpoint(function))
        for function in sorted(functions, key=lambda function: function.name.upper())
    ]


def full_route(function: FunctionInfo, prefix: str) -> str:
    """The template with its prefix, as it stands in URLs: `api/hello/{name}`."""
    route = function.route or function.name
    # A plain join, as in the original: with a prefix, a route that begins with `/` cannot be registered.
    return f"{prefix}/{route}" if prefix else route.removeprefix("/")


def _template(function: FunctionInfo, prefix: str) -> RouteTemplate:
    template = full_route(function, prefix)
    try:
        return RouteTemplate(template)
    except TemplateError as error:
        reason = str(error)
        if prefix and (function.route or "").startswith("/"):
            reason += (
                " Write the route without its leading '/', or set extensions.http.routePrefix"
                ' to "" in host.json.'
            )
        raise RouteError(function.name, template, reason) from error
