"""The page of a day: what was measured, on what, what failed, beside what was expected.

One file that needs nothing from elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from measuring.findings import DONE, FAILED, LEFT_OUT, OUT_OF_TIME, RUNNING
from reprosep.base.files import whole_file

_VERDICTS = {True: ("holds", "✓ as expected"), False: ("fails", "✕ not as expected"), None: ("told", "measured")}
_ENDINGS = {
    DONE: "done",
    FAILED: "failed",
    OUT_OF_TIME: "out of time: what it had by then is below",
    LEFT_OUT: "left out",
    RUNNING: "not ended",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1c2330;
  background: #fff; }
h1 { font-size: 1.7rem; margin-bottom: 0.2rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 0.2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.3rem; } p { margin: 0.4rem 0; } .quiet { color: #5a6475; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.875rem; margin: 0.4rem 0 1rem; }
th, td { border-bottom: 1px solid #dfe3ea; padding: 0.25rem 1.2rem 0.25rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; color: #5a6475; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.holds { color: #12693b; } .fails { color: #b3261e; font-weight: 600; } .told { color: #5a6475; }
td.holds, td.fails, td.told { white-space: nowrap; }
.sum { display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 1rem 0; padding: 0; list-style: none; }
.sum li { border: 1px solid #dfe3ea; border-radius: 0.5rem; padding: 0.4rem 0.9rem; }
.sum b { font-size: 1.3rem; display: block; line-height: 1.3; } pre { background: #f5f6f9; padding: 0.8rem;
  overflow-x: auto; font-size: 0.8rem; } a { color: #2f4fb3; }
@media (prefers-color-scheme: dark) { body { background: #14171d; color: #e3e6ec; }
  th, .quiet, .told { color: #9aa4b5; }
  th, td, .sum li { border-color: #323946; } .holds { color: #6fcf97; } .fails { color: #ff8a80; }
  pre { background: #1d222b; } a { color: #9db4ff; } }
"""


def write_page(path: Path, records: Sequence[dict[str, Any]], stamp: dict[str, Any]) -> Path:
    """Write the page of a day's records, in their order."""
    body = "".join([_beginning(records, stamp), _failures(records), *map(_section, records)])
    title = f"A day on: {stamp['device']}"
    with whole_file(path) as temporary:
        temporary.write_text(
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style></head>\n'
            f"<body>\n{body}</body></html>\n",
            encoding="utf-8",
        )
    return path


def _beginning(records: Sequence[dict[str, Any]], stamp: dict[str, Any]) -> str:
    """What and on what, and the sums."""
    checks = [check for record in records for check in record["checks"]]
    done = sum(record["status"] == DONE for record in records)
    holds, fails = (sum(check["holds"] is wanted for check in checks) for wanted in (True, False))
    seconds = sum(record.get("seconds", 0.0) for record in records)
    sums = [
        (f"{done} of {len(records)}", "sections done", "holds" if done == len(records) else "fails"),
        (str(holds), "checks as expected", "holds"),
        (str(fails), "not as expected", "fails" if fails else "told"),
        (f"{seconds:.0f} s", "measured", "told"),
    ]
    items = "".join(f'<li><b class="{kind}">{number}</b>{what}</li>' for number, what, kind in sums)
    small = "<p><b>Sizes are as small as can be:</b> this shows that everything runs; its times say nothing.</p>"
    return (
        "<h1>What a GPU does with reprosep</h1>\n"
        f'<p class="quiet">Measured on {_text(stamp["device"])} with torch {_text(stamp["torch"])}, Python '
        f"{_text(stamp['python'])}; page of {time.strftime('%Y-%m-%d')}. Everything is trained on noise of a corpus's "
        "shape, so that no recordings are needed. What is called expected is what was computed, or read off the code, "
        f'before there was a GPU.</p>\n{small if stamp["tiny"] else ""}<ul class="sum">{items}</ul>\n'
    )


def _failures(records: Sequence[dict[str, Any]]) -> str:
    """What failed, in plain words, first of all."""
    lines = [
        f'<a href="#{record["section"]}">{_text(record["title"])}</a>: {_text(_ENDINGS[record["status"]])}. '
        f"{_text(record.get('why', ''))}"
        for record in records
        if record["status"] != DONE
    ]
    lines += [
        f'<a href="#{record["section"]}">{_text(record["title"])}</a>: {_text(check["what"])}: '
        f"{_text(check['found'])}, expected {_text(check['expected'])}."
        for record in records
        for check in record["checks"]
        if check["holds"] is False
    ]
    if not lines:
        return "<h2>What failed</h2>\n<p>Nothing: every section ended, and every check is as expected.</p>\n"
    return "<h2>What failed</h2>\n<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>\n"


def _section(record: dict[str, Any]) -> str:
    parts = [
        f'<h2 id="{record["section"]}">{_text(record["title"])}</h2>\n<p>{_text(record["about"])}</p>\n',
        f'<p class="quiet">{_text(_ENDINGS[record["status"]])}, {record.get("seconds", 0.0):.0f} s, '
        f"code {_text(record['commit'])}</p>\n",
        _checks(record["checks"]),
        *map(_table, record["tables"]),
        *(f"<p>{_text(note)}</p>\n" for note in record["notes"]),
    ]
    if "traceback" in record:
        parts.append(f"<h3>How it failed</h3>\n<pre>{_text(record['traceback'])}</pre>\n")
    return "".join(parts)


def _checks(checks: Sequence[dict[str, Any]]) -> str:
    if not checks:
        return ""
    rows = ""
    for check in checks:
        kind, words = _VERDICTS[check["holds"]]
        cells = "".join(f"<td>{_text(check[key])}</td>" for key in ("what", "found", "expected"))
        rows += f'<tr>{cells}<td class="{kind}">{words}</td></tr>\n'
    head = "<tr><th>what</th><th>found</th><th>expected</th><th></th></tr>"
    return f'<div class="wide"><table>{head}\n{rows}</table></div>\n'


def _table(table: dict[str, Any]) -> str:
    """Columns without anything in them are left out; columns of numbers stand right."""
    columns = [column for column in zip(table["columns"], *table["rows"], strict=True) if any(column[1:])]
    if not columns:
        return ""
    kinds = [" class=number" if all(map(_is_number, filter(None, cells))) else "" for _, *cells in columns]
    head, *rows = (
        "".join(f"<{tag}{kind}>{_text(cell)}</{tag}>" for cell, kind in zip(row, kinds, strict=True))
        for tag, row in zip(("th", *("td" for _ in table["rows"])), zip(*columns, strict=True), strict=True)
    )
    lines = "".join(f"<tr>{row}</tr>\n" for row in (head, *rows))
    return f'<h3>{_text(table["title"])}</h3>\n<div class="wide"><table>{lines}</table></div>\n'


def _is_number(text: str) -> bool:
    """Whether it is one, whatever its unit."""
    return text[:1].isdigit() and len(text.split()) <= 2


def _text(text: Any) -> str:
    return escape(str(text))
