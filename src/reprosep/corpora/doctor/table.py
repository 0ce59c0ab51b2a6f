"""The examination as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from reprosep.corpora.doctor.examine import Examination
from reprosep.corpora.doctor.findings import NOTES, Finding


def summary(examination: Examination) -> str:
    """One line: how much was read and how much of it is wrong."""
    record = examination.record()
    wrong = sum(finding.check not in NOTES for finding in examination.findings)
    notes = len(examination.findings) - wrong
    verdict = f"{wrong} thing{'s' * (wrong != 1)} wrong" if wrong else "nothing is wrong"
    noted = f", {notes} known erratum{'s' * (notes != 1)}".replace("erratums", "errata") if notes else ""
    read = f"{record['songs']} songs, {record['recordings']} stems, {record['minutes']:.1f} min of sound"
    formats = f"{_joined(record['sample_rates'])} Hz, {_joined(record['channels'])} channels"
    described = f"{read}, {formats}" if record["recordings"] else read
    return f"{examination.name}: {described}; {verdict}{noted} ({examination.seconds:.0f} s)"


def _joined(values: Sequence[Any]) -> str:
    return " and ".join(str(value) for value in values)


def table(findings: Sequence[Finding], shown: int) -> Table:
    """What is wrong, and the remedy; of each check the first `shown` findings."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    result.add_column("check", no_wrap=True)
    result.add_column("what is wrong", overflow="fold", ratio=3)
    result.add_column("remedy", overflow="fold", ratio=2)
    for check in dict.fromkeys(finding.check for finding in findings):
        group = [finding for finding in findings if finding.check == check]
        for number, finding in enumerate(group[:shown]):
            same = number and finding.remedy == group[number - 1].remedy
            remedy = "as above" if same else _escaped(finding.remedy)
            result.add_row(
                "" if number else check, f"[bold]{_escaped(finding.path)}[/]\n{_escaped(finding.problem)}", remedy
            )
        if len(group) > shown:
            result.add_row("", f"… and {len(group) - shown} more of this kind", "--all shows them")
    return result


def _escaped(text: str) -> str:
    """rich takes square brackets for its own marks."""
    return text.replace("[", "\\[")
