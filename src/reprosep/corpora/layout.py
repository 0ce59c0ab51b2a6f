"""What every corpus layout is read into: songs with their stems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository

MIXED = "mixed"  # target of stems that may hold several instruments


@dataclass(frozen=True)
class Stem:
    """One recorded stem. `target` is its class, '' when it has none, or 'mixed'; `stream` is its number in the file.

    Where several labels of a stem are known, `instrument` joins them with ``", "``.
    """

    name: str
    path: str
    instrument: str
    target: str
    stream: int = 0


@dataclass(frozen=True)
class Song:
    """One song; `split` is '' where the layout does not tell it."""

    name: str
    artist: str
    split: str
    stems: list[Stem] = field(default_factory=list)
    bleed: bool = False
    mixture: Stem | None = None  # the published mixture, where there is one


class Faults:
    """What a reader does about a song that it cannot read: raises, or with `keep` notes it and reads the others.

    ``with faults.of(name, path): …`` surrounds the reading of one song; `errors` holds (name, path, error).
    """

    def __init__(self, keep: bool = False) -> None:
        self.keep = keep
        self.errors: list[tuple[str, str, UserError]] = []

    @contextmanager
    def of(self, name: str, path: object) -> Iterator[None]:
        """Surrounds the reading of one song."""
        try:
            yield
        except UserError as error:
            if not self.keep:
                raise
            self.errors.append((name, str(path), error))


class InstrumentTable:
    """workflow/instruments.yaml: which instrument label belongs to which class."""

    def __init__(self) -> None:
        table = read_yaml(repository() / "workflow" / "instruments.yaml")
        self._class = {label.casefold(): name for name, labels in table["classes"].items() for label in labels}
        self._class |= {label.casefold(): MIXED for label in table["mixed"]}
        self._class |= {label.casefold(): "" for label in table["others"]}

    def target(self, label: str, where: str) -> str:
        """The class of a label; :class:`UserError` names `where` it stands when it is unknown."""
        known = self._class.get(label.casefold())
        if known is None:
            raise UserError(
                f"{where}: unknown instrument '{label}'{near_match(label, self._class)}; "
                "mend the label or add it to workflow/instruments.yaml",
                "unknown-instrument",
            )
        return known

    def target_or_mixed(self, label: str, where: str) -> str:
        """The class of a label; 'mixed' when it is unknown, as the free-text labels of raw tracks often are."""
        return self._class.get(label.casefold(), MIXED)


def class_by_program(label: str, target: str) -> str:
    """The class, as MedleyDB's recordings have it, of a stem of Slakh's layout: its guitars by their program.

    `label` is the catalog's, ``<General MIDI family>: <program>``; `target` stays where no class has the program.
    """
    program = label.partition(": ")[2].casefold()
    table = read_yaml(repository() / "workflow" / "instruments.yaml")["programs"]
    return next((str(name) for name, programs in table.items() if program in map(str.casefold, programs)), target)
