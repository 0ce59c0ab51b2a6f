"""Claims that cannot be checked as they are written: one sentence each, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.papers.claim_checks import check_seeds
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Loads a paper whose first claim has other keys."""

    def load(name: str = "iass", kind: str = "claims", **change: Any) -> None:
        content = read_yaml(repository() / "workflow" / "papers" / f"{name}.yaml")
        first = {**content[kind][0], **change}
        content[kind][0] = {key: value for key, value in first.items() if value is not ...}
        folder = tmp_path / "workflow" / "papers"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
        monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
        load_paper(name)

    return load


IASS = "iass.yaml: claims.mm-better-than-open-unmix"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quantifier": ...}, "iass.yaml: key 'claims.0.quantifier' is missing"),
        ({"quantifier": "every"}, "iass.yaml: claims.0.quantifier: found 'every'"),
        ({"statistic": ...}, "iass.yaml: key 'claims.0.statistic' is missing"),
        ({"quote": ...}, f"{IASS}.quote: missing; write what the paper says, word for word, or move the claim to"),
        ({"margin": -0.5}, "iass.yaml: claims.0.margin: found -0.5"),
        ({"expect": "comparable"}, f"{IASS}.margin: missing for 'comparable', which is decided by nothing else"),
        ({"expect": "not-less"}, f"{IASS}.margin: missing for 'not-less'"),
        (
            {"expect": "largest", "targets": ["vocals"], "margin": 0.5},
            f"{IASS}.margin: 0.5 for 'largest', which has no",
        ),
        ({"expect": "largest-metric", "against": ["SIR"], "margin": 0.5}, f"{IASS}.margin: 0.5 for 'largest-metric'"),
        ({"expect": "largest"}, f"{IASS}.targets: missing for 'largest'; name those that stand out"),
        ({"expect": "largest-metric"}, f"{IASS}.against: missing for 'largest-metric'"),
        ({"against": ["bass"]}, f"{IASS}.against: bass for 'greater', which compares two sides; leave it out"),
        ({"expect": "times-less", "margin": 2}, f"{IASS}.expect: 'times-less' for SDR; costs (parameters, iterations"),
        ({"statistic": "mean"}, f"{IASS}.statistic: 'mean', but table-3 gives the median; take that, or name another"),
        ({"statistic": "count"}, f"{IASS}.statistic: 'count' for SDR; allowed: median, mean"),
        ({"table": "table-33"}, f"{IASS}.table: unknown table 'table-33' (did you mean 'table-3'?)"),
        ({"left": {"system": "ias"}}, f"{IASS}.left: unknown system 'ias' (did you mean 'iass'?)"),
        ({"paired": True, "left": [{"system": "iass"}] * 2}, f"{IASS}.paired: 2 sides on the left, 1 on the right"),
        ({"id": "blocks-comparable"}, "iass.yaml: claims.blocks-comparable: a second one of that name; rename one"),
        ({"related": [["a", "b"]]}, f"{IASS}.related: given for SDR; only confusions are of related"),
    ],
)
def test_wrong_claims(loaded: Callable[..., None], change: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        loaded(**change)
    assert told in str(error.value)


def test_a_question_has_no_quote(loaded: Callable[..., None]) -> None:
    with pytest.raises(UserError, match=r"questions\.gate-leaves-less-in-silence\.quote: given for a question"):
        loaded(kind="questions", quote="as they say")


def test_means_of_a_table_of_means(loaded: Callable[..., None]) -> None:
    with pytest.raises(UserError, match="statistic: 'median', but table-2 gives the mean; take that"):
        loaded("slakh", statistic="median")
    with pytest.raises(UserError, match="left: no corpus on a side for mid peaks, which compares corpora"):
        loaded("slakh", metric="mid peaks", table=[])


def test_a_cost_has_a_factor(loaded: Callable[..., None]) -> None:
    content = load_paper("munet").claims
    counted = next(claim for claim in content if claim.is_counted)
    assert counted.model_copy(update={"margin": 0.5}).problem() == (
        "margin: 0.5 for 'times-less'; write how many times less is claimed, 1 or more"
    )


def settings(**change: Any) -> Params:
    content = read_yaml(repository() / "params.yaml")
    return parse(merge(content, change))


def test_a_claim_that_needs_three_seeds() -> None:
    paper = load_paper("iass")
    first = paper.claims[0].model_copy(update={"seeds": 3})
    wanting = paper.model_copy(update={"claims": [first, *paper.claims[1:]]})
    told = "params: seeds: 1 (42), but 'mm-better-than-open-unmix' of the paper 'iass' needs 3; list as many"
    with pytest.raises(UserError) as error:
        check_seeds(settings(), [("iass", wanting)])
    assert told in str(error.value)
    check_seeds(settings(seeds=[1, 2, 3]), [("iass", wanting)])
    check_seeds(settings(), [("iass", paper)])
