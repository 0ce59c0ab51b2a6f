"""What is scored against what in a song, as museval does it.

Two or more estimated targets are scored against the references of just these targets. Where both vocals and
accompaniment are estimated, these two make a task of their own, and the vocals' scores are those of it. A single
estimated target is scored against its reference and the sum of all other references, as the pair of vocals and
accompaniment is; museval itself refuses that case.
"""

from __future__ import annotations

from dataclasses import dataclass

from reprosep.tools.evaluation.layout import ACCOMPANIMENT, Sound


@dataclass(frozen=True)
class Task:
    """References (sounds that are summed) by name, which of them are estimated, and which scores are kept."""

    references: dict[str, list[Sound]]
    estimated: list[str]
    kept: list[str]


def tasks_of(references: dict[str, Sound], estimated: list[str]) -> list[Task]:
    """The tasks of a song, `references` by target and the targets of which there are estimates."""
    alone = {target: [path] for target, path in references.items()}
    if "vocals" in references:
        alone.setdefault(ACCOMPANIMENT, _others(references, "vocals"))
    pair = {"vocals", ACCOMPANIMENT} <= set(estimated)
    main = [target for target in alone if target in estimated and not (pair and target == ACCOMPANIMENT)]
    tasks = []
    if len(main) >= 2:
        kept = [target for target in main if not (pair and target == "vocals")]
        tasks.append(Task({target: alone[target] for target in main}, main, kept))
    elif len(main) == 1 and not pair:
        tasks.append(Task(_against_the_rest(alone, references, main[0]), main, main))
    if pair:
        both = {target: alone[target] for target in ("vocals", ACCOMPANIMENT)}
        tasks.append(Task(both, list(both), list(both)))
    return tasks


def _against_the_rest(
    alone: dict[str, list[Sound]], references: dict[str, Sound], target: str
) -> dict[str, list[Sound]]:
    """The reference of a target and the sum of what it is not."""
    if target == ACCOMPANIMENT:
        return {name: alone[name] for name in (ACCOMPANIMENT, "vocals") if name in alone}
    others = _others(references, target)
    return {target: alone[target], ACCOMPANIMENT: others} if others else {target: alone[target]}


def _others(references: dict[str, Sound], target: str) -> list[Sound]:
    return [path for name, path in references.items() if name not in (target, ACCOMPANIMENT)]
