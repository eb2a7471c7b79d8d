"""An exception as the host is told it: type, text in full, and the frames that help the reader.

It decides nothing about what a failure means.
"""

import importlib
import traceback
from pathlib import Path

_OWN_FOLDER = str(Path(__file__).resolve().parents[1])
_IMPORT_MACHINERY = ("<frozen importlib", importlib.__file__)
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def describe(error: BaseException) -> dict[str, str]:
    """The `error` object of a `result` or `failed` frame.

    The message is never shortened: a failed orchestrator's whole state travels in it.
    Source: Azure Functions Python worker; durable extension, OutOfProcExceptionHelpers.
    """
    return {"type": type(error).__name__, "message": text_of(error), "stack": stack_of(error)}


def text_of(error: BaseException) -> str:
    """The exception's text, also when the exception cannot print itself."""
    try:
        return str(error)
    except Exception:
        return "Unhandled exception in function. Could not serialize original exception message."


def stack_of(error: BaseException) -> str:
    """The frames of the exception and of those behind it, without the worker's own."""
    return "".join(_lines(error, {id(error)}))


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
