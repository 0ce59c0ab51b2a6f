"""Estimates and scores of systems that separate all sources of a song."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from conftest import CHANGE, Line
from reprosep.audio.stft import istft
from reprosep.audio.store import read_table
from reprosep.experiments.runs import find_run, needed_runs
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.sources.estimate import SourcesEstimate, separate_sources
from reprosep.experiments.sources.frame_scores import SourceFramesScorer
from reprosep.experiments.target.item import training_item
from reprosep.metrics import METRICS as FRAME_METRICS
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params, merge
from reprosep.params.work import WienerFilter
from reprosep.results.aggregate import Scores, by_song, pair_songs, per_song, summarise
from reprosep.results.spot_check import ROUNDING, largest_difference, musevals_scores, spot_check
from reprosep.scores.settings import SettingWhole, SourceScene
from reprosep.separation.gate import gate_for, gates_for
from reprosep.separation.wiener import wiener_filter
from separations import separate_song
from synthetic import make_params

CORPUS = "musdb-mono"
HEADS, INPUT = "musdb-mono_4-sources_ebw-p1-heads-4_s42", "musdb-mono_4-sources_input-4"
BASS = "musdb-mono_bass_dedicated-4_s42"
FRAMED = "musdb-mono_4-sources_m-u-net_s42"
ONE_EPOCH = {"corpora": {CORPUS: {"settings": {"training": {"epochs": 1}}}}}


@pytest.fixture(scope="module")
def scored(prepared: Line) -> Line:
    """Three runs of the M-U-Net paper, trained and scored."""
    line = Line(prepared.folder, make_params(merge(CHANGE, {"papers": ["munet"], **ONE_EPOCH})))
    line.step("energies", CORPUS)
    for run in (HEADS, BASS):
        line.step("train", [run])
    line.step("score", [HEADS, BASS, INPUT], 1)
    return line


def scorer(line: Line, identifier: str) -> SettingWhole[Any]:
    found = scorer_for(line.params, *find_run(line.params, identifier), line.results)
    assert isinstance(found, SettingWhole)
    return found


# ---- estimates ---------------------------------------------------------------------------------------------------


class Masks(nn.Module):
    """A network with the same masks for every input."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = values

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        return torch.cat([torch.full_like(x, value) for value in self.values], dim=1), None


@pytest.fixture(scope="module")
def params() -> Params:
    return make_params().of_corpus(CORPUS)


@pytest.mark.parametrize("samples", [16128, 40000, 5000])
def test_masks_of_one_return_the_mixture(params: Params, samples: int) -> None:
    mixture = np.random.default_rng(0).uniform(-0.4, 0.4, samples).astype(np.float32)
    found = separate_sources(Masks([1.0, 0.5]), mixture, params, params.models.u_net, 16128, 2)  # type: ignore[arg-type]
    waves = found.waves()
    assert waves.shape == (2, samples)
    np.testing.assert_allclose(waves[0], mixture, atol=1e-5)
    np.testing.assert_allclose(waves[1], mixture / 2, atol=1e-5)


def test_a_gate_weighs_the_frames_of_the_song(params: Params) -> None:
    mixture = np.random.default_rng(1).uniform(-0.4, 0.4, 40000).astype(np.float32)
    found = separate_sources(Masks([1.0]), mixture, params, params.models.u_net, 16128, 1)  # type: ignore[arg-type]
    gates = np.zeros((1, 40000 // 256 + 1), bool)
    gates[0, 50:100] = True  # across the end of the first chunk, at frame 63
    wave = found.waves(gates)[0]
    inside = slice(52 * 256 + 512, 97 * 256 - 512)
    np.testing.assert_allclose(wave[inside], mixture[inside], atol=1e-4)
    assert not wave[: 49 * 256 - 512].any() and not wave[101 * 256 + 512 :].any()


def test_estimates_are_clipped_to_full_scale(params: Params) -> None:
    mixture = np.full(16128, 0.9, np.float32)
    found = separate_sources(Masks([5.0]), mixture, params, params.models.u_net, 16128, 1)  # type: ignore[arg-type]
    assert np.abs(found.waves()).max() == 1.0


def test_probabilities_have_the_frames_of_the_song(scored: Line) -> None:
    mine = scorer(scored, HEADS)
    recipe = mine.recipes()[0]
    found: SourcesEstimate = mine.separate(mine.scene(recipe))
    assert found.probability is not None
    assert found.probability.shape == (4, recipe.length // 256 + 1)
    assert ((found.probability > 0) & (found.probability < 1)).all()


# ---- scores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [HEADS, BASS, INPUT])
def test_scores_are_mir_evals(scored: Line, identifier: str) -> None:
    mine = scorer(scored, identifier)
    table = read_table(scored.results / "scores" / f"{identifier}.parquet")
    recipe = mine.recipes()[0]
    scene = mine.scene(recipe)
    places = [mine.system.sources.index(target) for target in mine.run.targets]
    for variant, waves in mine.estimates(recipe, scene).waves.items():
        rows = table[(table["song"] == recipe.name) & (table["variant"] == variant)].set_index("target")
        estimates = scene.sources.copy()
        for place, wave in zip(places, waves, strict=True):
            estimates[place] = wave if wave.any() else estimates[place]
        with pytest.warns(FutureWarning):
            peer = mir_eval.separation.bss_eval_sources(scene.sources, estimates, compute_permutation=False)
        for target, place, wave in zip(mine.run.targets, places, waves, strict=True):
            found = rows.loc[target, ["SDR", "SIR", "SAR"]].to_numpy(float)
            expected = np.array([metric[place] for metric in peer[:3]])
            if not wave.any():
                assert np.isnan(found).all() and rows.loc[target, "dropped"] == "silent estimate"
                continue
            rounding = np.abs(expected) > ROUNDING
            np.testing.assert_allclose(found[~rounding], expected[~rounding], atol=1e-6)


def test_every_variant_song_and_target_is_there(scored: Line) -> None:
    found = read_table(scored.results / "scores" / f"{HEADS}.parquet")
    assert set(found["variant"]) == {"none", "raw", "median", "oracle", "wiener"}
    assert found.groupby(["variant", "song"])["target"].apply(set).map(lambda names: len(names) == 4).all()
    activity = read_table(scored.results / "scores" / f"{HEADS}.activity.parquet")
    assert set(activity["target"]) == {"vocals", "drums", "bass", "other"}
    assert set(read_table(scored.results / "scores" / f"{BASS}.parquet")["target"]) == {"bass"}


def test_a_silent_source_is_no_reference_and_has_no_score(scored: Line) -> None:
    mine = scorer(scored, INPUT)
    scene = mine.scene(mine.recipes()[0])
    sources = scene.sources.copy()
    sources[1] = 0
    silent = SourceScene(sources, [0, 2, 3])
    waves = np.random.default_rng(0).normal(0, 0.1, sources.shape).astype(np.float32)
    found = mine.values(silent, mine.references(mine.recipes()[0], silent)[0], waves)
    assert np.isnan(found[1]).all()
    with pytest.warns(FutureWarning):
        peer = mir_eval.separation.bss_eval_sources(sources[[0, 2, 3]], waves[[0, 2, 3]], compute_permutation=False)
    np.testing.assert_allclose(found[[0, 2, 3]], np.stack(peer[:3], axis=1), atol=1e-6)


def test_gates_are_those_of_every_source(scored: Line) -> None:
    mine = scorer(scored, HEADS)
    recipe = mine.recipes()[0]
    estimate = mine.separate(mine.scene(recipe))
    assert estimate.probability is not None
    for variant in ("raw", "median", "oracle"):
        gates = gates_for(variant, estimate.probability, mine.labels(recipe), mine.params.separation)  # type: ignore[arg-type]
        assert gates is not None
        for number, target in enumerate(mine.run.targets):
            labels = mine.songs.labels(recipe.name, mine.system.sources)[mine.system.sources.index(target)]
            plain = gate_for(variant, estimate.probability[number], labels, mine.params.separation)  # type: ignore[arg-type]
            np.testing.assert_array_equal(gates[number], plain)
    labels = mine.songs.labels(recipe.name, mine.system.sources)
    assert labels.any(axis=1).all() and not labels.all()
    heard = mine.estimate_to_hear(recipe, mine.run.targets[1])
    assert heard.gate is not None
    np.testing.assert_array_equal(heard.wave, mine.estimates(recipe, mine.scene(recipe)).waves["median"][[1]])
    np.testing.assert_array_equal(heard.probability, estimate.probability[1])


def test_the_spot_check_is_mir_evals(scored: Line) -> None:
    pairs = [find_run(scored.params, identifier) for identifier in (HEADS, BASS, INPUT)]
    with contextlib.chdir(scored.folder):
        table = spot_check(scored.params, pairs, scored.results)
    assert len(table) == 3 and (table["difference"] < 1e-6).all() and table["same_frames"].all()


# ---- pooled over sources -----------------------------------------------------------------------------------------


def test_overall_pools_sources_and_songs(scored: Line) -> None:
    found = [run for run in needed_runs(scored.params, load_paper("munet")) if run.id in (HEADS, INPUT)]
    scores = Scores(scored.results, found)
    pair = ("ebw-p1-heads-4", "none")
    table = read_table(scored.results / "scores" / f"{HEADS}.parquet")
    plain = table.loc[table["variant"] == "none", "SDR"]
    songs = pair_songs(scores.songs(CORPUS, "overall", [pair], common=False), pair)
    assert len(songs) == len(plain)
    for statistic, value in (("mean", plain.mean()), ("std", plain.std(ddof=1)), ("median", plain.median())):
        assert summarise(scored.params, songs, "SDR", statistic).value == pytest.approx(value)  # type: ignore[arg-type]
    assert summarise(scored.params, songs, "SDR").songs == table["song"].nunique()
    mean = by_song(per_song(scores.songs(CORPUS, "overall", [pair], common=False), pair, "SDR"))
    expected = table[table["variant"] == "none"].groupby("song")["SDR"].mean()
    np.testing.assert_allclose(mean.sort_index(), expected.sort_index())


def test_an_example_of_such_a_run_is_refused(scored: Line, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="trained on parts of whole songs"):
        training_item(scored.params, HEADS, 0, tmp_path)


# ---- one's own song ----------------------------------------------------------------------------------------------


def test_ones_own_song_gives_a_file_per_source(scored: Line, tmp_path: Path) -> None:
    song = np.random.default_rng(3).uniform(-0.3, 0.3, (50_000, 2))
    soundfile.write(str(tmp_path / "song.wav"), song, 22050)
    written = separate_song(tmp_path / "song.wav", HEADS, None, scored.results, "median")
    assert [path.name for path in written] == [f"song_{name}.wav" for name in ("vocals", "drums", "bass", "other")]
    for path in written:
        samples, rate = soundfile.read(str(path))
        assert samples.shape == song.shape and rate == 22050
    for gate, folder in (("none", "plain"), ("raw", "gated")):
        named = separate_song(tmp_path / "song.wav", HEADS, tmp_path / folder, scored.results, gate)
        assert named[2] == tmp_path / folder / "bass.wav" and all(path.exists() for path in named)
    (one,) = separate_song(tmp_path / "song.wav", BASS, tmp_path / "one.wav", scored.results, "median")
    assert one == tmp_path / "one.wav" and soundfile.info(str(one)).frames == 50_000


# ---- the same in the IASS paper's way ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def framed(scored: Line) -> Line:
    """The system of the IASS paper that is computed beside M-U-Net's."""
    change = {"papers": ["iass", "munet"], "corpora": {CORPUS: {"targets": ["vocals", "drums", "bass", "other"]}}}
    line = Line(scored.folder, make_params(merge(merge(CHANGE, ONE_EPOCH), change)))
    line.step("train", [FRAMED])
    line.step("score", [FRAMED], 1)
    return line


def test_a_system_beside_another_paper_waits_for_it(scored: Line) -> None:
    names = {False: ["iass"], True: ["iass", "munet"]}
    for wanted, chosen in names.items():
        params = make_params(merge(CHANGE, {"papers": chosen}))
        assert any(run.system == "m-u-net" for run in needed_runs(params, load_paper("iass"))) == wanted


def test_it_is_scored_in_frames_against_the_accompaniment(framed: Line) -> None:
    mine = scorer_for(framed.params, *find_run(framed.params, FRAMED), framed.results)
    assert isinstance(mine, SourceFramesScorer)
    table = read_table(framed.results / "scores" / f"{FRAMED}.parquet")
    assert set(table["variant"]) == {"none", "raw", "median", "oracle", "wiener"} and table["frame"].max() == 5
    recipe = mine.recipes()[0]
    scene = mine.scene(recipe)
    waves = mine.estimates(recipe, scene).waves["none"]
    pairs = mine.references(recipe, scene)
    for number, target in enumerate(mine.run.targets):
        rows = table[(table["song"] == recipe.name) & (table["variant"] == "none") & (table["target"] == target)]
        expected = musevals_scores(pairs[mine.held(recipe).index(target)], waves[[number]].T)
        found = rows.sort_values("frame")[list(FRAME_METRICS)].to_numpy().T
        assert largest_difference(found, expected) < 1e-6


def test_its_sources_are_filtered_chunk_by_chunk(framed: Line) -> None:
    """Gated first; the filter makes the sources that a chunk's mixture is the sum of."""
    mine = scorer_for(framed.params, *find_run(framed.params, FRAMED), framed.results)
    assert isinstance(mine, SourceFramesScorer)
    scene = mine.scene(recipe := mine.recipes()[0])
    estimate, settings = mine.separate(scene), mine.params.separation
    gates = gates_for("median", estimate.probability, mine.labels(recipe), settings)
    found = mine.estimates(recipe, scene).waves["wiener"]
    np.testing.assert_array_equal(found, estimate.filtered(gates, settings.wiener))
    plain = estimate.filtered(gates, WienerFilter(iterations=0))
    np.testing.assert_allclose(plain, estimate.waves(gates), atol=1e-5)
    first = estimate.masks[0] * torch.from_numpy(gates[:, None, : estimate.masks.shape[-1]]).float()
    magnitudes = (first * estimate.spectra[0].abs())[:, None]
    spectra = wiener_filter(magnitudes, estimate.spectra[0].to(torch.complex128), WienerFilter(), residual=False)
    length = (spectra.shape[-1] - 1) * estimate.hop
    chunk = istft(spectra[:, 0].to(torch.complex64), estimate.n_fft, estimate.hop, length)
    np.testing.assert_allclose(found[:, :length], chunk.clamp(-1, 1)[:, : found.shape[1]], atol=1e-5)


def test_its_spot_check_is_musevals(framed: Line) -> None:
    with contextlib.chdir(framed.folder):
        table = spot_check(framed.params, [find_run(framed.params, FRAMED)], framed.results)
    assert list(table["by"]) == ["museval"] and (table["difference"] < 1e-6).all()
