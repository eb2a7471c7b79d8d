"""The package of `azurefunctions.extensions.http` that the app has imported, if it has.

One import turns all HTTP functions of the app to it: they take its request, return its responses, and both
bodies are streamed. How such a call runs is in `streamed_calls`.
Source: azure-functions-runtime, http_v2 and bindings.meta; azurefunctions.extensions.base, web.
"""

import importlib
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Endpoint = Callable[[Any], Awaitable[Any]]

_BASE = "azurefunctions.extensions.base"


def is_imported() -> bool:
    """Whether the app's HTTP functions are streamed."""
    base = sys.modules.get(_BASE)
    return base is not None and bool(base.HttpV2FeatureChecker.http_v2_enabled())


def package() -> str:
    """What the app imports its types from."""
    return _module().rpartition(".")[0]


def is_request(annotation: Any) -> bool:
    """Whether a parameter of this type takes the package's request."""
    return bool(_base().RequestTrackerMeta.check_type(annotation))


def is_response(annotation: Any) -> bool:
    """Whether a value of this type is a response to the package, or can become one."""
    return bool(_base().ResponseTrackerMeta.check_type(annotation))


def application(endpoint: Endpoint) -> AsgiApplication:
    """The package's web application, which passes every request to the endpoint."""
    extension = importlib.import_module(_module())

    async def every_request(request: Any) -> Any:
        return await endpoint(request)

    # Nothing is said of what it returns: the framework would check and convert the values by that.
    every_request.__annotations__ = {"request": _base().RequestTrackerMeta.get_request_type()}
    web_app = extension.WebApp()
    web_app.route(every_request)
    return _behind_proxy(web_app.get_app())


def set_route_params(request: Any, params: Mapping[str, str]) -> None:
    """Show the request what the path gave the function's route."""
    _base().RequestTrackerMeta.get_synchronizer().sync_route_params(request, params)


def _behind_proxy(web_app: Any) -> AsgiApplication:
    """The application as uvicorn serves it, which reads `X-Forwarded-Proto` and `X-Forwarded-For`."""
    middleware: Any = importlib.import_module("uvicorn.middleware.proxy_headers")
    behind: AsgiApplication = middleware.ProxyHeadersMiddleware(web_app)
    return behind


def _module() -> str:
    return str(_base().ModuleTrackerMeta.get_module())


def _base() -> Any:
    return sys.modules[_BASE]
