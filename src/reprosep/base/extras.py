"""Packages that only some verbs need: what a verb says where they are not installed."""

from __future__ import annotations

import re
from importlib import metadata

from reprosep.base.errors import UserError

_OF_VERB = {"separate": "separate", "activity": "separate", "get": "separate", "render": "render"}
_OTHERS = "workflow"  # what all other verbs are for


def missing_package(error: ModuleNotFoundError, verb: str) -> UserError | None:
    """One sentence with the command that brings what a verb needs; None where its extra is whole: then it is a bug."""
    module, extra = (error.name or "").partition(".")[0], _OF_VERB.get(verb, _OTHERS)
    if module in ("", "reprosep") or not missing_of(extra):
        return None
    return UserError(
        f"`reprosep {verb}` needs '{module}', which is not installed; bring it, and all else that it needs, with "
        f"`pip install 'reprosep[{extra}]'`"
    )


def check_extra(extra: str, purpose: str) -> None:
    """:class:`UserError` where not all packages of an extra are installed."""
    if missing := missing_of(extra):
        raise UserError(
            f"{purpose} needs {', '.join(missing)}, not installed here; bring it with `pip install 'reprosep[{extra}]'`"
        )


def missing_of(extra: str) -> list[str]:
    """The distributions of an extra of this project that are not installed."""
    return sorted(name for name in distributions(extra) if not _is_installed(name))


def distributions(extra: str = "") -> set[str]:
    """The distributions that an extra names, those of extras in it too; of none, what every installation has."""
    names: set[str] = set()
    for line in metadata.requires("reprosep") or []:
        wanted, _, marker = line.partition(";")
        if (re.findall(r"extra == ['\"]([\w-]+)['\"]", marker) or [""]) != [extra]:
            continue
        name, _, inner = wanted.strip().partition("[")
        if name == "reprosep":
            names |= {one for part in inner.partition("]")[0].split(",") for one in distributions(part.strip())}
        else:
            names.add(re.split(r"[^\w.-]", name)[0])
    return names


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
