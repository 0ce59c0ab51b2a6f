"""The card of published models: what Hugging Face and people read first.

References
----------
https://huggingface.co/docs/hub/model-cards (YAML front matter, `model-index`); Mitchell et al., Model cards for model
reporting, FAT* 2019 (what a card tells).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from reprosep import __version__
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.report.provenance_table import summary
from reprosep.report.training_data import TrainingData

_HOUR = 3600.0  # seconds
_KILOWATT_HOUR = 3600.0  # kJ
_SHOWN = ("SDR", "SIR", "SAR", "SI-SDR")  # columns of the card's table; the others are in scores.csv
_VARIANTS = {"none": "no gate", "oracle": "oracle gate (told the labels)", "wiener": "Wiener filter"}
_STANDIN = (
    "**Stand-in: trained and scored on music that reprosep composed and rendered itself, not on the papers' "
    "recordings.** It shows that the machinery works; these weights find little in real songs, and the levels are not "
    "comparable with printed ones."
)
_SOME_STANDIN = "**Some of these models are stand-ins**, trained on music that reprosep composed and rendered itself: "


@dataclass(frozen=True)
class Model:
    """What the card tells of one run: `data` is what it was trained on, `sample_rate` in Hz is that of its sound.

    `separates` is False for a detector.
    """

    id: str
    targets: Sequence[str]
    label: str
    sample_rate: int
    data: Sequence[TrainingData]
    separates: bool

    @property
    def is_standin(self) -> bool:
        """Whether all that it was trained on is one."""
        return all(one.is_standin for one in self.data)


@dataclass(frozen=True)
class Card:
    """All that a card is made of: the papers by name, its models, the records of their trainings, and their scores.

    `command` is what computed them.
    """

    params: Params
    papers: dict[str, Paper]
    models: Sequence[Model]
    records: list[dict[str, Any]]
    scores: pd.DataFrame
    command: str

    @property
    def data(self) -> list[TrainingData]:
        """What the models were trained on, each once."""
        return list(dict.fromkeys(one for model in self.models for one in model.data))

    @property
    def is_standin(self) -> bool:
        """Whether all models are of stand-ins alone; False where there is none."""
        return bool(self.models) and all(model.is_standin for model in self.models)

    @property
    def title(self) -> str:
        """Of the card, and of a record that holds it."""
        return (
            f"{', '.join(paper.short for paper in self.papers.values())}: models and results, scale {self.params.scale}"
        )

    def text(self) -> str:
        """The card in Markdown, its front matter before it."""
        front = yaml.safe_dump(front_matter(self), sort_keys=False, allow_unicode=True, width=1000)
        parts = [_head(self), _use(self), _data(self), _scores(self), _compute(self), _limits(self), _contents(self)]
        return f"---\n{front}---\n\n" + "\n\n".join("\n".join(part) for part in parts) + "\n"


def front_matter(card: Card) -> dict[str, Any]:
    """What Hugging Face reads: licence, tags, data sets, metrics, and the scores of every model."""
    metrics = list(dict.fromkeys(card.scores["metric"]))
    return {
        **licence_keys(card.data),
        "library_name": "reprosep",
        "pipeline_tag": "audio-to-audio",
        "tags": ["music-source-separation", "audio", "pytorch", *(["stand-in"] if card.is_standin else [])],
        "datasets": [one.name for one in card.data],
        "metrics": [metric.lower() for metric in metrics],
        "model-index": [_index(card, model) for model in card.models if model.separates],
    }


def licence_keys(data: Iterable[TrainingData]) -> dict[str, str]:
    """MIT where all data are stand-ins; else the terms are those of the data, which the card tells."""
    if all(one.is_standin for one in data):
        return {"license": "mit"}
    return {"license": "other", "license_name": "terms-of-the-training-data", "license_link": "README.md#training-data"}


def _index(card: Card, model: Model) -> dict[str, Any]:
    rows = card.scores[(card.scores["run"] == model.id) & (card.scores["variant"] != "oracle")]  # a user has no labels
    results = [
        {
            "task": {"type": "audio-to-audio", "name": f"separation of {target}"},
            "dataset": {"type": str(corpus), "name": f"{_title(card.params, str(corpus))}, test songs"},
            "metrics": [_metric(row) for row in group.to_dict("records")],
        }
        for (corpus, target), group in rows.groupby(["corpus", "target"], sort=False)
    ]
    return {"name": model.id, "results": results}


def _metric(row: dict[Any, Any]) -> dict[str, Any]:
    interval = "" if pd.isna(row["ci_low"]) else f", interval {row['ci_low']:.2f} to {row['ci_high']:.2f}"
    songs = f"{row['songs']} song{'s' if row['songs'] > 1 else ''}"
    name = f"{row['metric']} (dB), median over {songs}, {_variant(row['variant'])}{interval}"
    return {"type": str(row["metric"]).lower(), "name": name, "value": round(float(row["value"]), 4)}


def _title(params: Params, corpus: str) -> str:
    return params.corpora[corpus].title if corpus in params.corpora else corpus


def _variant(name: str) -> str:
    return _VARIANTS.get(name, f"{name} gate")


def _head(card: Card) -> list[str]:
    papers = [f"- {paper.cited}" for paper in card.papers.values()]
    return [
        f"# {card.title}",
        "",
        *_standin(card),
        f"What reprosep {__version__} computed in reproducing",
        "",
        *papers,
        "",
        f"    {card.command}",
    ]


def _standin(card: Card) -> list[str]:
    names = [model.id for model in card.models if any(one.is_standin for one in model.data)]
    if not names:
        return []
    return [_STANDIN if card.is_standin else f"{_SOME_STANDIN}{', '.join(names)}.", ""]


def _use(card: Card) -> list[str]:
    separating = [model.id for model in card.models if model.separates]
    detecting = [model.id for model in card.models if not model.separates]
    lines = ["## Use", ""]
    lines += [f"    reprosep separate song.mp3 --model-folder models/{name}" for name in separating[:1]]
    lines += [f"    reprosep activity song.mp3 --run models/{name}" for name in detecting[:1]]
    if not card.models:
        return [*lines, "Nothing was trained at this scale; the tables and claims are all there is."]
    return [
        *lines,
        "",
        "Each folder of `models/` has `model.safetensors`, `config.json` (network, sample rate, transform) and "
        "`run.json` (parameters, versions, hardware and costs of the training).",
        "",
        "| model | estimates | system |",
        "|---|---|---|",
        *(f"| `{model.id}` | {', '.join(model.targets)} | {model.label} |" for model in card.models),
    ]


def _data(card: Card) -> list[str]:
    lines = ["## Training data", ""]
    if not card.data:
        return [*lines, "None."]
    lines += ["Weights are made from recordings, and the terms of these are to be kept by whoever uses them:", ""]
    return [*lines, *(f"- {one.line}" for one in card.data)]


def _scores(card: Card) -> list[str]:
    confidence = card.params.statistics.confidence
    pages = [f"[{paper.short}](papers/{name}/README.md)" for name, paper in card.papers.items()]
    lines = [
        "## Scores",
        "",
        f"Medians over test songs of medians over frames, in dB, with their {confidence:.0%} bootstrap interval over "
        "songs. All metrics: `scores.csv`. The papers' own tables, beside the printed values, and the verdicts on "
        f"their claims: {', '.join(pages)}. A dash: every frame of every song is silent, in reference or estimate.",
    ]
    shown = [metric for metric in _SHOWN if (card.scores["metric"] == metric).any()]
    if not shown:
        return lines
    keys = ["run", "corpus", "target", "variant"]
    lines += ["", f"| model | test songs of | target | variant | {' | '.join(shown)} | songs |"]
    lines += [f"|---|---|---|---|{'---:|' * (len(shown) + 1)}"]
    for (run, corpus, target, variant), group in card.scores.groupby(keys, sort=False):
        rows = {row["metric"]: row for row in group.to_dict("records")}
        cells = [_cell(rows.get(metric)) for metric in shown]
        songs = max((row["songs"] for metric, row in rows.items() if metric in shown), default=0)
        named = [f"`{run}`", _title(card.params, str(corpus)), str(target), _variant(str(variant))]
        lines.append(f"| {' | '.join([*named, *cells, str(songs)])} |")
    return lines


def _cell(row: dict[Any, Any] | None) -> str:
    if row is None:
        return "–"
    return f"{row['value']:.2f}" + ("" if pd.isna(row["ci_low"]) else f" [{row['ci_low']:.2f}, {row['ci_high']:.2f}]")


def _compute(card: Card) -> list[str]:
    lines = ["## Compute", ""]
    if not card.records:
        return [*lines, "Nothing was trained."]
    told = summary(card.records)
    energy = [record["energy_kj"] for record in card.records if record.get("energy_kj") is not None]
    lines += [
        f"{told['runs']} trainings, seeds {', '.join(told['seeds'])}: {told['device_seconds'] / _HOUR:.2f} device "
        f"hours on {'; '.join(told['hardware'])}.",
        f"Energy: {sum(energy) / _KILOWATT_HOUR:.2f} kWh." if energy else "Energy: the devices did not tell it.",
        f"Code: {', '.join(told['commits'])}. Versions: {'; '.join(told['versions'])}.",
        "What every training took: `run.json` beside its weights. What every step took: `steps.csv`.",
    ]
    return lines


def _limits(card: Card) -> list[str]:
    lines = ["## Limits", ""]
    if any(one.is_standin for one in card.data):
        lines.append("- Stand-in data: do not separate real songs with these weights, and do not compare the levels.")
    lines += [
        f"- The sound of `{model.id}` is at {model.sample_rate} Hz; above half of that its estimates are empty."
        for model in {model.sample_rate: model for model in card.models}.values()
    ]
    lines += [
        "- A target is estimated as its corpus defines it, in the genres that the corpus has; other instruments end up "
        "in whichever source is nearest.",
        "- Scores are of the test songs of the same corpus, by the metrics above; no listener was asked.",
        "- Where paper, released code and this reproduction differ, and why: `deviations` in reprosep's files of the "
        "papers, and in its report.",
        "- No sound is in here: no recording, no mixture, no excerpt, no estimate.",
    ]
    return lines


def _contents(card: Card) -> list[str]:
    return [
        "## Contents",
        "",
        "| file | what |",
        "|---|---|",
        *(["| `models/<run>/` | weights, network, record of a training |"] if card.models else []),
        "| `scores.csv` | what every model reaches, with intervals |",
        "| `papers/<paper>/` | tables, figures, claims, cells by seed, parameters, and a page that shows them |",
        "| `parameters.json` | all parameters, resolved |",
        "| `steps.csv` | time and memory of every step |",
        "| `SHA256SUMS` | checksums of all files: `sha256sum --check SHA256SUMS` |",
        "| `.zenodo.json` | metadata of a record |",
    ]
