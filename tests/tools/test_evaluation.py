"""`reprosep evaluate`: museval's own files, every layout and format, several methods, resuming, and bad input."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import musdb
import museval
import numpy as np
import pandas as pd
import pytest
import soundfile

from conftest import Answer
from reprosep.metrics import bsseval_v3, bsseval_v4, si_sdr, usdr
from reprosep.tools.evaluation.layout import Sound, find_songs
from reprosep.tools.evaluation.museval_json import museval_json
from reprosep.tools.evaluation.summary import common_frames, summarise
from reprosep.tools.evaluation.tasks import tasks_of
from scores import mixed_estimates, stems
from synthetic import MUSDB_STEMS, make_musdb, write_wave

RATE = 8000
Command = Callable[..., Answer]


def write_song(folder: Path, signals: dict[str, np.ndarray], suffix: str = "wav") -> None:
    for target, samples in signals.items():
        if suffix == "wav":
            write_wave(folder / f"{target}.wav", samples, RATE)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(str(folder / f"{target}.{suffix}"), samples, RATE)


def song(seed: int, targets: tuple[str, ...] = ("vocals", "bass"), channels: int = 1) -> tuple[dict, dict]:
    """References and estimates of a song, by target."""
    references = stems(len(targets), channels, 3 * RATE, seed)
    estimates = mixed_estimates(references, seed)
    return dict(zip(targets, references, strict=True)), dict(zip(targets, estimates, strict=True))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Three songs of two mono targets; to be read, not changed."""
    root = tmp_path_factory.mktemp("evaluation")
    for number in range(3):
        references, estimates = song(number)
        write_song(root / "references" / f"Song {number}", references)
        write_song(root / "estimates" / f"Song {number}", estimates)
    return root / "references", root / "estimates"


# ---- museval's files ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def musdb_song(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """References, estimates with accompaniment, and museval's own file of a stereo song of four sources."""
    root = tmp_path_factory.mktemp("musdb")
    make_musdb(root / "references", train=1, test=1, seconds=4.5, rate=RATE)
    (track,) = musdb.DB(str(root / "references"), is_wav=True, subsets="test").tracks
    references = np.stack([track.targets[name].audio for name in MUSDB_STEMS])
    estimates = dict(zip(MUSDB_STEMS, mixed_estimates(references), strict=True))
    estimates["accompaniment"] = sum(estimates[name] for name in MUSDB_STEMS if name != "vocals")
    for name, samples in estimates.items():
        write_wave(root / "estimates" / "test" / track.name / f"{name}.wav", samples, RATE)
    read = {name: soundfile.read(str(root / "estimates/test" / track.name / f"{name}.wav"))[0] for name in estimates}
    museval.eval_mus_track(track, read, output_dir=str(root / "museval"))
    return root / "references", root / "estimates", root / "museval"


def test_the_json_is_musevals(musdb_song: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates, theirs = musdb_song
    assert reprosep("evaluate", references, estimates, "--output", tmp_path).status == 0
    (path,) = theirs.rglob("*.json")
    expected = json.loads(path.read_text())
    found = json.loads((tmp_path / path.relative_to(theirs)).read_text())
    assert [target["name"] for target in found["targets"]] == [target["name"] for target in expected["targets"]]
    assert found["museval_version"] == expected["museval_version"]
    differences = []
    for ours, other in zip(found["targets"], expected["targets"], strict=True):
        for one, two in zip(ours["frames"], other["frames"], strict=True):
            assert (one["time"], one["duration"]) == (two["time"], two["duration"])
            assert list(one["metrics"]) == list(two["metrics"])
            for metric, value in two["metrics"].items():
                assert math.isnan(one["metrics"][metric]) == math.isnan(value)
                if not math.isnan(value):
                    differences.append(abs(one["metrics"][metric] - value))
    assert len(differences) > 40
    assert max(differences) < 1.5e-5  # the last of five decimals may be rounded otherwise
    assert np.mean(np.array(differences) == 0) > 0.95


def test_museval_reads_the_files(musdb_song: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates, theirs = musdb_song
    reprosep("evaluate", references, estimates, "--output", tmp_path / "mine")
    stores = []
    for folder in (tmp_path / "mine", theirs):
        store = museval.EvalStore()
        store.add_eval_dir(folder)
        methods = museval.MethodStore()
        methods.add_eval_dir(folder)
        assert len(methods.df) == len(store.df) > 0
        stores.append(store.agg_frames_tracks_scores())
    np.testing.assert_allclose(stores[0].sort_index(), stores[1].sort_index(), atol=2e-5)


def test_infinite_scores_become_nan_as_in_museval() -> None:
    table = pd.DataFrame({"target": ["a"], "time": [0.0], "duration": [1.0], "SDR": [np.inf], "ISR": [1.123456789]})
    (target,) = museval_json(table.assign(SIR=np.nan, SAR=2.0))["targets"]
    metrics = target["frames"][0]["metrics"]
    assert math.isnan(metrics["SDR"])
    assert metrics["ISR"] == 1.12346


# ---- metrics and tables ------------------------------------------------------------------------------------------


def scores_of(reprosep: Command, references: Path, estimates: Path, output: Path, *options: object) -> pd.DataFrame:
    answer = reprosep("evaluate", references, estimates, "--output", output, *options)
    assert answer.status == 0, answer.err
    return pd.read_parquet(output / "scores.parquet")


def test_scores_are_those_of_the_functions(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = (np.stack(list(signals.values())) for signals in song(1))
    v4 = scores_of(reprosep, *folders, tmp_path / "v4", "--window", 0.5, "--hop", 0.25)
    mine = v4[v4["song"] == "Song 1"].set_index(["target", "frame"])["SDR"]
    expected = bsseval_v4(references, estimates, RATE // 2, RATE // 4).SDR
    np.testing.assert_allclose(mine["vocals"], expected[0], atol=1e-9)
    for metric, values in {
        "v3": (("SDR", bsseval_v3(references[:, :, 0], estimates[:, :, 0]).SDR),),
        "si-sdr": (("SI-SDR", si_sdr(references, estimates).SI_SDR),),
        "usdr": (
            ("uSDR", usdr(references, estimates)),
            ("cSDR", np.median(bsseval_v4(references, estimates, RATE).SDR, axis=1)),
        ),
    }.items():
        table = scores_of(reprosep, *folders, tmp_path / metric, "--metric", metric).set_index(["song", "target"])
        for column, numbers in values:
            found = [table.loc[("Song 1", target), column] for target in ("vocals", "bass")]
            np.testing.assert_allclose(found, numbers, atol=1e-9)


def test_the_summary_is_the_median_of_medians(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    answer = reprosep("evaluate", *folders, "--output", tmp_path)
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    summary = pd.read_csv(tmp_path / "summary.csv").set_index(["target", "metric"])
    medians = scores[scores["target"] == "bass"].groupby("song")["SIR"].median()
    assert summary.loc[("bass", "SIR"), "median"] == pytest.approx(medians.median())
    assert summary.loc[("bass", "SIR"), "low"] <= medians.median() <= summary.loc[("bass", "SIR"), "high"]
    assert f"{medians.median():.2f}" in answer.out
    assert len(pd.read_csv(tmp_path / "scores.csv")) == len(scores) == 3 * 2 * 3


def test_several_methods_share_common_frames(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = folders
    gated = tmp_path / "gated"
    shutil.copytree(estimates, gated)
    path = gated / "Song 0" / "vocals.wav"
    samples, _ = soundfile.read(str(path))
    samples[:RATE] = 0
    write_wave(path, samples, RATE)
    answer = reprosep("evaluate", references, estimates, gated, "--output", tmp_path / "out")
    assert answer.status == 0, answer.err
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    dropped = scores[(scores["method"] == "gated") & (scores["song"] == "Song 0") & (scores["frame"] == 0)]
    assert set(dropped["dropped"]) == {"silent estimate vocals"}
    common = pd.read_csv(tmp_path / "out" / "summary-common-frames.csv")
    assert set(common["dropped"]) == {1}
    for method in ("estimates", "gated"):
        assert len(list((tmp_path / "out" / method / "test").glob("*.json"))) == 3


def test_common_frames_are_those_of_all_methods() -> None:
    table = pd.DataFrame(
        {"method": ["a", "a", "b", "b"], "song": "s", "target": "t", "frame": [0, 1, 0, 1], "SDR": [1.0, 2, np.nan, 4]}
    )
    found = common_frames(table, ("SDR",))
    np.testing.assert_array_equal(found["SDR"], [np.nan, 2.0, np.nan, 4.0])
    from reprosep.tools.evaluation.summary import Bootstrap

    assert list(summarise(found, ("SDR",), Bootstrap())["median"]) == [2.0, 4.0]


def test_one_target_alone_is_scored_against_the_sum_of_the_others(tmp_path: Path, reprosep: Command) -> None:
    references, estimates = song(5, ("vocals", "bass", "drums"))
    write_song(tmp_path / "references" / "Song", references)
    write_song(tmp_path / "estimates" / "Song", {"bass": estimates["bass"]})
    found = scores_of(reprosep, tmp_path / "references", tmp_path / "estimates", tmp_path / "out")
    pair = np.stack([references["bass"], references["vocals"] + references["drums"]])
    expected = bsseval_v4(pair, np.stack([estimates["bass"]] * 2), RATE)
    np.testing.assert_allclose(found["SIR"], expected.SIR[0], atol=1e-6)


def test_tasks_are_musevals() -> None:
    references = {name: Sound(Path(name)) for name in MUSDB_STEMS}
    four = tasks_of(references, list(MUSDB_STEMS))
    assert [task.kept for task in four] == [list(MUSDB_STEMS)]
    main, pair = tasks_of(references, [*MUSDB_STEMS, "accompaniment"])
    assert "vocals" in main.estimated
    assert "vocals" not in main.kept
    assert pair.kept == ["vocals", "accompaniment"]
    assert pair.references["accompaniment"] == [Sound(Path(name)) for name in MUSDB_STEMS if name != "vocals"]
    assert [task.estimated for task in tasks_of({"piano": Sound(Path("piano"))}, ["piano"])] == [["piano"]]


# ---- layouts, formats, resuming ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_other_formats(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command, suffix: str) -> None:
    for number in range(3):
        write_song(tmp_path / "estimates" / f"Song {number}", song(number)[1], suffix)
    found = scores_of(reprosep, folders[0], tmp_path / "estimates", tmp_path / "out")
    expected = scores_of(reprosep, *folders, tmp_path / "wav")
    np.testing.assert_allclose(found["SDR"], expected["SDR"], atol=1e-9 if suffix == "flac" else 3)


def test_songs_are_found_by_name_without_their_subset(tmp_path: Path) -> None:
    references, estimates = song(0)
    write_song(tmp_path / "references" / "test" / "A - B", references)
    write_song(tmp_path / "references" / "test" / "C - D", references)
    write_song(tmp_path / "estimates" / "C - D", estimates)
    (found,) = find_songs(tmp_path / "references", [tmp_path / "estimates"])
    assert found.name == "test/C - D"
    (alone,) = find_songs(tmp_path / "references/test/A - B", [tmp_path / "estimates/C - D"])
    assert set(alone.references) == {"vocals", "bass"}


def test_two_jobs_give_the_same_files(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    for jobs in (1, 2):
        scores_of(reprosep, *folders, tmp_path / str(jobs), "--jobs", jobs)
    for name in ("scores.csv", "summary.csv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_what_is_scored_is_kept(
    folders: tuple[Path, Path], tmp_path: Path, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reprosep.tools.evaluation import run

    estimates = tmp_path / "estimates"
    shutil.copytree(folders[1], estimates)
    scored: list[str] = []
    original = run.score_song

    def count(one: object, settings: object) -> pd.DataFrame:
        scored.append(one.name)  # type: ignore[attr-defined]
        if len(scored) == 2:
            raise KeyboardInterrupt
        return original(one, settings)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "score_song", count)
    assert reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out").status != 0
    assert not (tmp_path / "out" / "scores.parquet").exists()
    reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out")
    assert scored == ["Song 0", "Song 1", "Song 1", "Song 2"]
    reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out")
    assert len(scored) == 4
    write_song(estimates / "Song 2", song(7)[1])
    reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out")
    assert scored[4:] == ["Song 2"]


# ---- bad input ---------------------------------------------------------------------------------------------------


def copy(folders: tuple[Path, Path], to: Path) -> tuple[Path, Path]:
    for folder in folders:
        shutil.copytree(folder, to / folder.name)
    return to / "references", to / "estimates"


def test_a_missing_folder(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    told = reprosep("evaluate", folders[0], tmp_path / "none", "--output", tmp_path / "out").sentence()
    assert "no such folder" in told


def test_an_empty_folder(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    (tmp_path / "empty").mkdir()
    assert "no sound files" in reprosep("evaluate", folders[0], tmp_path / "empty", "--output", tmp_path).sentence()


def test_an_unknown_metric(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    told = reprosep("evaluate", *folders, "--output", tmp_path, "--metric", "sisdr").sentence()
    assert "did you mean 'si-sdr'?" in told


def test_a_window_of_no_length(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    assert "--window: 0.0 seconds" in reprosep("evaluate", *folders, "--output", tmp_path, "--window", 0).sentence()


def test_an_unknown_target(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    (estimates / "Song 1" / "vocals.wav").rename(estimates / "Song 1" / "vocal.wav")
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "no reference 'vocal'" in told
    assert "did you mean 'vocals'?" in told
    assert not (tmp_path / "out").exists()


def test_an_unknown_song(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    (estimates / "Song 1").rename(estimates / "Sonk 1")
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "no references for this song (did you mean 'Song 1'?)" in told


def test_a_truncated_estimate(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    path = estimates / "Song 2" / "bass.wav"
    path.write_bytes(path.read_bytes()[:1000])
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "truncated" in told
    assert not (tmp_path / "out").exists()  # seen before anything was computed


def test_another_sample_rate(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    for path in (estimates / "Song 0").glob("*.wav"):
        write_wave(path, soundfile.read(str(path))[0], 16000)
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "16000 Hz" in told
    assert "8000 Hz" in told
    assert not (tmp_path / "out").exists()


def test_another_number_of_channels(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    for path in (estimates / "Song 0").glob("*.wav"):
        write_wave(path, np.repeat(soundfile.read(str(path), always_2d=True)[0], 2, axis=1), RATE)
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "2 channels" in told


def test_samples_that_are_no_numbers(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    path = estimates / "Song 0" / "bass.wav"
    samples = soundfile.read(str(path))[0]
    samples[100] = np.nan
    write_wave(path, samples, RATE, "FLOAT")
    told = reprosep("evaluate", references, estimates, "--output", tmp_path / "out").sentence()
    assert "not a finite number" in told
    assert "bass.wav" in told


def test_two_methods_of_one_name(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    _, other = copy(folders, tmp_path)
    told = reprosep("evaluate", *folders, other, "--output", tmp_path / "out").sentence()
    assert "a second folder of estimates named 'estimates'" in told


def test_a_song_without_a_right_answer_is_named(tmp_path: Path, reprosep: Command) -> None:
    references, estimates = song(0)
    for signals in (references, estimates):
        for target, samples in signals.items():
            spectrum = np.fft.rfft(samples * np.hanning(len(samples))[:, None] ** 2, axis=0)
            spectrum[len(spectrum) // 2 :] = 0
            path = tmp_path / ("references" if signals is references else "estimates") / "Song" / f"{target}.wav"
            write_wave(path, np.fft.irfft(spectrum, len(samples), axis=0), RATE, "DOUBLE")
    answer = reprosep("evaluate", tmp_path / "references", tmp_path / "estimates", "--output", tmp_path / "out")
    assert answer.status == 0
    assert pd.read_parquet(tmp_path / "out" / "scores.parquet")["ill_posed"].all()


def test_estimates_of_another_length_are_scored(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references, estimates = copy(folders, tmp_path)
    path = estimates / "Song 0" / "vocals.wav"
    write_wave(path, soundfile.read(str(path))[0][: 2 * RATE + 100], RATE)
    found = scores_of(reprosep, references, estimates, tmp_path / "out")
    mine = found[(found["song"] == "Song 0") & (found["target"] == "vocals")]
    assert mine["SDR"].notna().all()
    assert mine["SDR"].iloc[2] < mine["SDR"].iloc[1]  # mostly silence that was padded
