"""The classes of instruments that corpora of MedleyDB's layout are listed by."""

from __future__ import annotations

from reprosep.base.project import read_yaml, repository


def instrument_classes() -> dict[str, list[str]]:
    """Class -> instrument labels of the MedleyDB taxonomy, from workflow/instruments.yaml."""
    table = read_yaml(repository() / "workflow" / "instruments.yaml")
    return {str(name): [str(label) for label in labels] for name, labels in table["classes"].items()}
