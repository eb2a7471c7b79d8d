"""Microsoft's worker library behind a pipe: what `azure-functions-runtime` answers, one JSON object per line.

`python -P original.py`, only on Python 3.13 and later. It takes `{"load": FOLDER}` and then invocations; the
library keeps one app per process, so a second load first forgets the first. Nothing of funchost is imported.
Source: azure_functions_runtime, handle_event.
"""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from azure_functions_runtime import handle_event
from azure_functions_runtime.functions import Registry
from azure_functions_runtime.utils.threadpool import start_threadpool_executor
from yarl import URL

_OF_THE_CLIENT = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class Message:
    """A protobuf message as far as the library knows it: fields given by keyword."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class TypedData(Message):
    """One value, in the field that is named for its kind."""

    def WhichOneof(self, group: str) -> str | None:
        return next(iter(vars(self)), None)


class ParameterBinding(Message):
    """A named value."""

    def WhichOneof(self, group: str) -> str:
        return "data"


class RpcException(Message):
    """What made the host run something again; that of a first run is empty."""

    def __init__(self) -> None:
        super().__init__(source="", stack_trace="", message="")

    def __repr__(self) -> str:
        return "RpcException(source='', stack_trace='', message='')"


class BindingInfo(Message):
    out, inout, undefined = 1, 2, 0


class StatusResult(Message):
    Success, Failure = "ok", "failed"


class RpcHttpCookie(Message):
    SameSite = SimpleNamespace(**{"None": None, "Lax": "lax", "Strict": "strict", "ExplicitNone": "none"})


PROTOS = SimpleNamespace(
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    RpcHttpCookie=RpcHttpCookie,
    **{
        name: type(name, (Message,), {})
        for name in (
            *("RpcFunctionMetadata", "RpcRetryOptions", "WorkerMetadata", "WorkerInitResponse"),
            *("FunctionMetadataResponse", "InvocationResponse", "RpcException", "RpcHttp"),
            *("NullableString", "NullableBool", "NullableDouble", "NullableTimestamp", "Timestamp"),
        )
    },
)


class Library:
    """The library with one app loaded."""

    def __init__(self) -> None:
        self._modules = set(sys.modules)
        self._path = list(sys.path)
        self._functions: dict[str, Any] = {}
        self._server = ""

    async def load(self, folder: str) -> dict[str, Any]:
        """Index the app; `{"functions": [...]}`, or `{"error": text}`."""
        for name in set(sys.modules) - self._modules:
            if _is_own(sys.modules[name], os.getcwd()):
                del sys.modules[name]
        sys.path[:] = [folder, *self._path]
        os.chdir(folder)
        handle_event._functions = Registry()
        init = Message(capabilities={}, function_app_directory=folder)
        response = await handle_event.worker_init_request(_request(worker_init_request=init))
        if response.result.status == StatusResult.Failure:
            return {"error": response.result.exception.message}
        self._server = response.capabilities.get("HttpUri", "")
        metadata = (await handle_event.functions_metadata_request(None)).function_metadata_results or []
        self._functions = {function.name: function for function in metadata}
        return {"functions": [self._described(function) for function in metadata]}

    def _described(self, function: Any) -> dict[str, Any]:
        loaded = handle_event._functions.get_function(function.function_id)
        return {
            "name": function.name,
            "bindings": [json.loads(text) for text in function.raw_bindings],
            "script_file": function.script_file,
            "entry_point": function.entry_point,
            "is_async": loaded.is_async,
        }

    async def invoke(self, call: dict[str, Any]) -> dict[str, Any]:
        """Run one function, with the request on the library's own server if it is streamed."""
        if call["datum"] == "stream":
            answer, sent = await asyncio.gather(self._invoke(call), _send(self._server, call))
            return {**answer, **sent}
        return await self._invoke(call)

    async def _invoke(self, call: dict[str, Any]) -> dict[str, Any]:
        function = self._functions[call["function"]]
        trace_parent, trace_state = call["trace"]
        invocation = Message(
            invocation_id=call["invocation_id"],
            function_id=function.function_id,
            input_data=[
                ParameterBinding(name=name, data=self._input(binding, call))
                for name, binding in function.bindings.items()
                if binding.direction != BindingInfo.out
            ],
            trigger_metadata={},
            trace_context=Message(trace_parent=trace_parent, trace_state=trace_state, attributes={}),
            # A message of protobuf that is not set is an empty one.
            retry_context=Message(retry_count=0, max_retry_count=0, exception=RpcException()),
        )
        response = await handle_event.invocation_request(_request(invocation_request=invocation))
        if response.result.status == StatusResult.Failure:
            return {"error": response.result.exception.message}
        outputs = [output.data for output in response.output_data]
        return _answer(outputs[0] if outputs else response.return_value)

    def _input(self, binding: Any, call: dict[str, Any]) -> TypedData:
        if binding.type == "durableClient":
            return TypedData(string=json.dumps(call["client_binding"]))
        payload = base64.b64decode(call["payload"])
        if call["datum"] == "none":
            return TypedData()
        if call["datum"] == "stream":
            # The real host sends no more than this when a worker has a server of its own.
            empty = {"method": "", "url": "", "headers": {}, "query": {}, "body": TypedData(bytes=b"")}
            return TypedData(http=Message(**empty, params=call["http"]["params"]))
        if call["datum"] != "http":
            return TypedData(**{call["datum"]: payload.decode()})
        return TypedData(http=Message(**call["http"], body=TypedData(bytes=payload)))


async def _send(server: str, call: dict[str, Any]) -> dict[str, Any]:
    """What the library's server answers, as far as it comes."""
    http = call["http"]
    url = URL(http["url"], encoded=True)
    target = URL(server).with_path(url.raw_path, encoded=True).with_query(url.query_string)
    headers = [*http["headers"], ("x-ms-invocation-id", call["invocation_id"])]
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=_OF_THE_CLIENT) as session:
        await _until_it_listens(server)
        body = base64.b64decode(call["payload"])
        sending = session.request(
            http["method"], target, data=body or None, headers=headers, allow_redirects=False
        )
        async with sending as response:
            payload = bytearray()
            try:
                async for chunk in response.content.iter_any():
                    payload += chunk
                is_complete = True
            except aiohttp.ClientPayloadError:
                is_complete = False
            return {
                "datum": "http",
                "status": response.status,
                "headers": list(response.headers.items()),
                "payload": _encoded(bytes(payload)),
                "is_complete": is_complete,
            }


async def _until_it_listens(server: str) -> None:
    address = URL(server)
    while True:
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except ConnectionError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


def _request(**request: Any) -> Message:
    return Message(request=Message(**request), properties={"host": "127.0.0.1", "protos": PROTOS})


def _answer(data: TypedData | None) -> dict[str, Any]:
    kind = data.WhichOneof("data") if data is not None else None
    if data is None or kind is None:
        return {"datum": "none"}
    value = getattr(data, kind)
    if kind != "http":
        return {"datum": kind, "payload": _encoded(value)}
    return {
        "datum": "http",
        "status": value.status_code,
        "headers": list(value.headers.items()),
        "cookies": [_cookie(cookie) for cookie in value.cookies or ()],
        "payload": _encoded(value.body.bytes),
    }


def _cookie(cookie: RpcHttpCookie) -> dict[str, Any]:
    """The attributes that are set: the host renders empty ones as nothing."""
    fields = {name: getattr(field, "value", field) for name, field in vars(cookie).items()}
    fields["expires"] = getattr(fields["expires"], "seconds", None)
    return {name: field for name, field in fields.items() if name == "value" or field}


def _encoded(value: str | bytes | None) -> str:
    raw = value.encode() if isinstance(value, str) else value or b""
    return base64.b64encode(raw).decode()


def _is_own(module: Any, folder: str) -> bool:
    """Whether the module is the app's: in its folder, and not in a virtual environment there."""
    file = getattr(module, "__file__", None)
    return (
        file is not None and Path(file).is_relative_to(folder) and not Path(file).is_relative_to(sys.prefix)
    )


async def main() -> None:
    """Answer line after line."""
    # What user code prints must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    start_threadpool_executor()
    library = Library()
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        answer = await (library.load(request["load"]) if "load" in request else library.invoke(request))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    asyncio.run(main())
