"""Stand-ins for packages of `azurefunctions.extensions` that are not installed.

An app imports them at its top, so that a missing one would stop every function. With stand-ins the import
goes through: a function whose parameters or result have a type of the package is in error, the others run,
and whoever uses anything else of it is told what to install. A package that is installed is never replaced.
"""

import importlib.machinery
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType
from typing import Any, NoReturn

_FAMILY = "azurefunctions"
_PACKAGE_LEVELS = 4


class MissingExtensionError(ModuleNotFoundError):
    """Something of a package that is not installed is used."""

    def __init__(self, module: str, what: str) -> None:
        super().__init__(f"{what} {advice(module)}", name=module)


class StandIn:
    """The base of the classes that stand in for those of a missing package."""

    def __new__(cls, *_: Any, **__: Any) -> NoReturn:
        """Raises MissingExtensionError."""
        raise MissingExtensionError(cls.__module__, f"{cls.__name__} cannot be used.")


def stand_in_for(error: ModuleNotFoundError) -> bool:
    """Have stand-ins take the place of missing packages from now on, if one of them raised this error.

    Modules that were half imported must be imported again.
    """
    if not f"{error.name}.".startswith(f"{_FAMILY}."):
        return False
    sys.meta_path.append(_StandInFinder())
    return True


def is_stand_in(annotation: Any) -> bool:
    """Whether the type stands in for one of a missing package."""
    return isinstance(annotation, type) and issubclass(annotation, StandIn)


def advice(module: str) -> str:
    """What to install for a module of a missing package."""
    package = "-".join(module.split(".")[:_PACKAGE_LEVELS])
    return (
        f"The package {package} is not installed. Add it to requirements.txt, and run: {sys.executable} -m "
        f"pip install {package}"
    )


class _StandInModule(ModuleType):
    """A module in which every public name is a stand-in."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("_"):
            raise AttributeError(name)
        found = type(name, (StandIn,), {"__module__": self.__name__})
        setattr(self, name, found)
        return found


class _StandInLoader(Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to execute."""


class _StandInFinder(MetaPathFinder):
    """Comes last, so that it is asked only for what is nowhere else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{_FAMILY}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, _StandInLoader(), is_package=True)
