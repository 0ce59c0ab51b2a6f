"""The kinds of tables by name. What they read, and what a paper file says of them: :mod:`reprosep.papers.kinds`."""

from __future__ import annotations

from reprosep.results.corpus_table import CORPORA
from reprosep.results.costs import COSTS
from reprosep.results.detection import DETECTION
from reprosep.results.score_table import SCORES
from reprosep.results.table_kind import TableKind

TABLES: dict[str, TableKind] = {
    "scores": SCORES,
    "costs": COSTS,
    "corpora": CORPORA,
    "detection": DETECTION,
}
