"""The classes of instruments that corpora of MedleyDB's layout are listed by, and tables of further ones."""

from __future__ import annotations

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository

CLASS_TABLES = "workflow/classes"
_PARTS = ("labels", "programs")


def instrument_classes() -> dict[str, list[str]]:
    """Class -> instrument labels of the MedleyDB taxonomy, from workflow/instruments.yaml."""
    table = read_yaml(repository() / "workflow" / "instruments.yaml")
    return {str(name): [str(label) for label in labels] for name, labels in table["classes"].items()}


def class_tables() -> list[str]:
    """The names of the tables of further classes."""
    return sorted(path.stem for path in (repository() / CLASS_TABLES).glob("*.yaml"))


def further_classes(name: str) -> dict[str, dict[str, list[str]]]:
    """Class -> its `labels` in MedleyDB's layout and its `programs` in Slakh's; ``mixed`` of what may be of several.

    Raises
    ------
    UserError
        When there is no such table, or it says a thing twice or another than these.
    """
    if name not in class_tables():
        known = ", ".join(class_tables())
        raise UserError(f"unknown table of classes '{name}'{near_match(name, class_tables())}; allowed: {known}")
    path, content = f"{CLASS_TABLES}/{name}.yaml", read_yaml(repository() / CLASS_TABLES / f"{name}.yaml")
    if {*content} != {"classes", "mixed"}:
        raise UserError(f"{path}: keys {', '.join(content)}; expected classes and mixed")
    table = {**content["classes"], "mixed": content["mixed"]}
    for part in _PARTS:
        _check_once(path, part, table)
    return table


def _check_once(path: str, part: str, table: dict[str, dict[str, list[str]]]) -> None:
    """See that every class lists a part, and none what another has."""
    owner: dict[str, str] = {}
    for name, lists in table.items():
        if not isinstance(lists, dict) or {*lists} != {*_PARTS}:
            raise UserError(f"{path}: '{name}' holds {lists!r:.60}; expected lists of {' and '.join(_PARTS)}")
        for word in lists[part]:
            other = owner.setdefault(str(word).casefold(), name)
            if other != name:
                raise UserError(f"{path}: '{word}' is in {other} and in {name}; keep one of the two")
