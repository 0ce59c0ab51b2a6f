"""Scores of detectors, gates made of them, and what tables, figures and claims tell of synthetic scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from conftest import CHANGE, Line
from reading import files_read, planned
from reprosep.audio.store import read_table, write_table
from reprosep.base.errors import UserError
from reprosep.claims.cases import cases_of
from reprosep.claims.detector_quantities import ConfusionQuantity, DetectorQuantity, DetectorTerms, half_of
from reprosep.claims.effects import Effect, Resamples, effect_of
from reprosep.claims.reads import reads_of_claims
from reprosep.claims.table import write_claims
from reprosep.claims.verdicts import FAILS, HOLDS, conclude, evidence
from reprosep.experiments.detectors.gate import gate_of_seconds, target_detections
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.target.scores import TargetScorer
from reprosep.papers.claim import Claim
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.scale import Params, merge
from reprosep.results.activity_scores import BY_SECOND, COLUMNS, at_resolution, on_same_seconds
from reprosep.results.detection import detection_rows, read_detections
from reprosep.results.detection_figures import (
    confusion_rows,
    draw_confusions,
    draw_instruments,
    instrument_rows,
    with_longer_input,
)
from reprosep.results.figures import write_figures
from reprosep.results.reads import detectors_of, reads_of_figures, reads_of_tables
from reprosep.results.tables import write_tables
from synthetic import make_params

LONGER = "mm-detection_instruments_crnn-5s_s42"
QUALITY = {"fc": 0.1, "cnn": 0.4, "crnn": 0.41, "cnn-5s": 0.3, "crnn-5s": 0.35}
CORPUS, DETECTOR, IASS = "mm-detection", "mm-detection_instruments_crnn_s42", "mm_vocals_iass_s42"
INSTRUMENTS = ["male singer", "electric bass", "drum set", "piano"]
BOTH: dict[str, Any] = {"papers": ["iass", "activity"], "detection": {"instruments": INSTRUMENTS}}


def params_of(**change: Any) -> Params:
    return make_params(merge(merge(CHANGE, BOTH), change))


@pytest.fixture(scope="module")
def scored(trained: Line) -> Line:
    """IASS and two detectors, trained and scored; to be read, not changed."""
    line = Line(trained.folder, params_of())
    line.step("seconds", CORPUS, 1)
    line.step("train", [DETECTOR, LONGER])
    line.step("score", [DETECTOR, LONGER], 1)
    return line


def scorer(line: Line, identifier: str) -> Any:
    return scorer_for(line.params, *find_run(line.params, identifier), line.results)


# ---- what a detector finds ---------------------------------------------------------------------------------------


def test_every_second_of_every_test_song(scored: Line) -> None:
    found, made = read_table(scored.results / "scores" / f"{DETECTOR}.parquet"), scorer(scored, DETECTOR)
    assert set(found.columns) == set(COLUMNS) and set(found["seed"]) == {42} and set(found["run"]) == {DETECTOR}
    songs = made.seconds.songs("test")
    assert list(dict.fromkeys(found["song"])) == songs and list(dict.fromkeys(found["target"])) == INSTRUMENTS
    assert found.groupby(["song", "target"]).size().eq(6).all() and (found["time"] == found["frame"]).all()
    model = made.model.eval()
    for song in songs:
        with torch.inference_mode():
            plain = torch.sigmoid(model(torch.from_numpy(made.seconds.clips(song)))).numpy()
        rows = found[found["song"] == song].pivot(index="frame", columns="target", values="probability")
        np.testing.assert_allclose(rows[INSTRUMENTS], plain, atol=1e-6)
        labels = found[found["song"] == song].pivot(index="frame", columns="target", values="label")[INSTRUMENTS]
        assert np.array_equal(labels, made.seconds.labels[song])
    assert not (scored.results / "scores" / f"{DETECTOR}.activity.parquet").exists()


def test_a_second_of_a_longer_input_is_as_its_block(scored: Line) -> None:
    """The songs have six seconds: the sixth is as the song's last five."""
    found, made = read_table(scored.results / "scores" / f"{LONGER}.parquet"), scorer(scored, LONGER)
    each = read_table(scored.results / "scores" / f"{DETECTOR}.parquet")
    key = ["song", "target", "frame", "time", "label"]
    assert list(found.columns) == list(each.columns) and found[key].equals(each[key])
    model = made.model.eval()
    for song in made.seconds.songs("test"):
        whole = torch.from_numpy(made.seconds.spectrogram(song)[None].copy())
        with torch.inference_mode():
            first, last = (torch.sigmoid(model(whole[..., start : start + 156])).numpy()[0] for start in (0, 31))
        rows = found[found["song"] == song].pivot(index="frame", columns="target", values="probability")
        np.testing.assert_allclose(rows[INSTRUMENTS], [first] * 5 + [last], atol=1e-6)
    paper = load_paper("activity")
    (one,) = read_detections(scored.results, detectors_of(scored.params, paper, "crnn-5s"))
    at_5 = one.at_scale(scored.params, 5)
    for song, rows in one.probabilities.items():
        assert np.array_equal(at_5.probabilities[song], rows[[0, 5]])
        assert np.array_equal(at_5.labels[song], [one.labels[song][:5].any(axis=0), one.labels[song][5]])


def test_a_song_below_a_longer_input_is_heard_as_far_as_it_goes(scored: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scorer(scored, LONGER)
    recipe = made.recipes()[0]
    song = made.seconds.spectrogram(recipe.name)[:, :100].copy()  # three seconds (93 frames), and seven frames
    monkeypatch.setattr(made.seconds, "spectrogram", lambda _: song)
    monkeypatch.setitem(made.seconds.labels, recipe.name, made.seconds.labels[recipe.name][:3])
    table, _ = made.score(recipe, made.scene(recipe), [])
    with torch.inference_mode():
        expected = torch.sigmoid(made.model.eval()(torch.from_numpy(song[None, :, :93])))[0]
    rows = table.pivot(index="frame", columns="target", values="probability")
    np.testing.assert_allclose(rows[INSTRUMENTS], [expected.numpy()] * 3, atol=1e-6)


def test_scores_depend_on_the_length_of_the_input(scored: Line) -> None:
    run, system = find_run(scored.params, LONGER)
    other = system.model_copy(update={"input_seconds": 4})
    made, shorter = (scorer_for(scored.params, run, one, scored.results) for one in (system, other))
    assert made.stamp != shorter.stamp


def test_a_target_is_the_maximum_over_its_instruments() -> None:
    params = params_of(detection={"instruments": ["female singer", "male singer", "piano", "drum set"]})
    rows = [("x", 0, "male singer", 0.2, False), ("x", 0, "female singer", 0.7, False), ("x", 0, "piano", 0.9, True)]
    rows += [("x", 1, "male singer", 0.4, True), ("x", 1, "female singer", 0.1, False), ("x", 1, "piano", 0.0, True)]
    found = target_detections(
        pd.DataFrame(rows, columns=["song", "frame", "target", "probability", "label"]), "vocals", params
    )
    assert found.to_dict("list") == {
        "song": ["x", "x"],
        "frame": [0, 1],
        "probability": [0.7, 0.4],
        "label": [False, True],
    }
    with pytest.raises(UserError, match=r"detection.instruments: none is 'bass'"):
        target_detections(
            pd.DataFrame(rows, columns=["song", "frame", "target", "probability", "label"]), "bass", params
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.integers(0, 400))
def test_a_frame_is_gated_by_its_second(probability: list[float], frames: int) -> None:
    """Frame t is at t · hop / rate; after the last whole second, that one lasts."""
    params = GATING
    found = gate_of_seconds(np.array(probability), frames, params)
    for frame in range(frames):
        second = frame * params.stft.hop // params.audio.sample_rate
        assert found[frame] == (probability[min(second, len(probability) - 1)] > params.detection.threshold)
    assert len(found) == frames


GATING = params_of()


# ---- IASS with its gate ------------------------------------------------------------------------------------------


def test_a_song_is_scored_with_the_detectors_gate(scored: Line) -> None:
    made = scorer(scored, IASS)
    assert isinstance(made, TargetScorer) and made.variants == ("none", "raw", "median", "oracle", "detector")
    reads = kind_of(made.system).scoring_reads(scored.params, made.run, made.system)
    assert f"scores/{DETECTOR}.parquet" in reads.files
    recipe = made.recipes()[0]
    scene = made.scene(recipe)
    waves = dict(made.estimates(recipe, scene)[0])
    estimate = separate(made.model, scene.mixture, made.params)
    found = read_table(scored.results / "scores" / f"{DETECTOR}.parquet")
    mine = found[(found["song"] == recipe.name) & (found["target"] == "male singer")].sort_values("frame")
    gate = gate_of_seconds(mine["probability"].to_numpy(), estimate.spectrum.frames, made.params)
    assert np.array_equal(waves["detector"], estimate.wave(gate))
    table, _ = made.score(recipe, scene, made.references(recipe, scene))
    assert set(table["variant"]) == set(made.variants)


def test_gates_decide_what_is_heard(scored: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that finds nothing silences the estimate, one that finds all leaves it as it is."""
    made = scorer(scored, IASS)
    recipe = made.recipes()[0]
    for value in (0.0, 1.0):
        monkeypatch.setitem(made.__dict__, "detections", {recipe.name: np.full(6, value)})
        waves = dict(made.estimates(recipe, made.scene(recipe))[0])
        assert np.array_equal(waves["detector"], value * waves["none"])


def test_a_song_that_the_detector_has_not_heard(scored: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scorer(scored, IASS)
    recipe = made.recipes()[0]
    monkeypatch.setitem(made.__dict__, "detections", {})
    with pytest.raises(UserError, match=rf"{DETECTOR}.parquet: nothing about song '{recipe.name}', which is a test"):
        list(made.estimates(recipe, made.scene(recipe))[0])


def test_every_test_song_of_iass_is_one_of_the_detectors(scored: Line) -> None:
    for target in ("vocals", "bass"):
        made = scorer(scored, IASS).__class__(*_parts(scored, f"mm_{target}_iass_s42"))
        assert {recipe.name for recipe in made.recipes()} <= set(made.detections)


def _parts(line: Line, identifier: str) -> tuple[Any, ...]:
    run, system = find_run(line.params, identifier)
    return line.params.of_corpus(run.corpus), run, system, line.results, None


# ---- Figure 4 of IASS --------------------------------------------------------------------------------------------


def test_both_systems_are_compared_on_the_same_seconds() -> None:
    """The head's median per second, the detector's second; where only one of them has one, it is left out."""
    random = np.random.default_rng(3)
    frames = pd.DataFrame({"song": ["b"] * 70 + ["a"] * 40, "time": np.r_[np.arange(70), np.arange(40)] / 20})
    frames["probability"], frames["label"] = random.random(110), random.random(110) < 0.5
    detector = pd.DataFrame({"song": ["a", "a", "b", "b", "c"], "second": [1, 0, 2, 5, 0]})
    detector["probability"] = [0.1, 0.2, 0.3, 0.4, 0.5]
    own, other = on_same_seconds(frames, detector)
    assert list(own["song"]) == list(other["song"]) == ["a", "a", "b"]
    assert other["probability"].tolist() == [0.2, 0.1, 0.3] and own["label"].equals(other["label"])
    for row, (song, second) in enumerate([("a", 0), ("a", 1), ("b", 2)]):
        part = frames[(frames["song"] == song) & (np.floor(frames["time"]) == second)]
        assert own["probability"].iloc[row] == pytest.approx(part["probability"].median())
        assert own["label"].iloc[row] == (part["label"].mean() >= 0.5)
    assert len(at_resolution(frames, BY_SECOND)) == 4 + 2


# ---- tables, figures and claims of synthetic scores ----------------------------------------------------------------


def write_scores(results: Path, quality: dict[str, float], songs: int = 8, clips: int = 12) -> None:
    """Score files of some detectors, the better the higher their quality; nobody plays the piano."""
    plays = np.random.default_rng(0).random((songs, clips, len(INSTRUMENTS))) < [0.6, 0.4, 0.3, 0.0]
    for system, how in quality.items():
        run = Run(CORPUS, "instruments", system, 42)
        noise = np.random.default_rng(len(system)).random(plays.shape)
        grid = pd.MultiIndex.from_product([[f"song {n}" for n in range(songs)], range(clips), INSTRUMENTS])
        table = pd.DataFrame({"probability": (how * plays + (1 - how) * noise).ravel(), "label": plays.ravel()}, grid)
        table = table.rename_axis(["song", "frame", "target"]).reset_index()
        table = table.assign(run=run.id, corpus=CORPUS, system=system, seed=42, time=table["frame"].astype(float))
        (results / "scores").mkdir(parents=True, exist_ok=True)
        write_table(results / "scores" / f"{run.id}.parquet", table)
    (results / CORPUS / "seconds").mkdir(parents=True, exist_ok=True)
    names = [f"song {n}" for n in range(4)]
    split = pd.DataFrame({"song": names, "split": ["train", "train", "valid", "test"]})
    write_table(results / CORPUS / "seconds" / "index.parquet", split)
    labels = pd.DataFrame({"song": np.repeat(names, 10), "second": list(range(10)) * 4})
    for number, name in enumerate(INSTRUMENTS):
        labels[name] = np.tile(np.arange(10) < 2 * number, 4) & (np.repeat(np.arange(4), 10) != 1)
    write_table(results / CORPUS / "seconds" / "labels.parquet", labels)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detections")
    write_scores(folder, QUALITY)
    return folder


def plain(results: Path, system: str, clips: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of a score file, maxima over clips of a song."""
    table = read_table(results / "scores" / f"{CORPUS}_instruments_{system}_s42.parquet")
    group = [table["song"], table["frame"] // clips, table["target"]]
    pooled = table.groupby(group)[["label", "probability"]].max().unstack()
    return pooled["label"][INSTRUMENTS].to_numpy(bool), pooled["probability"][INSTRUMENTS].to_numpy()


def everywhere(results: Path) -> np.ndarray:
    """Whether an instrument has an AUC at every time scale at which any has."""
    scales = [plain(results, "fc", clips)[0] for clips in (1, 5, 10, 12)]
    mixed = np.array([[0 < one.sum() < len(one) for one in labels.T] for labels in scales])
    return np.asarray(mixed[mixed.any(axis=1)].all(axis=0))


def test_table_1(results: Path) -> None:
    paper = load_paper("activity")
    rows = {
        (row["row"], row["column"]): row for row in detection_rows(params_of(), paper, paper.tables["table-1"], results)
    }
    assert len(rows) == 40
    labels_of = {"fc": "Fully connected", "cnn": "CNN", "crnn": "CRNN", "cnn-5s": "CNN 5-s input"}
    for system, label in {**labels_of, "crnn-5s": "CRNN 5-s input"}.items():
        for column, clips in (("AUC 1 s", 1), ("AUC 5 s", 5), ("AUC 10 s", 10), ("AUC track", 12)):
            labels, values = plain(results, system, clips)
            mixed = [
                pair
                for pair, kept in zip(zip(labels.T, values.T, strict=True), everywhere(results), strict=True)
                if kept
            ]
            mixed = mixed if all(0 < one.sum() < len(one) for one, _ in mixed) else []
            found = rows[label, column]
            assert found["songs"] == 8 and found["published"] is None
            if mixed:
                assert found["reproduced"] == pytest.approx(np.mean([roc_auc_score(*pair) for pair in mixed]))
                assert found["ci_low"] <= found["reproduced"] <= found["ci_high"]
            else:
                assert np.isnan(found["reproduced"])
    assert rows["CNN", "LRAP 1 s"]["reproduced"] > rows["Fully connected", "LRAP 1 s"]["reproduced"]


def test_what_is_planned_to_be_read_is_read(results: Path, tmp_path: Path) -> None:
    params, paper = params_of(), load_paper("activity")
    with files_read(results) as read:
        write_tables(params, paper, results, tmp_path)
    assert read == set(reads_of_tables(params, paper))
    with files_read(results) as read:
        write_figures(params, paper, results, results / "papers/activity")
    assert planned(read) == set(reads_of_figures(params, "activity", paper))
    with files_read(results) as read:
        write_claims(params, paper, results, tmp_path)
    assert read == set(reads_of_claims(params, paper))


def test_a_scale_without_the_corpus_has_no_rows(results: Path) -> None:
    paper, params = load_paper("activity"), params_of()
    without = params.model_copy(update={"corpora": {k: v for k, v in params.corpora.items() if k != CORPUS}})
    assert detection_rows(without, paper, paper.tables["table-1"], results) == []
    assert draw_instruments([]) and draw_confusions([])


def test_figure_1(results: Path) -> None:
    paper = load_paper("activity")
    rows = instrument_rows(params_of(), paper, paper.figures["figure-1"], results)
    by_name = {(row["row"], row["column"]): row for row in rows}
    assert len(rows) == len(by_name) == 4 * (5 * 4 + 1)
    labels, values = plain(results, "crnn", 1)
    assert by_name["drum set", "CRNN, 1 s"]["reproduced"] == pytest.approx(roc_auc_score(labels[:, 2], values[:, 2]))
    assert np.isnan(by_name["piano", "CRNN, 1 s"]["reproduced"]) and by_name["piano", "CRNN, 1 s"]["songs"] == 0
    rates = [by_name[name, "activation rate"] for name in INSTRUMENTS]
    assert [row["reproduced"] for row in rates] == pytest.approx([0, 0.1, 0.2, 0.3])  # of two training songs, one plays
    assert {row["songs"] for row in rates} == {2}  # training songs
    figure = draw_instruments(rows, with_longer_input(paper))
    assert [text.get_text() for text in figure.axes[0].texts].count("one class only") == 3
    drawn = [text.get_text() for text in figure.legends[0].get_texts()]
    assert drawn == ["Fully connected", "CNN", "CRNN", "activation rate"]
    assert by_name["drum set", "CRNN, input of 5 s, 5 s"]["songs"] == 8  # its numbers are there all the same


def test_figure_2(results: Path) -> None:
    paper = load_paper("activity")
    rows = confusion_rows(params_of(), paper, paper.figures["figure-2"], results)
    cells = {(row["row"], row["column"]): row["reproduced"] for row in rows}
    labels, values = plain(results, "crnn", 1)
    detected = values > params_of().detection.threshold
    for i, name in enumerate(INSTRUMENTS):
        wrong = detected[:, i] & ~labels[:, i]
        missed = [(wrong & labels[:, j] & ~detected[:, j]).sum() for j in range(4)]
        expected = np.array(missed) / sum(missed) if sum(missed) else np.full(4, np.nan)
        np.testing.assert_allclose([cells[name, other] for other in INSTRUMENTS], expected)
        assert cells[name, "false positives"] == wrong.sum()
    assert len(rows) == 4 * 5 and draw_confusions(rows).axes[0].get_images()[0].get_array().shape == (4, 4)


def claim(expect: str = "greater", metric: str = "AUC", margin: float = 0.0, **sides: Any) -> Claim:
    fixed = {"id": "x", "statement": "x", "source": "x", "corpus": CORPUS, "metric": metric, "expect": expect}
    both = {"left": {"system": "cnn"}, "right": {"system": "fc"}, "statistic": "pooled", "quantifier": "all"}
    return Claim.model_validate({**fixed, **both, "margin": margin, **sides})


def effect(asked: Claim, results: Path) -> Effect:
    """Of the single comparison of a claim."""
    paper, params = load_paper("activity"), params_of()
    (case,) = cases_of(paper, asked, ["instruments"], set())
    return effect_of(params, DetectorTerms(params, paper, asked, results).terms(case, common=False)[0])


def verdict(asked: Claim, found: Effect) -> str:
    return conclude(asked, [evidence(asked, found)], 0.05)[0]


def test_an_effect_is_the_difference_over_the_same_draws(results: Path) -> None:
    swapped = claim(left={"system": "fc"}, right={"system": "cnn"})
    better, worse = effect(claim(), results), effect(swapped, results)
    same = claim("comparable", margin=0.01, right={"system": "cnn"})
    itself = effect(same, results)
    means = []
    for system in ("cnn", "fc"):
        labels, values = plain(results, system, 1)
        means.append(np.mean([roc_auc_score(labels[:, n], values[:, n]) for n in range(3)]))
    assert better.value == pytest.approx(means[0] - means[1]) and better.above(0) < 0.05 and better.songs == 8
    assert worse.value == pytest.approx(-better.value) and worse.error == pytest.approx(better.error)
    assert (itself.value, itself.error) == (0, 0) and verdict(same, itself) == HOLDS
    assert verdict(claim(), better) == HOLDS and verdict(swapped, worse) == FAILS


def write_chance(results: Path, songs: int = 30, clips: int = 20) -> None:
    """A detector that has not heard anything, of instruments that play in many clips of 10 s and few of one."""
    random = np.random.default_rng(1)
    labels = random.random((songs, clips, len(INSTRUMENTS))) < [0.3, 0.2, 0.1, 0.05]
    grid = pd.MultiIndex.from_product([[f"song {n:02d}" for n in range(songs)], range(clips), INSTRUMENTS])
    table = pd.DataFrame({"probability": random.random(labels.size), "label": labels.ravel()}, grid)
    table = table.rename_axis(["song", "frame", "target"]).reset_index()
    for system in ("fc", "cnn", "crnn"):
        run = Run(CORPUS, "instruments", system, 42)
        named = table.assign(run=run.id, corpus=CORPUS, system=system, seed=42, time=table["frame"].astype(float))
        (results / "scores").mkdir(parents=True, exist_ok=True)
        write_table(results / "scores" / f"{run.id}.parquet", named)


def test_e4_longer_clips_rank_better_by_chance_alone(tmp_path: Path) -> None:
    """A random detector's LRAP rose from .31 to .40, and the claim held."""
    write_chance(tmp_path)
    sides = {"left": {"system": "crnn", "seconds": 10}, "right": {"system": "crnn", "seconds": 1}}
    plain_lrap = effect(claim(metric="LRAP", **sides), tmp_path)
    assert plain_lrap.value > 0.05 and verdict(claim(metric="LRAP", **sides), plain_lrap) == HOLDS
    asked = claim(metric="LRAP above chance", **sides)
    corrected = effect(asked, tmp_path)
    assert abs(corrected.value) < 0.1 and verdict(asked, corrected) != HOLDS


def test_a_perfect_detector_is_one_above_chance(results: Path) -> None:
    found = read_detections(results, detectors_of(params_of(), load_paper("activity"), "cnn"))
    perfect = [
        replace(one, probabilities={song: rows.astype(float) for song, rows in one.labels.items()}) for one in found
    ]
    quantity = DetectorQuantity(CORPUS, "g", "cnn", perfect, "LRAP above chance", INSTRUMENTS)
    assert quantity.value() == pytest.approx(1.0)
    everyone = Resamples(quantity.songs, np.arange(8)[None])
    assert quantity.drawn(everyone)[0] == pytest.approx(quantity.value())


def test_e5_the_instruments_of_a_row_are_those_of_all_its_columns(tmp_path: Path) -> None:
    """One that plays in every clip of 10 s left the mean of that column, and only of it."""
    write_scores(tmp_path, QUALITY, songs=12, clips=20)
    random = np.random.default_rng(2)
    for path in (tmp_path / "scores").glob("*.parquet"):
        table = pd.read_parquet(path)
        some = (random.random((12, 2, 2)) < 0.5)[table["song"].str[5:].astype(int), table["frame"] // 10]
        always, never = table["frame"] % 2 == 0, np.zeros(len(table), bool)
        played = np.stack([always, some[:, 0], some[:, 1], never], axis=1)
        place = table["target"].map(INSTRUMENTS.index).to_numpy()
        write_table(path, table.assign(label=played[np.arange(len(table)), place]))
    paper = load_paper("activity")
    rows = detection_rows(params_of(), paper, paper.tables["table-1"], tmp_path)
    found = {row["column"]: row["reproduced"] for row in rows if row["row"] == "CNN"}
    for clips, column in ((1, "AUC 1 s"), (10, "AUC 10 s")):
        labels, values = plain(tmp_path, "cnn", clips)
        each = [roc_auc_score(labels[:, n], values[:, n]) for n in (1, 2)]
        assert found[column] == pytest.approx(np.mean(each)), column


def test_rare_instruments_are_the_half_that_plays_least(results: Path) -> None:
    found = read_detections(results, detectors_of(params_of(), load_paper("activity"), "cnn"))
    assert half_of(found[0], INSTRUMENTS[:3], "rare") + half_of(found[0], INSTRUMENTS[:3], "frequent") == [
        INSTRUMENTS[2],
        INSTRUMENTS[1],
        INSTRUMENTS[0],
    ]


def test_confusions_of_related_instruments() -> None:
    counts = np.zeros((9, 4, 4))
    counts[:, 0, 1], counts[:, 0, 3] = 8, 2  # beside false positives of 0, four in five of the missed are 1
    counts[:, 2, 1], counts[:, 2, 3] = 1, 9
    songs = [str(number) for number in range(9)]
    related, unrelated = (
        ConfusionQuantity(CORPUS, "g", "crnn", songs, [counts], [[0, 1]], which) for which in (True, False)
    )
    assert related.value() == pytest.approx(0.8)  # 1 has no false positives: that order is not among the pairs
    assert unrelated.value() == pytest.approx(np.mean([0.1, 0.0]))
    drawn = related.drawn(Resamples(songs, np.zeros((5, 9), int)))
    np.testing.assert_allclose(drawn, 0.8)
