"""Who plays when in a user's own song: probabilities per second, the three files, the choice of runs, errors."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from conftest import Answer, Line
from reprosep.audio.frames import chunk_samples, clip_frames
from reprosep.audio.mel import hertz, mel
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.own_song import seconds_of_clips, to_the_end
from reprosep.experiments.detectors.seconds import FLOOR, clips_of, log_mel
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.song import Song, seconds_of_frames
from reprosep.experiments.sources.estimate import separate_sources
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.trained import find_trained
from reprosep.models.detectors import FullyConnected
from reprosep.params.scale import dump
from reprosep.tools.own_songs.activity import default_runs, tell_activity
from reprosep.tools.own_songs.timeline import Lane, clock, draw_timeline
from reprosep.training.checkpoint import BEST, save_weights
from synthetic import make_params

Run = Callable[..., Answer]
FC, CRNN = "mm-detection_instruments_fc_s42", "mm-detection_instruments_crnn_s42"
LONGER = "mm-detection_instruments_crnn-5s_s42"
VOCALS, PLAIN = "mm_vocals_iass_s42", "musdb_drums_open-unmix_s42"
STEREO, HEADS = "musdb_vocals_iass_s42", "musdb-mono_4-sources_ebw-p1-heads-4_s42"
TONES = {"female singer": 900.0, "electric bass": 150.0, "drum set": 2500.0}  # Hz, that stand for an instrument here
PLAYED = {"female singer": [(1, 3), (5, 6)], "electric bass": [(0, 7)], "drum set": [(3, 4)]}  # seconds
SECONDS = 7.4


def made_run(results: Path, identifier: str, change: dict[str, Any] | None = None) -> Path:
    """The folder of a run whose network was never trained."""
    params = make_params({"papers": ["iass", "munet", "activity"], "seeds": [42, 43], **(change or {})})
    run, system = find_run(params, identifier)
    own = params.of_corpus(run.corpus)
    folder = results / "runs" / identifier
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    save_weights(
        folder / BEST,
        kind_of(system).module("network").network(system, own, own.corpora[run.corpus].channels, len(run.targets)),
    )
    record = {key: getattr(run, key) for key in ("corpus", "target", "system", "seed")}
    content = {**record, "run": run.id, "settings": system.model_dump(mode="json"), "params": dump(own)}
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def tone_detector(results: Path) -> Path:
    """A detector that finds each of :data:`TONES` by the level in the nearest band: a network set by hand."""
    folder = made_run(results, FC)
    params = find_trained(FC, results).params
    settings, frames = params.detection, clip_frames(params)
    model = FullyConnected(settings.mels, frames, len(settings.instruments), params.models.fc.hidden, 0.0)
    first, last = model.layers[0], model.layers[-1]
    centres = hertz(np.linspace(mel(settings.lowest), mel(settings.highest), settings.mels + 2))[1:-1]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for row, name in enumerate(settings.instruments):
            weights = torch.zeros(settings.mels, frames)
            weights[int(np.abs(centres - TONES[name]).argmin())] = 1 / frames
            first.weight[row], first.bias[row] = weights.flatten(), -np.log(FLOOR)
            last.weight[row, row], last.bias[row] = 2.0, -12.0  # active above a level of FLOOR · e^6
    save_weights(folder / BEST, model)
    return folder


def song(path: Path, rate: int = 44100, channels: int = 2, seconds: float = SECONDS) -> Path:
    """The tones where :data:`PLAYED` says so, and silence; two channels differ in level."""
    time = np.arange(round(seconds * rate)) / rate
    mono = np.zeros(len(time))
    for name, parts in PLAYED.items():
        for start, end in parts:
            mono += 0.2 * np.sin(2 * np.pi * TONES[name] * time) * ((time >= start) & (time < end))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), np.stack([mono * (1 - 0.3 * channel) for channel in range(channels)], axis=1), rate)
    return path


def noise(path: Path, seconds: float = 5.3, rate: int = 22050, channels: int = 2) -> Path:
    """Noise whose level changes every half second."""
    random = np.random.default_rng(5)
    levels = np.repeat(random.uniform(0, 0.3, int(2 * seconds) + 1), rate // 2)[: round(seconds * rate)]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), random.uniform(-1, 1, (len(levels), channels)) * levels[:, None], rate)
    return path


def labels(path: Path) -> list[tuple[float, float, str]]:
    """A label track as Audacity's manual describes it: start, end and text, separated by tabs, one per line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(float(start), float(end), text) for start, end, text in (line.split("\t") for line in lines)]


def table(path: Path) -> dict[str, np.ndarray]:
    """The probabilities of every instrument, and the seconds."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with the detector of tones."""
    results = tmp_path_factory.mktemp("detector") / "results"
    tone_detector(results)
    return results


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with one untrained run of every kind that tells activity."""
    results = tmp_path_factory.mktemp("networks") / "results"
    for identifier in (CRNN, LONGER, VOCALS, STEREO, HEADS):
        made_run(results, identifier)
    return results


# ---- the files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "rate", "channels"),
    [("wav", 44100, 2), ("wav", 8000, 1), ("wav", 48000, 2), ("flac", 22050, 4), ("mp3", 44100, 2), ("m4a", 48000, 2)],
)
def test_what_plays_is_told(detector: Path, tmp_path: Path, suffix: str, rate: int, channels: int) -> None:
    path = song(tmp_path / f"My song (live).{'wav' if suffix == 'm4a' else suffix}", rate, channels)
    if suffix == "m4a":
        source, path = path, path.with_suffix(".m4a")
        subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), "-c:a", "aac", str(path)], check=True)
    written = tell_activity(path, [FC], None, detector, None)
    assert [one.name for one in written] == [f"My song (live)_activity.{end}" for end in ("csv", "txt", "png")]
    assert written[0].parent == tmp_path
    found = labels(written[1])
    expected = sorted((s, e, n) for n, parts in PLAYED.items() for s, e in parts)
    assert [(start, end, name) for start, end, name in found] == expected
    values = table(written[0])
    assert list(values) == ["second", *TONES] and list(values["second"]) == list(range(8))
    assert min(imread(str(written[2])).shape[:2]) > 200


def test_labels_are_the_intervals_of_the_table(networks: Path, tmp_path: Path) -> None:
    """Of untrained networks, whose probabilities lie around a threshold in no order."""
    path = noise(tmp_path / "noise.wav")
    middle = float(np.median(find_trained(CRNN, networks).probabilities(Song.read(path))))
    written = tell_activity(path, [CRNN, HEADS], tmp_path / "out", networks, middle)
    values, found = table(written[0]), labels(written[1])
    assert found == sorted(found, key=lambda one: one[0]) and len(found) > 3
    told = {name: np.zeros(6, bool) for name in values if name != "second"}
    for start, end, name in found:
        assert start == int(start) and (end == int(end) or end == 5.3)
        told[name][int(start) : int(np.ceil(end))] = True
    for name, active in told.items():
        np.testing.assert_array_equal(active, values[name] > middle, err_msg=name)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_intervals(plays: list[bool], left: float) -> None:
    duration = len(plays) - 1 + left
    found = Lane("x", "run", np.array(plays, float), 0.5).intervals(duration)
    covered = [any(start <= second + left / 2 < end for start, end in found) for second in range(len(plays))]
    assert covered == plays
    assert all(start < end <= duration for start, end in found)
    assert all(one[1] < two[0] for one, two in zip(found, found[1:], strict=False))


def test_the_same_twice(networks: Path, tmp_path: Path) -> None:
    path = noise(tmp_path / "noise.flac")
    first = [one.read_bytes() for one in tell_activity(path, [CRNN, STEREO], None, networks, None)]
    assert [one.read_bytes() for one in tell_activity(path, [CRNN, STEREO], None, networks, None)] == first


def test_a_name_of_several_runs_has_the_run_behind_it(networks: Path, tmp_path: Path) -> None:
    written = tell_activity(noise(tmp_path / "noise.wav"), [VOCALS, HEADS, VOCALS], None, networks, None)
    expected = [f"vocals ({VOCALS})", f"vocals ({HEADS})", "drums", "bass", "other"]
    assert list(table(written[0])) == ["second", *expected]


# ---- probabilities -----------------------------------------------------------------------------------------------


def test_a_detector_hears_the_clips_that_begin_with_a_second(networks: Path, tmp_path: Path) -> None:
    path = noise(tmp_path / "noise.wav", seconds=4.0, rate=8000, channels=1)
    run = find_trained(CRNN, networks)
    spectrogram = log_mel(soundfile.read(str(path), dtype="float32")[0], run.params)
    model, wanted = run.model(), clip_frames(run.params)
    for second, found in enumerate(run.probabilities(Song.read(path))):
        start = round(second * 8000 / 256)
        with torch.inference_mode():
            expected = torch.sigmoid(model(torch.from_numpy(spectrogram[None, :, start : start + wanted])))[0]
        np.testing.assert_allclose(found, expected.numpy(), atol=6e-5)


@pytest.mark.parametrize("seconds", [2.3, 5.0, 6.6, 10.0, 400.5])
def test_a_detector_with_a_longer_input_hears_blocks(networks: Path, tmp_path: Path, seconds: float) -> None:
    """Each second is as its block; the last one is the song's last five seconds, with silence to the last one's end."""
    path = noise(tmp_path / "noise.wav", seconds, 8000, 1)
    run, count = find_trained(LONGER, networks), int(np.ceil(seconds))
    spectrogram = log_mel(soundfile.read(str(path), dtype="float32")[0], run.params)
    padded = np.pad(spectrogram, ((0, 0), (0, 99)), constant_values=np.float32(np.log(FLOOR)))
    model, found = run.model(), run.probabilities(Song.read(path))
    assert len(found) == count
    for second in {0, min(4, count - 1), count // 2, count - 1}:
        first = max(min(second // 5 * 5, count - 5), 0)
        start, last = round(first * 31.25), round((first + min(count, 5) - 1) * 31.25)
        wanted = 156 if count >= 5 else last + clip_frames(run.params)
        with torch.inference_mode():
            expected = torch.sigmoid(model(torch.from_numpy(padded[None, :, start : start + wanted])))[0]
        np.testing.assert_allclose(found[second], expected.numpy(), atol=6e-5)


@pytest.mark.parametrize("identifier", [VOCALS, STEREO])
def test_a_second_of_a_head_is_the_median_of_its_frames(networks: Path, tmp_path: Path, identifier: str) -> None:
    path = noise(tmp_path / "noise.wav", rate=8000)
    run = find_trained(identifier, networks)
    samples = soundfile.read(str(path), dtype="float32", always_2d=True)[0].T
    mixture = samples if run.channels == 2 else samples.mean(axis=0, keepdims=True)
    estimate = separate(run.model(), np.ascontiguousarray(mixture), run.params)
    assert estimate.probability is not None
    time = np.arange(len(estimate.probability)) * run.params.stft.hop / 8000
    expected = [np.median(estimate.probability[(time >= s) & (time < s + 1)]) for s in range(6)]
    np.testing.assert_allclose(run.probabilities(Song.read(path))[:, 0], expected, atol=6e-5)


@pytest.mark.parametrize("seconds", [0.4, 1.5, 5.3])
def test_heads_of_all_sources_are_those_of_the_whole_song(networks: Path, tmp_path: Path, seconds: float) -> None:
    """The song is heard chunk by chunk; its separation in one go tells the same."""
    run = find_trained(HEADS, networks)
    rate = run.params.audio.sample_rate
    path = noise(tmp_path / "noise.wav", seconds, rate, 1)
    wave = soundfile.read(str(path), dtype="float32")[0]
    whole = separate_sources(run.model(), wave, run.params, run.params.models.u_net, chunk_samples(run.params), 4)
    assert whole.probability is not None
    expected = seconds_of_frames(whole.probability, run.params, int(np.ceil(seconds)))
    np.testing.assert_allclose(run.probabilities(Song.read(path)), expected, atol=6e-5)


def test_clips_go_on_with_silence_to_the_end(networks: Path) -> None:
    params = find_trained(CRNN, networks).params
    wanted, silence = clip_frames(params), np.float32(np.log(FLOOR))
    for frames, count in ((5, 1), (wanted, 1), (100, 4), (301, 10)):
        numbers = np.arange(frames, dtype=np.float32)[None]
        clips = clips_of(to_the_end(numbers, params, count), params, count)
        assert clips.shape == (count, 1, wanted)
        for second, clip in enumerate(clips[:, 0]):
            expected = round(second * 31.25) + np.arange(wanted)
            np.testing.assert_array_equal(clip, np.where(expected < frames, expected, silence))


def test_clips_of_other_lengths_become_seconds() -> None:
    clips = np.array([[0.1], [0.7], [0.3], [0.2]])
    assert seconds_of_clips(clips, 1.0, 4).tolist() == clips.tolist()
    assert seconds_of_clips(clips, 0.5, 2).tolist() == [[0.7], [0.3]]
    assert seconds_of_clips(clips[:2], 2.0, 3).tolist() == [[0.1], [0.1], [0.7]]
    assert seconds_of_clips(clips[:2], 1.5, 3).tolist() == [[0.1], [0.7], [0.7]]


def test_a_second_too_short_for_a_frame_is_as_the_one_before() -> None:
    params = make_params()  # 31.25 frames a second
    frames = np.concatenate([np.full(32, 0.2), np.full(31, 0.9)])[None]
    assert seconds_of_frames(frames, params, 3).tolist() == [[0.2], [0.9], [0.9]]
    assert seconds_of_frames(frames, params, 1).tolist() == [[0.2]]


@pytest.mark.parametrize("identifier", [CRNN, LONGER, VOCALS, STEREO, HEADS])
def test_in_silence_nothing_plays(networks: Path, tmp_path: Path, identifier: str) -> None:
    samples = np.zeros((4 * 8000, 2))
    samples[8000:16000] = np.random.default_rng(0).uniform(-0.3, 0.3, (8000, 2))
    for name, sound in (("part", samples), ("silent", 0 * samples)):
        soundfile.write(str(tmp_path / f"{name}.wav"), sound, 8000)
    found = find_trained(identifier, networks).probabilities(Song.read(tmp_path / "part.wav"))
    assert (found[[0, 2, 3]] == 0).all() and (found[1] > 0).all()
    written = tell_activity(tmp_path / "silent.wav", [identifier], None, networks, 0.0001)
    assert written[1].read_text() == "" and not np.concatenate(list(table(written[0]).values())[1:]).any()
    assert written[2].stat().st_size > 1000


@pytest.mark.parametrize("seconds", [0.001, 0.3, 1.0])
def test_the_shortest_songs(networks: Path, tmp_path: Path, seconds: float) -> None:
    path = noise(tmp_path / "short.wav", seconds, 44100)
    written = tell_activity(path, [CRNN, LONGER, VOCALS, STEREO, HEADS], None, networks, None)
    values = table(written[0])
    assert all(len(column) == 1 and 0 < column[0] < 1 for name, column in values.items() if name != "second")
    assert all(start == 0 and end == pytest.approx(seconds, abs=1e-5) for start, end, _ in labels(written[1]))


# ---- the picture -------------------------------------------------------------------------------------------------


def test_the_picture_says_what_it_shows() -> None:
    half, never = np.array([0.2, 0.8, 0.9, 0.1]), np.full(4, 0.3)
    lanes = [Lane("electric-guitar", "one", half, 0.5), Lane("piano", "one", never, 0.5)]
    figure = draw_timeline(lanes, 3.5, "Costs $5 and $6.wav", standin=True)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Electric guitar"]
    assert axes.get_xlim() == (0, 3.5) and axes.get_title(loc="left") == "Costs $5 and $6.wav"
    note = figure.get_supxlabel()
    assert "one, trained on a stand-in corpus" in note and "above 0.5" in note and "Never detected: piano." in note
    (bars,) = [one for one in axes.collections if len(one.get_paths())]
    assert [path.vertices[:, 0].min() for path in bars.get_paths()] == [1.0]
    assert [path.vertices[:, 0].max() for path in bars.get_paths()] == [3.0]


def test_minutes_and_seconds() -> None:
    assert [clock(value) for value in (0, 9, 75, 3600)] == ["0:00", "0:09", "1:15", "60:00"]


def test_a_name_that_the_font_lacks(networks: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    tell_activity(noise(tmp_path / "歌 $x$ $.wav"), [VOCALS], None, networks, None)
    assert not [one for one in recwarn if "Glyph" in str(one.message)]


# ---- the choice of runs ------------------------------------------------------------------------------------------


def test_default_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no trained detector and no network with an activity head"):
        default_runs(tmp_path)
    for identifier in (HEADS.replace("heads-", ""), "musdb_vocals_iass_s42"):
        made_run(tmp_path, identifier)
    assert [run.id for run in default_runs(tmp_path)] == ["musdb_vocals_iass_s42"]
    for identifier in ("mm_vocals_iass_s43", "mm_bass_iass_s42", "mm_vocals_iass_s42"):
        made_run(tmp_path, identifier)
    assert [run.id for run in default_runs(tmp_path)] == ["mm_bass_iass_s42", "mm_vocals_iass_s42"]
    for identifier in (LONGER, FC):
        made_run(tmp_path, identifier)
    assert [run.id for run in default_runs(tmp_path)] == [FC]  # which tells seconds by themselves
    for identifier in ("mm-detection_instruments_crnn_s43", CRNN, "mm-detection_instruments_cnn_s42"):
        made_run(tmp_path, identifier)
    assert [run.id for run in default_runs(tmp_path)] == [CRNN]


def test_a_trained_run_through_the_command_line(trained: Line, tmp_path: Path, reprosep: Run) -> None:
    """One that was really trained, by its folder, with its own threshold."""
    path = song(tmp_path / "in a folder" / "song.ogg")
    answer = reprosep("activity", path, "--run", trained.results / "runs" / VOCALS, "--output", tmp_path / "out")
    assert answer.status == 0, answer.err
    assert answer.out.splitlines() == [str(tmp_path / "out" / f"song_activity.{end}") for end in ("csv", "txt", "png")]
    assert f"listening with {VOCALS}: 1/1" in answer.err
    values = table(tmp_path / "out" / "song_activity.csv")
    expected = pd.Series(values["vocals"] > trained.params.separation.threshold)
    assert sum(end - start for start, end, _ in labels(tmp_path / "out" / "song_activity.txt")) == pytest.approx(
        expected[:7].sum() + 0.4 * expected[7]
    )
    default = reprosep("activity", path, "--results", trained.results)
    assert default.status == 0 and (path.parent / "song_activity.png").exists(), default.err


# ---- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--run", CRNN.replace("crnn", "cnrn")], ["no trained run", f"did you mean '{CRNN}'?", "trained are"]),
        (["--threshold", "1.5"], ["--threshold: 1.5", "between 0 and 1"]),
        (["--results", "nowhere"], ["nowhere/runs", "no trained detector", "--results"]),
        (["--output", "song.wav"], ["song_activity.csv", "cannot be written", "is a file, not a folder"]),
    ],
)
def test_wrong_options(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run, options: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    noise(tmp_path / "song.wav")
    own = [] if "--results" in options else ["--results", networks]
    sentence = reprosep("activity", "song.wav", *own, *options).sentence()
    for word in words:
        assert word in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "no such file"),
        (b"", "0 bytes"),
        (b"not a sound" * 99, "not a sound file that libsndfile or ffmpeg reads"),
    ],
)
def test_unreadable_songs(networks: Path, tmp_path: Path, reprosep: Run, content: bytes | None, word: str) -> None:
    path = tmp_path / "song.wav"
    if content is not None:
        path.write_bytes(content)
    sentence = reprosep("activity", path, "--results", networks).sentence()
    assert str(path) in sentence and word in sentence
    assert not list(tmp_path.glob("*_activity*"))


def test_a_run_without_an_activity_head(trained: Line, tmp_path: Path, reprosep: Run) -> None:
    path = noise(tmp_path / "song.wav")
    sentence = reprosep("activity", path, "--results", trained.results, "--run", PLAIN).sentence()
    assert f"'{PLAIN}' is no detector and has no activity head" in sentence and "such as iass" in sentence


def test_two_runs_of_one_name(networks: Path, tmp_path: Path, reprosep: Run) -> None:
    path, own, other = noise(tmp_path / "song.wav"), networks / "runs" / VOCALS, made_run(tmp_path, VOCALS)
    written = tell_activity(path, [VOCALS, str(own)], None, networks, None)
    assert list(table(written[0])) == ["second", "vocals"]
    sentence = reprosep("activity", path, "--run", own, "--run", other).sentence()
    assert f"{own} and {other} are both called '{VOCALS}'" in sentence


def test_a_detector_separates_nothing(networks: Path, tmp_path: Path, reprosep: Run) -> None:
    path = noise(tmp_path / "song.wav")
    sentence = reprosep("separate", path, "--results", networks, "--run", CRNN).sentence()
    assert f"'{CRNN}' detects which instruments play and separates nothing" in sentence
    assert f"reprosep activity {path} --run {CRNN}" in sentence
    assert [one.name for one in tmp_path.iterdir()] == ["song.wav"]


@pytest.mark.parametrize(("part", "key"), [("params", "detection"), ("settings", "label")])
def test_a_run_of_another_version(tmp_path: Path, reprosep: Run, part: str, key: str) -> None:
    path, folder = noise(tmp_path / "song.wav"), made_run(tmp_path, VOCALS)
    record = json.loads((folder / "run.json").read_text())
    del record[part][key]
    (folder / "run.json").write_text(json.dumps(record))
    for verb in ("activity", "separate"):
        sentence = reprosep(verb, path, "--results", tmp_path, "--run", VOCALS).sentence()
        assert "run.json: written by another version" in sentence and f"'{key}' is missing" in sentence
        assert "train the run again" in sentence


# ---- names and places --------------------------------------------------------------------------------------------


def test_a_song_of_any_name(networks: Path, tmp_path: Path, reprosep: Run) -> None:
    for name in (b"Caf\xe9.wav", b"Live: x.wav", b"-v.wav"):
        path = noise(tmp_path / "song.wav").rename(tmp_path / os.fsdecode(name))
        assert reprosep("activity", path, "--results", networks).status == 0
        assert path.with_name(f"{path.stem}_activity.png").is_file()


@pytest.mark.parametrize("place", ["runs", "folder", "table"])
def test_places_that_are_no_output_are_told_first(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run, place: str
) -> None:
    monkeypatch.setattr(Song, "read", lambda _: pytest.fail("read"))
    path, output = noise(tmp_path / "song.wav"), tmp_path
    if place == "runs":
        output, words = networks / "runs" / VOCALS, "lies in"
    elif place == "folder":
        (tmp_path / "song_activity.txt").mkdir()
        words = "song_activity.txt: is a folder"
    else:
        (tmp_path / "song_activity.csv").symlink_to(path)
        words = "song_activity.csv: is "
    options = ["--run", networks / "runs" / VOCALS, "--results", networks, "--output", output]
    assert words in reprosep("activity", path, *options).sentence()
