"""The examination as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from reprosep.base.listing import displayed
from reprosep.corpora.doctor.examine import Examination
from reprosep.corpora.doctor.findings import LEFT_OUT, NOTES, Finding


def summary(examination: Examination) -> str:
    """One line: how much was read and how much of it is wrong."""
    record = examination.record()
    counts = Counter(finding.check for finding in examination.findings)
    wrong = sum(count for check, count in counts.items() if check not in NOTES)
    errata, left_out = counts["known-defect"], counts[LEFT_OUT]
    verdict = f"{wrong} thing{'s' * (wrong != 1)} wrong" if wrong else f"nothing {'else ' * (left_out > 0)}is wrong"
    noted = f", {errata} known erratum{'s' * (errata != 1)}".replace("erratums", "errata") if errata else ""
    verdict = f"{left_out} left out, {verdict}" if left_out else verdict
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
            remedy = "as above" if same else displayed(finding.remedy)
            what = Text.assemble((displayed(finding.path), "bold"), "\n", displayed(finding.problem))
            result.add_row("" if number else check, what, remedy)
        if len(group) > shown:
            result.add_row("", f"… and {len(group) - shown} more of this kind", "--all shows them")
    return result
