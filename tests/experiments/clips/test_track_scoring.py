"""SI-SDR of tracks on several corpora: oracles and scores by their plain definitions, and what is written."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
import scipy.signal

from conftest import CHANGE, Line
from reprosep.audio.store import read_table
from reprosep.experiments.runs import find_run, scored_on
from reprosep.experiments.scorers import scorer_for
from reprosep.params.scale import Params, merge
from reprosep.results.aggregate import Scores
from reprosep.results.spot_check import spot_check
from reprosep.scores.tracks import TargetInTracks
from reprosep.separation.masks import ideal_estimate
from reprosep.separation.oracle import Scene
from synthetic import make_params

ORACLES = {"ibm", "irm", "wiener", "tpsf"}
RUN = "musdb-16k_bass_musdb_s42"
CLIPS = {"seconds": 2.0, "presence": -40.0, "frames": 20, "small_hours": 0.003, "large_hours": 0.004, "valid": 2}


def params() -> Params:
    return make_params(merge(CHANGE, {"papers": ["slakh"], "clips": CLIPS, "scoring": {"spot_checks": 5}}))


@pytest.fixture(scope="module")
def scored(prepared: Line) -> Line:
    """Oracles of the bass on two corpora, and a trained network that is scored on both."""
    made = Line(prepared.folder, params())
    made.step("clips", "musdb-16k", "bass")
    made.step("train", [RUN])
    made.step("score", [RUN, *(f"{corpus}_bass_{name}" for corpus in ("musdb-16k", "slakh") for name in NAMES)], 1)
    return made


NAMES = ("input", *sorted(ORACLES))


def scorer(line: Line, identifier: str) -> TargetInTracks:
    found = scorer_for(line.params, *find_run(line.params, identifier), line.results)
    assert isinstance(found, TargetInTracks)
    return found


def plain_si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    s, e = reference.astype(float) - reference.mean(dtype=float), estimate.astype(float) - estimate.mean(dtype=float)
    scale = np.dot(e, s) / np.dot(s, s)
    return float(10 * np.log10(np.sum((scale * s) ** 2) / np.sum((e - scale * s) ** 2)))


# ---- oracles -----------------------------------------------------------------------------------------------------


def plain_oracle(kind: str, target: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """The same with scipy's transform and its own square-root Hann window."""
    window = np.sqrt(scipy.signal.get_window("hann", 512))
    transform = scipy.signal.ShortTimeFFT(window, 256, 1.0, dual_win=window)
    s, x = (transform.stft(wave.astype(float), padding="even") for wave in (target, mixture))
    r = x - s
    with np.errstate(divide="ignore", invalid="ignore"):
        mask = {
            "ibm": np.where(np.abs(s) > np.abs(r), 1.0, 0.0),
            "irm": np.abs(s) / (np.abs(s) + np.abs(r)),
            "wiener": np.abs(s) ** 2 / (np.abs(s) ** 2 + np.abs(r) ** 2),
            "tpsf": np.clip(np.abs(s) * np.cos(np.angle(s) - np.angle(x)) / np.abs(x), 0, 1),
        }[kind]
    return np.asarray(transform.istft(np.nan_to_num(mask) * x, k1=len(target)))


@pytest.mark.parametrize("kind", sorted(ORACLES))
def test_oracles_are_their_definitions(kind: str) -> None:
    random = np.random.default_rng(3)
    own = params().of_corpus("musdb-16k")
    time = np.arange(20 * 256 + 100)
    target = (0.3 * np.sin(0.05 * time) + 0.01 * random.normal(size=len(time))).astype(np.float32)
    mixture = target + (0.2 * random.normal(size=len(time))).astype(np.float32)
    found, expected = ideal_estimate(kind, target, mixture, own), plain_oracle(kind, target, mixture)
    inner = slice(512, -512)  # the ends are padded differently
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-5)


def test_the_order_of_the_oracles(scored: Line) -> None:
    for corpus in ("musdb-16k", "slakh"):
        tables = {name: read_table(scored.results / "scores" / f"{corpus}_bass_{name}.parquet") for name in NAMES}
        mean = {name: table["SI-SDR"].mean() for name, table in tables.items()}
        assert mean["tpsf"] > mean["wiener"] > mean["irm"] > mean["input"] and mean["ibm"] > mean["input"]


# ---- scores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [RUN, "slakh_bass_input", "musdb-16k_bass_irm"])
def test_scores_are_si_sdr(scored: Line, identifier: str) -> None:
    mine = scorer(scored, identifier)
    table = read_table(scored.results / "scores" / f"{identifier}.parquet").set_index(["corpus", "song"])
    for recipe in mine.recipes():
        scene = mine.scene(recipe)
        corpus, _, song = recipe.name.partition("/")
        expected = plain_si_sdr(scene.target[0], mine.estimate(scene))
        assert table.loc[(corpus, song), "SI-SDR"] == pytest.approx(expected, abs=1e-6)


def test_a_network_is_scored_on_every_corpus_that_holds_its_target(scored: Line) -> None:
    table = read_table(scored.results / "scores" / f"{RUN}.parquet")
    assert set(table["corpus"]) == {"musdb-16k", "slakh"} and set(table["run"]) == {RUN}
    assert table["SDR"].isna().all() and table["SI-SDR"].notna().all()
    piano = "slakh_piano_slakh-large_s42"
    assert scored_on(scored.params, *find_run(scored.params, piano)) == ["slakh"]


def test_tables_find_the_scores_of_both(scored: Line) -> None:
    runs = [find_run(scored.params, name)[0] for name in (RUN, "slakh_bass_input", "musdb-16k_bass_input")]
    scores = Scores(scored.results, runs)
    assert set(scores.scored) == {("musdb-16k", "bass"), ("slakh", "bass")}
    songs = scores.songs("slakh", "bass", [("musdb", "none"), ("input", "none")], common=False)
    assert len(songs) == 4 and songs["SI-SDR"].notna().all()


def test_silence_has_no_score(scored: Line) -> None:
    mine = scorer(scored, RUN)
    recipe = mine.recipes()[0]
    scene = mine.scene(recipe)
    silent = Scene(np.zeros_like(scene.target), scene.mixture)
    row = mine.score(recipe, silent, [])[0].iloc[0]
    assert np.isnan(row["SI-SDR"]) and row["dropped"] == "silent target"
    assert np.isnan(mine.value(scene, np.zeros_like(scene.mixture[0])))


def test_the_spot_check_is_the_definition(scored: Line) -> None:
    pairs = [find_run(scored.params, name) for name in (RUN, "slakh_bass_tpsf", "musdb-16k_bass_input")]
    with contextlib.chdir(scored.folder):
        table = spot_check(scored.params, pairs, scored.results)
    assert len(table) == 3 and (table["difference"] < 1e-6).all() and set(table["by"]) == {"its definition"}


def test_any_song_can_be_separated(scored: Line, reprosep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scored.folder)
    scored.write_params()
    song = next((scored.folder / "recordings/musdb/test").glob("*/mixture.wav"))
    answer = reprosep(
        "separate", song, "--run", RUN, "--output", scored.folder / "own.wav", "--results", scored.results
    )
    assert answer.status == 0, answer.err
    assert (scored.folder / "own.wav").stat().st_size > 1000
