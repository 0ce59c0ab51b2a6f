"""What the code of a step does, as a digest: its module and all that it imports of the package, computed.

A step that was computed with other code is out of date. But trainings are dear, so only what code *does* counts:

- Comments, docstrings, annotations, layout and the order of imports change nothing, and neither does where code lies: a
  module enters by what it holds, not by its name, so that a renamed file is the same.
- Folders that compute no number are left out (:data:`LEFT_OUT`): what they read of parameters and papers enters as
  values. A step's own folder never is.

A module is as a Merkle tree: its digest is of its own statements and of the digests of the modules it imports, wherever
in the file it does so. What is imported by name at run time (:func:`importlib.import_module`) is not seen.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file

PACKAGE = "reprosep"
LEFT_OUT = ("base", "cli", "dag", "installation", "jobs", "papers", "params", "tools")
_KEPT = Path(".snakemake/reprosep/code.json")
_NEW: list[str] = []  # what was read since
_LETTERS = 16  # of a digest
_UNUSED = ("ctx", "kind", "type_comment", "type_params", "annotation", "returns")  # fields that change nothing


def closure(module: str) -> list[str]:
    """The modules of the package that a module needs, itself among them, sorted."""
    modules, left = set[str](), [module]
    while left:
        name = left.pop()
        if name not in modules:
            modules.add(name)
            left += [one for one in {one for one, _, _ in _source(name).imports} if _counts(one, module)]
    return sorted(modules)


def code_digest(*modules: str) -> str:
    """What the code of some modules, and of all that they import, does."""
    parts = "".join(_digest(name, name) for name in modules)
    _keep()
    return hashlib.sha256(parts.encode()).hexdigest()[:_LETTERS]


def source_files(*modules: str) -> list[str]:
    """The files of these modules and of all that they import, relative to the project."""
    root = _package().parents[1]
    names = {name for module in modules for name in closure(module)}
    return sorted(_path(name).relative_to(root).as_posix() for name in names)


def _package() -> Path:
    return Path(__file__).resolve().parents[1]


def _path(module: str) -> Path:
    """The file of a module, or of a package."""
    path = _package().parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_module(name: str) -> bool:
    return _path(name).is_file()


def _counts(name: str, root: str) -> bool:
    """Whether a module is part of what `root` does."""
    folder = name.split(".")[1] if "." in name else ""
    return folder not in LEFT_OUT or folder == root.split(".")[1]


Imported = tuple[str, str, str]
"""A module, what of it is imported (nothing for the module itself), and the name that it is used by."""


@dataclass(frozen=True)
class Source:
    """What the file of a module says: digest of its own statements, and what it imports of the package, wherever."""

    own: str
    imports: tuple[Imported, ...]


@cache
def _source(module: str) -> Source:
    """Of a module; kept by the content of its file, since reading all of them as Python takes a second."""
    content = _path(module).read_bytes()
    key = hashlib.sha256(content).hexdigest()
    if key not in _kept():
        _kept()[key] = _read(_path(module), content)
        _NEW.append(key)
    own, imports = _kept()[key]
    return Source(own, tuple((name, part, used) for name, part, used in imports))


def _read(path: Path, content: bytes) -> tuple[str, list[Imported]]:
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        raise UserError(f"{path}: cannot be read as Python ({error}); mend or restore the file") from error
    nodes = (node for node in _walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    own = hashlib.sha256("\n".join(_lines(tree)).encode()).hexdigest()
    return own, sorted({imported for node in nodes for imported in _imported_by(node)})


@cache
def _kept() -> dict[str, Any]:
    """Digest of a file -> what it says, of earlier plans in this folder."""
    try:
        return dict(json.loads(_KEPT.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _keep() -> None:
    """For the next plan, where Snakemake has a folder for such things."""
    if _NEW and _KEPT.parent.is_dir():
        with suppress(UserError, OSError), whole_file(_KEPT) as temporary:  # without it the next one takes longer
            temporary.write_text(json.dumps(_kept()), encoding="utf-8")
        _NEW.clear()


def _imported_by(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            if alias.name.split(".")[0] == PACKAGE:
                yield alias.name, "", alias.asname or alias.name.split(".")[-1]
        elif (node.module or "").split(".")[0] == PACKAGE:
            whole = f"{node.module}.{alias.name}"
            used = alias.asname or alias.name
            yield (whole, "", used) if _is_module(whole) else (str(node.module), alias.name, used)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, without what is for type checkers only."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _is_for_type_checkers(child):
            yield from _walk(child)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def _digest(module: str, root: str) -> str:
    """Of a module as part of what `root` does."""
    total = hashlib.sha256(_source(module).own.encode())
    for name, part, used in sorted(_named(module, root)):
        total.update(f"{name} {part} {used}\n".encode())
    return total.hexdigest()


def _named(module: str, root: str) -> Iterator[Imported]:
    """The imports of a module, each module by its digest; one that does not count has none."""
    for name, part, used in _source(module).imports:
        yield (_digest(name, root) if _counts(name, root) else ""), part, used


def _lines(node: ast.AST) -> Iterator[str]:
    """A node as type, values and children, without what changes nothing."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if name in _UNUSED:
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                if not _changes_nothing(one):
                    yield name
                    yield from _lines(one)
            elif one is not None:
                yield f"{name}={one!r}"
    yield "end"


def _changes_nothing(node: ast.AST) -> bool:
    """Whether it is an import of the package, which counts by its digest, a docstring, or for type checkers only."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in (PACKAGE, "__future__")
    if isinstance(node, ast.Import):
        return all(alias.name.split(".")[0] == PACKAGE for alias in node.names)
    return _is_for_type_checkers(node)
