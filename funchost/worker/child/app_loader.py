"""Find the app in its folder, import it, and let it declare its functions.

What the functions may look like is not decided here. Source: Azure Functions Python worker, loader.
"""

import importlib
import re
import site
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from azure.functions import Function, FunctionRegister

_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.py")
_TROUBLESHOOTING = "https://aka.ms/functions-modulenotfound"


class InvalidFileNameError(Exception):
    """The script name is not that of a Python file in the app's folder."""

    def __init__(self, script_file: str) -> None:
        super().__init__(f"Invalid file name: {script_file}")


class AppNotFoundError(Exception):
    """There is no app in the folder."""

    def __init__(self, script_root: Path, script_file: str) -> None:
        super().__init__(
            f"{script_root}: there is no {script_file} in this folder. Give the folder of an app in the "
            "Python v2 programming model with --script-root, or its script with PYTHON_SCRIPT_FILE_NAME."
        )


def import_app(script_root: Path, script_file: str) -> Sequence[Function]:
    """Import the app and return its functions in the order they were declared.

    Args:
        script_root: the app's folder; it is made importable.
        script_file: the file in it that builds the app object.

    Raises:
        InvalidFileNameError, AppNotFoundError: there is nothing to import.
        ImportError: with the advice of the original behind the module's name.
        ValueError: no app object, more than one, or a function without a unique name or a trigger.
        Exception: whatever the app raised while it was imported.
    """
    if not _SCRIPT_NAME.fullmatch(script_file):
        raise InvalidFileNameError(script_file)
    if not (script_root / script_file).is_file():
        raise AppNotFoundError(script_root, script_file)
    _make_importable(str(script_root))
    try:
        module = importlib.import_module(Path(script_file).stem)
        # Once only: a second call takes every name for a duplicate.
        functions: Sequence[Function] = find_app(module, script_file).get_functions()
    except ImportError as error:
        raise _with_advice(error) from error.__cause__
    return functions


def _make_importable(folder: str) -> None:
    """Put the app's folder behind what is installed, which the app must not shadow.

    The real worker puts it at the very end. Here it stands before the folders of editable installs: a
    project that is under development, such as funchost itself, has modules that would hide the app's.
    """
    if folder in sys.path:
        return
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    ends = [position + 1 for position, entry in enumerate(sys.path) if entry in installed]
    sys.path.insert(max(ends, default=len(sys.path)), folder)


def find_app(module: ModuleType, script_file: str) -> FunctionRegister:
    """The one app object among the module's names.

    Raises:
        ValueError: there is none, or more than one name for one.
    Source: Azure Functions Python worker, loader.
    """
    values = (getattr(module, name, None) for name in module.__dir__())
    found = [value for value in values if isinstance(value, FunctionRegister)]
    if not found:
        raise ValueError(f"Could not find top level function app instances in {script_file}.")
    if len(found) > 1:
        raise ValueError(
            f"More than one {type(found[0]).__name__} or other top level function app instances are defined."
        )
    return found[0]


def _with_advice(error: ImportError) -> ImportError:
    advice = (
        "Cannot find module. Please check the requirements.txt file for the missing module. For more info, "
        f"please refer the troubleshooting guide: {_TROUBLESHOOTING}. Current sys.path: {' '.join(sys.path)}"
    )
    text = (error.msg or str(error)).rstrip(".")
    return type(error)(f"{text}. {advice}").with_traceback(error.__traceback__)
