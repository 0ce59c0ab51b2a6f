"""Pitches as a third task: from notes beside the stems to trainings, scores, tables and questions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from beyond import PAPER, part, put_part
from beyond import PITCH as PITCHES
from conftest import Line
from reading import files_read
from reprosep.audio.store import read_table, write_table
from reprosep.base.errors import UserError
from reprosep.corpora.note_files import write_notes_csv
from reprosep.dag.left_out import sentences
from reprosep.dag.plan import Plan
from reprosep.dag.versions.stages import Stages
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import settings_of_system, settings_of_training
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.papers.claim_checks import check_claims
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import merge
from reprosep.training.losses import pitch_loss
from synthetic import SECONDS, make_params, own_corpus
from trainings import made

NEITHER, ACTIVITY, PITCH, BOTH = (
    f"mm_vocals_{name}_s42" for name in ("iass-no-labels", "iass-activity-head", "iass-pitch-head", "iass-both-heads")
)
# The view of Slakh's songs would need MIDI files beside its tones.
CHANGE: dict[str, Any] = {
    "papers": [PAPER],
    "corpora": {"own": own_corpus(), "slakh-mm": {"left_out": "tones have no MIDI"}},
    "report": {"songs": 1},
}


@pytest.fixture(scope="module")
def computed(prepared: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The synthetic MM with the notes of its singers, and the four combinations trained and scored."""
    folder = tmp_path_factory.mktemp("pitch")
    line = Line(folder, make_params(CHANGE))
    line.results.mkdir(parents=True)
    put_part(folder, PITCHES)
    (folder / "recordings").symlink_to(prepared.folder / "recordings")
    catalog = pd.DataFrame(read_table(prepared.results / "mm/catalog.parquet"))
    (line.results / "mm").mkdir()
    for name in ("audio", "activity", "mixtures"):
        (line.results / "mm" / name).symlink_to(prepared.results / "mm" / name)
    catalog["path"] = [str(beside(folder, *stem)) for stem in catalog[["song", "stem", "target"]].values.tolist()]
    write_table(line.results / "mm/catalog.parquet", catalog)
    line.step("notes", "mm")
    for run in (NEITHER, ACTIVITY, PITCH, BOTH):
        line.step("train", [run])
        line.step("score", [run], 1)
    return line


def beside(folder: Path, song: str, stem: str, target: str) -> Path:
    """A stem's path, with a file of notes beside it where it is of a singer."""
    path = folder / "stems" / song / f"{stem}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    if target == "vocals":
        one = SimpleNamespace(start=0.0, end=SECONDS, pitch=69, velocity=90)
        write_notes_csv(path.with_name(f"{stem}_NOTES.csv"), [one])
    return path


# ---- the loss ----------------------------------------------------------------------------------------------------


def test_frames_of_unknown_notes_are_not_learned_from() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 7, generator=random, requires_grad=True)
    labels = (torch.rand(2, 5, 7, generator=random) < 0.2).float()
    known = torch.tensor([[1.0] * 7, [0.0, 1.0] * 3 + [0.0]])
    pitch_loss(logits, labels, known).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad.abs().sum(dim=1) > 0, known > 0)
    other = labels.clone()
    other[1, :, 0] = 1 - other[1, :, 0]
    assert torch.equal(pitch_loss(logits, other, known), pitch_loss(logits, labels, known))


def test_the_loss_is_the_sum_over_pitches_and_parts_of_a_batch_make_the_whole() -> None:
    logits, labels, known = torch.zeros(2, 5, 7), torch.zeros(2, 5, 7), torch.ones(2, 7)
    assert pitch_loss(logits, labels, known).item() == pytest.approx(5 * np.log(2))
    known[1] = 0
    halves = [pitch_loss(logits[i : i + 1], labels[i : i + 1], known[i : i + 1]) for i in (0, 1)]
    assert pitch_loss(logits, labels, known).item() == pytest.approx(float(sum(halves)) / 2)


# ---- trainings ---------------------------------------------------------------------------------------------------


def test_epochs_tell_the_pitch_loss_where_there_is_one(computed: Line) -> None:
    columns = {run: [*pd.read_csv(computed.results / "runs" / run / "epochs.csv").columns] for run in (NEITHER, BOTH)}
    assert "train_pitch" not in columns[NEITHER]
    assert "train_pitch" in columns[BOTH]
    losses = pd.read_csv(computed.results / "runs" / BOTH / "epochs.csv")
    assert (losses["train_pitch"] > 0).all()
    expected = losses["train_mse"] + 2.0 * losses["train_bce"] + 0.2 * losses["train_pitch"]
    assert losses["train_loss"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-4)


def test_a_batch_has_the_labels_of_its_recipes(computed: Line) -> None:
    training = made(computed.params, PITCH, computed.results)
    batch = training.examples.batch(0, 4)
    assert batch.pitches.shape == (4, computed.params.pitch.count, batch.mixture.shape[-1])
    assert batch.known.all()
    assert batch.pitches[:, 69 - computed.params.pitch.lowest].all() and batch.pitches.sum(dim=1).max() == 1


def test_a_corpus_without_any_note_of_the_target_is_told(computed: Line, tmp_path: Path) -> None:
    results = tmp_path / "smoke"
    (results / "mm/notes").mkdir(parents=True)
    for path in (computed.results / "mm").iterdir():
        if path.name != "notes":
            (results / "mm" / path.name).symlink_to(path.resolve())
    for name in ("index", "notes"):
        table = read_table(computed.results / f"mm/notes/{name}.parquet")
        write_table(results / f"mm/notes/{name}.parquet", table.assign(origin=""))
    with pytest.raises(UserError, match=r"of none of the .* training stems of 'vocals' the notes are known"):
        made(computed.params, PITCH, results)


# ---- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [NEITHER, BOTH])
def test_what_is_opened_is_what_everybody_is_told(computed: Line, identifier: str) -> None:
    run, system = find_run(computed.params, identifier)
    kind = kind_of(system)
    with files_read(computed.results) as read:
        training = made(computed.params, identifier, computed.results)
        training.begin()
        training.step(0)
    assert {name for name in read if name.endswith(".parquet")} == {*kind.training_reads(run, system).files}
    keys = {key for key in kind.training_reads(run, system).keys if key.startswith("pitch.")}
    assert keys == ({"pitch.lowest", "pitch.highest", "pitch.hidden"} if identifier == BOTH else set())
    with files_read(computed.results) as read:
        scorer = scorer_for(computed.params, run, system, computed.results)
        recipe = scorer.recipes()[0]
        scene = scorer.scene(recipe)
        scorer.score(recipe, scene, scorer.references(recipe, scene))
    said = {*kind.scoring_reads(computed.params, run, system).files}
    assert {name for name in read if name.endswith(".parquet")} <= said
    assert ("mm/notes/index.parquet" in said) == (identifier == BOTH)


def test_snakemake_and_dvc_make_the_notes(computed: Line) -> None:
    stages = {stage.name: stage for stage in Stages(computed.params).stages()}
    assert "notes@mm" in stages
    (deps,) = [stage.deps for name, stage in stages.items() if name.endswith(BOTH)]
    assert any("mm/notes" in str(path) for path in deps)
    assert Plan(computed.params).note_files("mm") == []  # beside the stems, which the recordings stand for


def test_systems_without_pitches_are_to_digests_as_they_were() -> None:
    plain = TargetSystem(label="x", kind="target", scored="frames", model="iass")
    for settings in (settings_of_system, settings_of_training):
        assert "pitch_weight" not in settings(plain)
        assert settings(plain.model_copy(update={"pitch_weight": 0.2}))["pitch_weight"] == 0.2


# ---- scores, tables, questions -----------------------------------------------------------------------------------


def test_scores_have_pitches_where_there_is_a_head(computed: Line) -> None:
    names = ["pitch accuracy", "pitch precision", "pitch recall"]
    for run in (NEITHER, ACTIVITY):
        assert not {*names} & {*read_table(computed.results / f"scores/{run}.parquet").columns}
    for run in (PITCH, BOTH):
        scores = read_table(computed.results / f"scores/{run}.parquet")
        assert scores[names].notna().all(axis=None) and scores[names].stack().between(0, 1).all()
        assert (scores.groupby("song")[names].nunique() == 1).all(axis=None)


def test_tables_and_questions(computed: Line) -> None:
    for step in ("tables", "claims"):
        computed.step(step, PAPER)
    folder = computed.results / "papers" / PAPER
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in PITCHES}
    for table in tables.values():
        vocals = table[table["row"] == "Vocals MM"]
        # Two epochs of tones teach no gate: where it silences every frame, there is no score behind it.
        ungated = vocals[~vocals["column"].str.endswith("gated")]
        assert len(vocals) == 6 and ungated["reproduced"].notna().all()
    assert tables["pitch-told"]["metric"].isin(["pitch accuracy", "pitch precision", "pitch recall"]).all()
    songs = pd.read_csv(folder / "songs.csv")
    assert "pitch accuracy" in songs
    claims = pd.read_csv(folder / "claims.csv")
    told = claims[claims["target"] == "all"].set_index("claim")["verdict"]
    assert {*told.index} >= {"pitch-helps-on-mm", "pitch-helps-beside-activity-on-mm", "activity-helps-pitch-on-mm"}
    assert told["activity-helps-pitch-on-mm"] in {"holds", "fails", "undecided"}


def test_a_pitch_question_needs_a_pitch_head() -> None:
    paper = part(PITCHES)
    (claim,) = [one for one in paper.questions if one.id == "activity-helps-pitch-on-mm"]
    sides = {"left": [{"system": "iass-activity-head"}], "right": [{"system": "iass-pitch-head"}]}
    wrong = type(claim).model_validate(claim.model_dump() | sides)
    with pytest.raises(UserError, match="'iass-activity-head', which has no pitch head"):
        check_claims(Path("x.yaml"), paper.model_copy(update={"questions": [wrong]}))


# ---- what has no pitch -------------------------------------------------------------------------------------------


def test_targets_without_a_pitch_are_left_out_and_told() -> None:
    params = make_params(merge(CHANGE, {"pitch": {"unpitched": ["drums", "vocals"]}}))
    runs = Plan(params).runs
    assert NEITHER in runs and ACTIVITY in runs and PITCH not in runs and BOTH not in runs
    told = sentences(params, {PAPER: part(PITCHES)})
    assert "left out of Beyond IASS: cells of iass-pitch-head: vocals has no pitch" in told


def test_a_corpus_without_notes_leaves_out_and_tells() -> None:
    params = make_params(merge(CHANGE, {"corpora": {"mm": {"notes": "none"}}}))
    assert PITCH not in Plan(params).runs
    told = sentences(params, {PAPER: part(PITCHES)})
    assert "left out of Beyond IASS: cells of iass-both-heads: no notes of mm are known" in told


def test_notes_beside_stems_are_found_and_no_others(computed: Line) -> None:
    index = read_table(computed.results / "mm/notes/index.parquet")
    assert set(index.loc[index["target"] == "vocals", "origin"]) == {"composed"}
    assert set(index.loc[index["target"] != "vocals", "origin"]) == {""}
