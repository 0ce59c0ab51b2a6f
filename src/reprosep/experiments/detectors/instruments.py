"""The instruments that activity detectors know, and the classes of the separation papers that they belong to.

References
----------
Gururani, Summers, Lerch (ISMIR 2018), of which the group's page says that there are 18; Hung and Lerch 2020, Section
4.2.3 (which of them are one class).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.params.instruments import instrument_classes
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

TABLE = "workflow/detected-instruments.yaml"


@lru_cache(maxsize=1)
def instrument_table() -> dict[str, list[str]]:
    """Instrument -> labels of stems that are one, from ``workflow/detected-instruments.yaml``.

    Raises
    ------
    UserError
        When an instrument has no list of labels, or two have the same label.
    """
    content = read_yaml(repository() / TABLE).get("instruments")
    if not isinstance(content, dict):
        raise UserError(f"{TABLE}: instruments: missing; expected a mapping of instruments to labels of stems")
    for name, labels in content.items():
        if not isinstance(labels, list) or not labels:
            raise UserError(f"{TABLE}: instruments.{name}: {labels!r}, expected a list of labels of stems")
    table = {str(name): [str(label) for label in labels] for name, labels in content.items()}
    owner: dict[str, str] = {}
    for name, labels in table.items():
        for label in labels:
            if owner.setdefault(label.casefold(), name) != name:
                raise UserError(f"{TABLE}: label '{label}' is of '{owner[label.casefold()]}' and of '{name}'; keep one")
    return table


def check_instruments(params: Params) -> None:
    """:class:`UserError` for the first of ``detection.instruments`` that the table lacks."""
    known = instrument_table()
    for name in params.detection.instruments:
        if name not in known:
            raise UserError(
                f"params: detection.instruments: unknown instrument '{name}'{near_match(name, known)}; "
                f"add it to {TABLE} or take one of: {', '.join(known)}"
            )


def instruments_of(labels: Iterable[str], chosen: Sequence[str]) -> list[str | None]:
    """The chosen instrument of every label of a stem; None where it is none of them."""
    table = instrument_table()
    owner = {label.casefold(): name for name in chosen for label in table[name]}
    return [owner.get(str(label).casefold()) for label in labels]


def instruments_of_class(target: str, chosen: Sequence[str]) -> list[str]:
    """The chosen instruments all of whose labels are a class of the separation papers, such as ``vocals``."""
    labels = {label.casefold() for label in instrument_classes().get(target, [])}
    table = instrument_table()
    return [name for name in chosen if all(label.casefold() in labels for label in table[name])]


def with_instruments(stems: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    """The stems of a catalog that are one of the chosen instruments, named in the column ``instrument``."""
    import pandas as pd  # here, since planning asks for names alone

    named = stems.assign(instrument=pd.Series(instruments_of(stems["instrument"], chosen), stems.index, dtype=object))
    return named[named["instrument"].notna()]
