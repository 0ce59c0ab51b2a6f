"""What plans is there at once: it imports no torch and nothing else that takes seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "pandas", "scipy", "matplotlib", "sklearn", "soundfile", "museval"}


@pytest.mark.parametrize(
    "module", ["dag.plan", "experiments.kinds", "experiments.runs", "papers.loading", "results.reads", "claims.reads"]
)
def test_planning_imports_nothing_heavy(module: str) -> None:
    script = f"import sys, reprosep.{module}\nprint(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not HEAVY & {*answer.stdout.split()}


def test_a_plan_is_made_without_them() -> None:
    script = (
        "import sys\nfrom reprosep.base.project import read_yaml\nfrom reprosep.dag.plan import Plan\n"
        "plan = Plan.of(read_yaml('params.yaml'))\nfor paper in plan.papers:\n    plan.read_by_claims(paper)\n"
        "    plan.read_by_figures(paper)\nplan.training_files(plan.trained)\nplan.scoring_code(plan.trained)\n"
        "plan.code('report')\nprint(*sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not HEAVY & {*answer.stdout.split()}
