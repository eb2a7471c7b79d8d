"""What a deployment takes along, and what it lacks: requirements, files, host.json and app settings.

Reads files and the metadata of installed packages; asks no package index.
Source: Azure Functions Core Tools, publish of Python apps; Azure Functions, supported Python versions.
"""

import ast
import fnmatch
import functools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from funchost.doctor.findings import Finding, Severity
from funchost.doctor.syntax import App, Module
from funchost.settings.table import DURABLE_TASK, TABLE

REQUIREMENTS = "requirements.txt"
FUNCTIONS_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

_THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_FUNCIGNORE = ".funcignore"
_BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"
# Core Tools leaves these out without being told.
_NEVER_DEPLOYED = frozenset({".git", ".vscode", "local.settings.json"})
_NOT_FOR_AZURE = {
    ".venv": "a virtual environment of this machine",
    "venv": "a virtual environment of this machine",
    ".env": "settings that may be secret",
    ".funchost": "the local task hub and its keys",
    "node_modules": "packages of Node.js",
    "__azurite_db_queue__.json": "data of the storage emulator",
    "tests": "tests",
}
_NAMESPACES = frozenset({"azure", "google", "opentelemetry"})
_OWN_SETTINGS = frozenset(
    {
        "AzureWebJobsStorage",
        "FUNCTIONS_WORKER_RUNTIME",
        "AzureWebJobsFeatureFlags",
        "FUNCTIONS_WORKER_PROCESS_COUNT",
        "PYTHON_THREADPOOL_THREAD_COUNT",
    }
)


def check_requirements(root: Path, app: App) -> Iterator[Finding]:
    """What requirements.txt lacks, and what it asks for that Azure has not, or that is not tested here."""
    path = root / REQUIREMENTS
    if _THIS_PYTHON not in FUNCTIONS_PYTHONS:
        yield Finding(
            Severity.WARNING,
            "python-version",
            f"Python {_THIS_PYTHON}",
            f"It runs the app here; Azure Functions has {_listed(FUNCTIONS_PYTHONS)}.",
            "Run funchost with the version that the function app will have.",
        )
    if not path.is_file():
        yield Finding(
            Severity.ERROR,
            "requirements",
            REQUIREMENTS,
            "It is missing, so Azure installs no package for the app.",
            "Write it, with azure-functions and azure-functions-durable at the least.",
        )
        return
    required: dict[str, tuple[int, Requirement]] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            if not line.startswith(("-", "http", ".", "/", "git+")):
                yield Finding(
                    Severity.ERROR,
                    "requirements",
                    f"{REQUIREMENTS}:{number}",
                    f"'{line}' cannot be read: {str(error).splitlines()[0]}.",
                    "Write the name of a package and its versions, for example azure-functions>=1.21.",
                )
            continue
        if line:
            required[canonicalize_name(requirement.name)] = (number, requirement)
    yield from _unsuitable(required)
    yield from _missing(required, app)


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        plain = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        # A hash or a continuation belongs to pip, not to the requirement.
        yield re.split(r"\s--hash|\s*\\$", plain)[0] or "-"


def _unsuitable(required: Mapping[str, tuple[int, Requirement]]) -> Iterator[Finding]:
    for name, (number, requirement) in required.items():
        place = f"{REQUIREMENTS}:{number}"
        if name in ("azure-functions-worker", "funchost"):
            why = "Azure brings it itself" if name != "funchost" else "it is for this machine only"
            yield Finding(
                Severity.WARNING,
                "requirements",
                place,
                f"{requirement.name} does not belong into a deployment: {why}.",
                "Remove the line; install it into the development environment.",
            )
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if requirement.specifier and not requirement.specifier.contains(installed.version, prereleases=True):
            yield Finding(
                Severity.WARNING,
                "untested-version",
                place,
                f"It asks for {requirement}, and {installed.version} is installed here.",
                f"Install what is deployed: pip install -r {REQUIREMENTS}.",
            )
        elif not _runs_on_azure(installed):
            yield Finding(
                Severity.ERROR,
                "python-version",
                place,
                f"{name} {installed.version} needs Python {installed.metadata['Requires-Python']}; "
                f"Azure Functions has {_listed(FUNCTIONS_PYTHONS)}.",
                "Ask for an older version of the package.",
            )


def _runs_on_azure(installed: metadata.Distribution) -> bool:
    try:
        needed = SpecifierSet(installed.metadata["Requires-Python"] or "")
    except InvalidSpecifier:
        return True
    return any(needed.contains(f"{version}.99") for version in FUNCTIONS_PYTHONS)


def _missing(required: Mapping[str, tuple[int, Requirement]], app: App) -> Iterator[Finding]:
    """Imports of packages that no line installs, neither by itself nor through another package."""
    brought = _with_dependencies(required)
    told: set[str] = set()
    for module in app.modules.values():
        for node, name in _needed_imports(module):
            top = name.partition(".")[0]
            is_own = any(own == top or own.startswith(f"{top}.") for own in app.modules)
            packages = _packages(name)
            if top in sys.stdlib_module_names or is_own or packages & (brought | told):
                continue
            told |= packages
            yield Finding(
                Severity.ERROR,
                "requirements",
                module.place(node),
                f"It imports {name}, and no line of {REQUIREMENTS} installs that.",
                f"Add {' or '.join(sorted(packages))} to {REQUIREMENTS}.",
            )


def _needed_imports(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Imports of other packages that the app cannot do without."""
    optional = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Try) or (isinstance(node, ast.If) and _is_type_checking(module, node))
        for inner in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if id(node) in optional:
            continue
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


def _is_type_checking(module: Module, node: ast.If) -> bool:
    return (module.dotted(node.test) or "").endswith("TYPE_CHECKING")


def _packages(name: str) -> set[str]:
    """The packages that may hold this module: those installed here, else one of its own name.

    `azure.storage.blob` is in a namespace that many packages share; each is named like its module.
    """
    parts = name.split(".")
    if parts[:2] == ["azure", "durable_functions"]:
        return {"azure-functions-durable"}
    installed: set[str] = {canonicalize_name(each) for each in _distributions().get(parts[0], ())}
    if len(installed) == 1 and parts[0] not in _NAMESPACES:
        return installed
    for length in range(len(parts), 0, -1):
        named = canonicalize_name("-".join(parts[:length]))
        if named in installed:
            return {named}
    return {canonicalize_name("-".join(parts[: 3 if parts[0] in _NAMESPACES else 1]))}


@functools.cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


def _with_dependencies(required: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(required)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            dependencies = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        needed = [Requirement(text) for text in dependencies]
        waiting += [
            canonicalize_name(each.name)
            for each in needed
            if each.marker is None or each.marker.evaluate({"extra": ""})
        ]
    return found


def check_files(root: Path) -> Iterator[Finding]:
    """Files that .funcignore forgets."""
    path = root / _FUNCIGNORE
    patterns = (
        [] if not path.is_file() else path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    )
    patterns = [line.strip().strip("/") for line in patterns if line.strip() and not line.startswith("#")]
    for name, holds in _NOT_FOR_AZURE.items():
        is_left_out = any(fnmatch.fnmatch(name, pattern.removeprefix("**/")) for pattern in patterns)
        if (root / name).exists() and name not in _NEVER_DEPLOYED and not is_left_out:
            yield Finding(
                Severity.NOTE if name == "tests" else Severity.WARNING,
                "deployed-files",
                name,
                f"A deployment takes it along: {holds}.",
                f"Add {name} to {_FUNCIGNORE}.",
            )


def check_host_json(
    document: Mapping[str, Any], *, is_durable: bool, requires_grpc: bool
) -> Iterator[Finding]:
    """What host.json lacks for Azure, and what it says that has an effect on Azure only."""
    bundle = document.get("extensionBundle")
    identity = bundle.get("id") if isinstance(bundle, Mapping) else None
    if is_durable and not identity:
        yield Finding(
            Severity.ERROR,
            "extension-bundle",
            "host.json: extensionBundle",
            "It is missing. funchost needs none; on Azure and under func no durable function starts without.",
            f'Add "extensionBundle": {{"id": "{_BUNDLE}", "version": "[4.*, 5.0.0)"}}.',
        )
    elif requires_grpc and identity == _BUNDLE:
        yield Finding(
            Severity.WARNING,
            "extension-bundle",
            "host.json: extensionBundle",
            "azure-functions-durable 2.x speaks gRPC, which only the preview bundle understands from Python.",
            f'Use the id "{_BUNDLE}.Preview" until the stable bundle has it.',
        )
    for row in TABLE:
        given = _at(document, row.key)
        if row.unnoticed_as is not None and given is not None and str(given).casefold() != row.unnoticed_as:
            yield Finding(
                Severity.NOTE,
                "azure-only",
                f"host.json: {row.key}",
                "It changes what happens on Azure and has no effect here.",
                "Try what depends on it on Azure.",
            )
    provider = _at(document, f"{DURABLE_TASK}.storageProvider.type")
    if provider is not None and str(provider).casefold() != "azurestorage":
        yield Finding(
            Severity.NOTE,
            "azure-only",
            f"host.json: {DURABLE_TASK}.storageProvider.type",
            f"On Azure the task hub is in '{provider}'; here it is a SQLite file.",
            "Measure speed and limits of that store on Azure.",
        )


def _at(document: Any, key: str | None) -> Any:
    for part in (key or "").split("."):
        sections = (
            {name.casefold(): value for name, value in document.items()}
            if isinstance(document, Mapping)
            else {}
        )
        document = sections.get(part.casefold())
    return document


def check_app_settings(app: App, values: Mapping[str, str]) -> Iterator[Finding]:
    """App settings that must be made on Azure by hand: local.settings.json is not deployed."""
    names = sorted(name for name in values if name not in _OWN_SETTINGS and not name.startswith("FUNCHOST_"))
    if names:
        yield Finding(
            Severity.NOTE,
            "app-settings",
            "local.settings.json",
            f"Its values stay on this machine: {', '.join(names)}.",
            "Make them app settings of the function app.",
        )
    for name in sorted(name for name in values if name.startswith("FUNCHOST_")):
        yield Finding(
            Severity.NOTE,
            "here-only",
            f"local.settings.json: {name}",
            "It is a setting of funchost and means nothing on Azure.",
            "Do not rely on it there.",
        )
    for module in app.modules.values():
        for node in ast.walk(module.tree):
            setting = _demanded_setting(module, node)
            if setting and setting not in values and setting not in _OWN_SETTINGS:
                yield Finding(
                    Severity.NOTE,
                    "app-settings",
                    module.place(node),
                    f"It needs the app setting {setting}, which local.settings.json does not have.",
                    "Make it an app setting of the function app, and add it to local.settings.json.",
                )


def _demanded_setting(module: Module, node: ast.AST) -> str | None:
    """The name in `os.environ["NAME"]`, which fails where the setting is missing."""
    match node:
        case ast.Subscript(value=ast.expr() as mapping, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            return name if module.dotted(mapping) == "os.environ" else None
    return None


def _listed(versions: Iterable[str]) -> str:
    *others, last = versions
    return f"{', '.join(others)} and {last}"
