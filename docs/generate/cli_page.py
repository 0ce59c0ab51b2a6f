"""The page of the command line: every verb with its arguments and options, as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from md_text import block, code, page, plain, table

import reprosep.cli  # noqa: F401 (all verbs are registered by it)
from reprosep.cli.app import CORES, app

_OF_THE_MACHINE = {"threads", "workers"}  # options whose default may be the number of its processors
_OWN = ("--help",)  # which typer explains itself


def cli_page() -> str:
    """Markdown of all verbs, grouped as in `reprosep --help`."""
    root = typer.main.get_command(app)
    groups: dict[str, list[str]] = {}
    for names, command in _commands(("reprosep",), root):
        panel = getattr(command, "rich_help_panel", None)
        title = panel if isinstance(panel, str) else next(reversed(groups), "Commands")
        groups.setdefault(title, []).append(_verb(names, command))
    parts = [part for title, verbs in groups.items() for part in (f"## {title}", *verbs)]
    options = _rows(root)
    return page("# Command line", plain(root.help), options and table(["option", "what", "default"], options), *parts)


def _commands(names: tuple[str, ...], group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands((*names, name), command)
        else:
            yield (*names, name), command


def _verb(names: tuple[str, ...], command: Any) -> str:
    pieces = [piece for parameter in command.params for piece in _usage(parameter)]
    rows = _rows(command)
    return page(
        f"### {' '.join(names)}",
        plain(command.help or ""),
        block(" ".join([*names, *pieces, *(["[OPTIONS]"] if _has_options(command) else [])]), "text"),
        rows and table(["", "what", "default"], rows),
    )


def _usage(parameter: Any) -> list[str]:
    """An argument as usage lines have it, or an option that has to be given; none for others."""
    name = parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    if parameter.param_type_name == "argument":
        return [name if parameter.required else f"[{name}]"]
    return [f"{parameter.opts[0]} {name}"] if parameter.required else []


def _has_options(command: Any) -> bool:
    return any(one.param_type_name == "option" and not one.required for one in command.params)


def _rows(command: Any) -> list[list[str]]:
    shown = [one for one in command.params if not one.hidden and not set(one.opts) & set(_OWN)]
    return [[_name(one), _what(one), _default(one)] for one in shown]


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return code(parameter.name.upper())
    return ", ".join(map(code, [*parameter.opts, *parameter.secondary_opts]))


def _what(parameter: Any) -> str:
    several = "May stand several times." if parameter.param_type_name == "option" and parameter.multiple else ""
    variable = f"Variable: `{parameter.envvar}`." if parameter.envvar else ""
    return " ".join(filter(None, [plain(parameter.help or ""), several, variable]))


def _default(parameter: Any) -> str:
    default = parameter.default
    if parameter.required:
        return "needed"
    if parameter.name in _OF_THE_MACHINE and default == CORES and CORES > 1:
        return "all processors"
    if default is None or default is False or callable(default):
        return ""
    listed = default if isinstance(default, (list, tuple)) else [default]
    return ", ".join(code(one) for one in listed)
