"""Every reader of a foreign file answers one sentence, whatever the file's bytes: never a traceback, a hang, a crash.

With `-s` the counts are printed: damaged files, sentences, files read as before, files read differently, tracebacks.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from foreign_files import READERS, bound_memory, tried

SHORT, LONG = 40, 400  # files per reader
SLOW = {"flac": 8, "mp3": 4, "params": 4, "ogg": 2}  # readers that take that many times as long as others
PATIENCE = 1200.0  # seconds: no machine is so busy that a reader takes as long


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """A process of its own, which may neither take this one's memory nor end it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=bound_memory) as pool:
        yield pool


@pytest.mark.parametrize("files", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", READERS)
def test_any_bytes_are_answered_by_a_sentence(
    name: str, files: int, tmp_path: Path, apart: ProcessPoolExecutor
) -> None:
    outcome = apart.submit(tried, name, tmp_path, files // SLOW.get(name, 1)).result(PATIENCE)
    print(f"fuzz {name}: {outcome}")
    assert not outcome.tracebacks, "\n".join(outcome.tracebacks[:20])
    assert outcome.sentences + outcome.none > 0
    if READERS[name].checked:
        assert not outcome.silent
