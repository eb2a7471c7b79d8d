"""An exception as the host is told it: type, text in full, the frames that help the reader, and the mend.

It decides nothing about what a failure means. Whatever the exception is, there is a report.
"""

import importlib
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_OWN_FOLDER = str(Path(__file__).resolve().parents[1])
_IMPORT_MACHINERY = ("<frozen importlib", importlib.__file__)
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"

_SDK = "azure-functions-durable"
_SDK_MODULES = ("azure.durable_functions", "durabletask")
_OLDEST_PYTHON_OF_SDK_2 = (3, 13)


def describe(error: BaseException) -> dict[str, str]:
    """The `error` object of a `result` or `failed` frame.

    The message is never shortened: a failed orchestrator's whole state travels in it.
    Source: Azure Functions Python worker; durable extension, OutOfProcExceptionHelpers.
    """
    try:
        stack = stack_of(error)
    except Exception:
        # A SyntaxError made by hand, for example, whose fields are of other types than Python's own.
        stack = ""
    return {
        "type": printable(type(error).__name__),
        "message": printable(text_of(error)),
        "stack": printable(stack),
    }


def text_of(error: BaseException) -> str:
    """The exception's text, also when the exception cannot print itself."""
    try:
        return str(error)
    except BaseException:
        return "Unhandled exception in function. Could not serialize original exception message."


def printable(text: str) -> str:
    """The text as UTF-8 can carry it: half a surrogate pair becomes its escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def stack_of(error: BaseException) -> str:
    """The frames of the exception and of those behind it, without the worker's own."""
    return "".join(_lines(error, {id(error)}))


def since_app(error: BaseException, script_root: Path) -> BaseException:
    """The exception without the frames of others that lead to the first of the app's, if there is one."""
    entry = error.__traceback__
    while entry is not None and not is_of_app(entry.tb_frame.f_code.co_filename, script_root):
        entry = entry.tb_next
    return error if entry is None else error.with_traceback(entry)


def is_of_app(file_name: str, script_root: Path) -> bool:
    """Whether a file is the app's own: in its folder, and not in a virtual environment there."""
    path = Path(file_name)
    return path.is_relative_to(script_root) and "site-packages" not in path.parts


def installed_version(package: str) -> str:
    """The version of an installed package; empty if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def sdk_advice(error: BaseException) -> str:
    """What to install when the app could not be imported because of the durable SDK; empty otherwise."""
    sdk = installed_version(_SDK)
    found = (
        f"Installed: {_SDK} {sdk or '(none)'} on Python {sys.version_info.major}.{sys.version_info.minor}."
    )
    if sdk.startswith("2."):
        if not _is_raised_by_sdk_import(error):
            return ""
        if sys.version_info < _OLDEST_PYTHON_OF_SDK_2:
            return f"{found} This version of the SDK needs Python 3.13 or newer: use one, or an SDK below 2."
        return (
            f"{found} A package that it needs is missing or too old. Run: {sys.executable} -m pip install "
            f"--upgrade {_SDK}=={sdk} durabletask grpcio protobuf"
        )
    if not _asks_sdk_for_unknown_name(error):
        return ""
    return (
        f"{found} If the app was written for {_SDK} 2, it needs Python 3.13 or newer and this line in "
        f"requirements.txt: {_SDK}>=2.0.0rc3"
    )


def _asks_sdk_for_unknown_name(error: BaseException) -> bool:
    """Whether a module of the SDK, or a name in one, is not there."""
    if isinstance(error, AttributeError):
        module = getattr(error.obj, "__name__", None)
    else:
        module = error.name if isinstance(error, ImportError) else None
    return isinstance(module, str) and _is_of_sdk(module)


def _is_raised_by_sdk_import(error: BaseException) -> bool:
    """Whether the SDK's own modules could not be executed."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(
        frame.f_code.co_name == "<module>" and _is_of_sdk(frame.f_globals.get("__name__", ""))
        for frame in frames
    )


def _is_of_sdk(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in _SDK_MODULES)


def _lines(error: BaseException, seen: set[int]) -> list[str]:
    lines: list[str] = []
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        lines += _lines(behind, seen)
        lines += [f"{type(behind).__name__}: {text_of(behind)}\n", _CAUSE if error.__cause__ else _CONTEXT]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _helps(frame.filename)]
    lines += traceback.StackSummary.from_list(frames).format()
    if isinstance(error, SyntaxError):
        # The faulty file has no frame: it never ran. Its name and line are in the exception.
        lines += traceback.format_exception_only(error)[:-1]
    return lines


def _helps(file_name: str) -> bool:
    return not file_name.startswith((_OWN_FOLDER, *_IMPORT_MACHINERY))
