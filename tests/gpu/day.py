"""Everything that needs a GPU, in ten minutes on one: measured, written down and told on one page.

``python tests/gpu/day.py`` runs every section (``sections/``) that is not finished, each in a process and a time of its
own, and writes a record after each and a page at the end. ``--tiny --device cpu`` does the same in a minute on any
machine, to see that it runs. ``gpu.sh`` finds the packages for it. Exit status 1: a section did not end, or something
is not as expected.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from measuring.children import answer_of
from measuring.findings import DONE
from measuring.page import write_page
from measuring.running import records, run_day
from measuring.section import Section
from measuring.settings import Day
from sections import ORDER, all_sections

from reprosep.base.errors import USER_ERROR, UserError

_MINUTES = {"cuda": 9.5, "cpu": 120.0}  # the page needs none of it

_SECONDS_TO_ANSWER = 60.0  # in which a GPU tells its name


def main(arguments: list[str] | None = None) -> int:
    """The exit status of a day."""
    options = _options(arguments)
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # where trainings look for one
    if options.tiny:
        torch.set_num_threads(1)
    try:
        return _day(Day(options.device, options.tiny), options)
    except UserError as error:
        print(f"day: {error}", file=sys.stderr)
        return USER_ERROR


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="what is measured [cuda]")
    parser.add_argument("--tiny", action="store_true", help="as small as can be: does it run?")
    parser.add_argument("--minutes", type=float, help="for all of it [9.5, on a processor 120]")
    parser.add_argument("--output", type=Path, default=Path("build/gpu/day"), help="folder [build/gpu/day]")
    parser.add_argument("--only", nargs="+", default=[], metavar="SECTION", help="sections by name [all]")
    return parser.parse_args(arguments)


def _day(day: Day, options: argparse.Namespace) -> int:
    stamp = answer_of(lambda: _stamp(day), _SECONDS_TO_ANSWER * day.patience)
    if stamp is None:
        raise UserError("--device cuda: torch sees no GPU here; on a processor: --tiny --device cpu")
    options.output.mkdir(parents=True, exist_ok=True)
    run_day(day, _sections(options.only), options.output, stamp, options.minutes or _MINUTES[options.device])
    found = records(options.output, ORDER)
    page = write_page(options.output / "index.html", found, stamp)
    bad = [one["title"] for one in found if one["status"] != DONE]
    wrong = sum(check["holds"] is False for one in found for check in one["checks"])
    print(f"{page}: {len(found) - len(bad)} of {len(found)} sections done, {wrong} checks not as expected", flush=True)
    return int(bool(bad or wrong))


def _stamp(day: Day) -> dict[str, Any] | None:
    """On what is measured; None where the device is not there. Asked in a process of its own."""
    if day.on_gpu and not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name() if day.on_gpu else "processor"
    return {"device": name, "tiny": day.tiny, "torch": torch.__version__, "python": sys.version.split()[0]}


def _sections(only: Sequence[str]) -> list[Section]:
    """The sections by name, in order.

    Raises
    ------
    UserError
        For a name that no section has.
    """
    every = all_sections()
    names = [section.name for section in every]
    if unknown := sorted({*only} - {*names}):
        raise UserError(f"--only {unknown[0]}: no such section; expected some of {', '.join(names)}")
    return [section for section in every if not only or section.name in only]


if __name__ == "__main__":
    sys.exit(main())
