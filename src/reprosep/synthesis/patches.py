"""The table of patches, ``workflow/patches.yaml``: which sounds a class of instruments may have.

A patch is a preset of a soundfont, or an instrument plugin, and a chain of effects with settings of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError, model_validator

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.base.validation import explain
from reprosep.params.section import Section
from reprosep.synthesis.effects import Chain, board
from reprosep.synthesis.fluidsynth import Preset, bundled_font
from reprosep.synthesis.plugins import SUFFIXES, load
from reprosep.synthesis.programs import DRUMS
from reprosep.synthesis.soundfonts import presets

BUNDLED = "bundled"  # instead of a path: the soundfont that comes with pretty_midi
_DEFAULT_FONT = "TimGM6mb"
_MOST_BANK, _MOST_PRESET = 16383, 127

Settings = dict[str, dict[str, float]]
Program = Annotated[int, Field(ge=0, le=DRUMS)]


class _Patch(Section):
    """One row of the table."""

    preset: (
        Annotated[
            tuple[Annotated[int, Field(ge=0, le=_MOST_BANK)], Annotated[int, Field(ge=0, le=_MOST_PRESET)]],
            Field(strict=False),
        ]
        | None
    ) = None
    soundfont: str = _DEFAULT_FONT
    plugin: str | None = None
    state: str | None = None
    effects: str
    changes: Annotated[Settings, Field(alias="with")] = {}

    @model_validator(mode="after")
    def _agree(self) -> _Patch:
        if (self.preset is None) == (self.plugin is None):
            raise ValueError("a patch needs either a preset or a plugin; give one of the two")
        if self.plugin and not self.plugin.endswith(SUFFIXES):
            raise ValueError(f"plugin: '{self.plugin}' must end with {' or '.join(SUFFIXES)}")
        return self


class _Class(Section):
    programs: Annotated[list[Program], Field(min_length=1)]
    patches: Annotated[dict[str, _Patch], Field(min_length=1)]


class _Table(Section):
    soundfonts: dict[str, str]
    effects: dict[str, Settings]
    classes: dict[str, _Class]


@dataclass(frozen=True)
class Patch:
    """A sound: a soundfont with its preset or a plugin with its state, and a chain of effects."""

    name: str
    chain: Chain
    font: Path | None = None
    preset: Preset = (0, 0)
    plugin: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class PatchTable:
    """The patches of every class that can be played on this machine, and the class of every program."""

    path: Path
    patches: Mapping[str, tuple[Patch, ...]]
    classes: Mapping[int, str]

    def of_program(self, program: int) -> tuple[Patch, ...]:
        """The patches that a program may have; none for programs that are not rendered."""
        return self.patches.get(self.classes.get(program, ""), ())

    def draw(self, program: int, seed: list[int]) -> Patch | None:
        """The patch that a program has in the song of that seed; None when it is not rendered."""
        patches = self.of_program(program)
        if not patches:
            return None
        return patches[int(np.random.default_rng([*seed, program]).integers(len(patches)))]

    def check(self) -> None:
        """See that every soundfont, preset, plugin and effect is there, before anything is computed.

        Raises
        ------
        UserError
            One sentence that names the first that is missing.
        """
        for patch in (patch for patches in self.patches.values() for patch in patches):
            where = f"{self.path}: patch '{patch.name}'"
            board(patch.chain, where)
            if patch.plugin:
                load(patch.plugin, patch.state)
            elif patch.font and patch.preset not in (known := presets(patch.font)):
                bank, number = patch.preset
                raise UserError(
                    f"{where}: bank {bank} has no preset {number} in {patch.font.name}; "
                    f"expected one of its {len(known)} presets, e.g. {list(_nearest(patch.preset, known))}"
                )

    def content(self) -> list[Any]:
        """All that decides how patches sound, for recipes."""
        return [
            [name, [(p.name, p.chain, p.font and p.font.name, p.preset, p.plugin, p.state) for p in patches]]
            for name, patches in self.patches.items()
        ]


def default_table() -> Path:
    """``workflow/patches.yaml`` of the project."""
    return repository() / "workflow" / "patches.yaml"


@functools.lru_cache(maxsize=4)
def load_table(path: Path, other_soundfonts: bool = False) -> PatchTable:
    """The table of a file; patches of other soundfonts than the bundled only when asked for, and installed.

    Raises
    ------
    UserError
        When a key, a soundfont's or a chain's name is wrong, or a program is in two classes.
    """
    try:
        table = _Table.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path}: {explain(error, _Table, 'workflow/patches.yaml')}") from error
    fonts = {name: bundled_font() if file == BUNDLED else Path(file) for name, file in table.soundfonts.items()}
    classes: dict[str, tuple[Patch, ...]] = {}
    for name, content in table.classes.items():
        rows = {row: patch for row, patch in content.patches.items() if _is_wanted(patch, table, other_soundfonts)}
        classes[name] = tuple(_patch(path, row, patch, table, fonts) for row, patch in rows.items())
        if not rows:
            missing = sorted({table.soundfonts[patch.soundfont] for patch in content.patches.values()})
            raise UserError(
                f"{path}: class '{name}': none of its {len(content.patches)} patches can be played here; "
                f"install {' or '.join(missing)} and set rendering.other_soundfonts, or give it a patch of a "
                f"soundfont that is '{BUNDLED}'"
            )
    return PatchTable(path, classes, _class_of_program(path, table))


def _is_wanted(patch: _Patch, table: _Table, others: bool) -> bool:
    """Whether a patch may be drawn: those of other soundfonts when asked for, where the file is installed."""
    file = table.soundfonts.get(patch.soundfont)
    if patch.plugin or file is None or file == BUNDLED:
        return True
    return others and Path(file).is_file()


def _patch(path: Path, name: str, patch: _Patch, table: _Table, fonts: Mapping[str, Path]) -> Patch:
    for kind, wanted, known in (
        ("effects", patch.effects, table.effects),
        ("soundfont", patch.soundfont, table.soundfonts),
    ):
        if wanted not in known:
            raise UserError(
                f"{path}: patch '{name}': {kind}: unknown '{wanted}'{near_match(wanted, known)}; "
                f"allowed: {', '.join(known)}"
            )
    chain = table.effects[patch.effects]
    if stray := [effect for effect in patch.changes if effect not in chain]:
        raise UserError(
            f"{path}: patch '{name}': with: chain '{patch.effects}' has no effect '{stray[0]}'"
            f"{near_match(stray[0], chain)}; allowed: {', '.join(chain)}"
        )
    chain = {effect: settings | patch.changes.get(effect, {}) for effect, settings in chain.items()}
    if patch.plugin:
        return Patch(name, chain, plugin=patch.plugin, state=patch.state)
    assert patch.preset is not None
    return Patch(name, chain, fonts[patch.soundfont], patch.preset)


def _class_of_program(path: Path, table: _Table) -> dict[int, str]:
    by_program: dict[int, str] = {}
    for name, content in table.classes.items():
        for program in content.programs:
            if program in by_program:
                raise UserError(
                    f"{path}: program {program} is in the classes '{by_program[program]}' and '{name}'; expected one, "
                    "take it out of the other"
                )
            by_program[program] = name
    return by_program


def _nearest(preset: Preset, known: Iterable[Preset]) -> Preset:
    """The preset of the nearest bank and number."""
    distances = [(abs(bank - preset[0]), abs(number - preset[1]), bank, number) for bank, number in known]
    return min(distances)[2:]
