"""The app's Python files as syntax trees: what a name in them means, and which functions they define.

Nothing is imported or run. A name is followed through imports of modules and of names, also between the
app's own files; what a program does to its names while it runs is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_ALLOWED = re.compile(r"#\s*funchost:\s*allow\s+([\w, -]+)")


@dataclass(frozen=True, slots=True)
class Definition:
    """A function at the top of a module."""

    module: Module
    node: FunctionNode

    @property
    def place(self) -> str:
        """Its file and line."""
        return self.module.place(self.node)


@dataclass(slots=True)
class Module:
    """One file.

    `imported` are the dotted names of all that it imports, modules and names of modules alike. `aliases`
    tells for each name that an import binds the dotted name that it stands for.
    """

    name: str
    path: str
    tree: ast.Module
    lines: tuple[str, ...]
    imported: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    functions: dict[str, FunctionNode] = field(default_factory=dict)

    def place(self, node: ast.AST) -> str:
        """The file and the line of a node."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def text(self, node: ast.expr) -> str:
        """The node as it is written, on its first line."""
        end = node.end_col_offset if node.end_lineno == node.lineno else None
        return self.lines[node.lineno - 1].encode()[node.col_offset : end].decode(errors="replace")

    def allows(self, node: ast.AST, check: str) -> bool:
        """Whether the node's line ends with `# funchost: allow <check>`."""
        number = getattr(node, "lineno", 1)
        match = _ALLOWED.search(self.lines[number - 1]) if number <= len(self.lines) else None
        return match is not None and check in re.split(r"[,\s]+", match[1])

    def dotted(self, node: ast.expr) -> str | None:
        """The full name that a name or attribute stands for, such as `datetime.datetime.now`; None for other
        expressions."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])


class App:
    """The script of an app and the files of its folder that it imports, directly or not.

    `modules` are those that could be read, by their dotted names; `unreadable` are the paths of the others,
    each with the reason.
    """

    def __init__(self, root: Path, script_file: str) -> None:
        self.modules: dict[str, Module] = {}
        self.unreadable: dict[str, str] = {}
        waiting = [Path(script_file)]
        seen: set[Path] = set()
        while waiting:
            relative = waiting.pop()
            if relative in seen:
                continue
            seen.add(relative)
            module = self._read(root, relative)
            if module is not None:
                self.modules[module.name] = module
                for name in module.imported:
                    waiting.extend(_files_of(root, name))

    def _read(self, root: Path, relative: Path) -> Module | None:
        try:
            source = (root / relative).read_text(encoding="utf-8-sig")
            return _module(relative, ast.parse(source), source)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.unreadable[relative.as_posix()] = str(error)
            return None

    def definition(self, name: str) -> Definition | None:
        """The app's function under a full dotted name, also when a package hands it on."""
        for _ in range(len(self.modules) + 1):
            module_name, _, function = name.rpartition(".")
            module = self.modules.get(module_name)
            if module is None:
                return None
            if (node := module.functions.get(function)) is not None:
                return Definition(module, node)
            if function not in module.aliases:
                return None
            name = module.aliases[function]
        return None

    def called_by(self, definition: Definition) -> Iterator[Definition]:
        """The app's functions that a function calls by name; each once for each call."""
        module = definition.module
        for node in ast.walk(definition.node):
            if isinstance(node, ast.Call) and (name := module.dotted(node.func)):
                found = self.definition(name) or self.definition(f"{module.name}.{name}")
                if found is not None:
                    yield found

    def decorated(self, attribute: str) -> Iterator[Definition]:
        """The functions with a decorator such as `@app.orchestration_trigger(...)`."""
        for module in self.modules.values():
            for node in module.functions.values():
                if any(_decorator_name(each) == attribute for each in node.decorator_list):
                    yield Definition(module, node)


def _files_of(root: Path, name: str) -> Iterator[Path]:
    """The files in the folder that hold a module: its own and those of the packages around it."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        place = Path(*parts[:length])
        for relative in (place / "__init__.py", place.with_suffix(".py")):
            if (root / relative).is_file():
                yield relative


def _module(relative: Path, tree: ast.Module, source: str) -> Module:
    parts = relative.with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    module = Module(name, relative.as_posix(), tree, tuple(source.splitlines()))
    package = parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            module.aliases |= _imported_modules(node)
            module.imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = _imported_names(node, package)
            module.aliases |= names
            module.imported |= set(names.values())
    module.functions = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return module


def _imported_modules(node: ast.Import) -> Mapping[str, str]:
    # `import a.b` binds `a`; `import a.b as c` binds the module itself.
    return {
        alias.asname or alias.name.partition(".")[0]: alias.name
        if alias.asname
        else alias.name.partition(".")[0]
        for alias in node.names
    }


def _imported_names(node: ast.ImportFrom, package: tuple[str, ...]) -> Mapping[str, str]:
    base = node.module or ""
    if node.level:
        above = package[: len(package) - (node.level - 1)]
        base = ".".join([*above, *([node.module] if node.module else [])])
    prefix = f"{base}." if base else ""
    return {alias.asname or alias.name: f"{prefix}{alias.name}" for alias in node.names if alias.name != "*"}


def _decorator_name(node: ast.expr) -> str | None:
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else None
