"""One Slurm for all tests of this folder; where none can be started they are skipped with one sentence."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

from cluster import Cluster, may_start


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if reason := may_start():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="reprosep-slurm-") as folder:
        made = Cluster(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()
