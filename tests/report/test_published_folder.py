"""What is published as a folder: weights that separate as the run does, a card, checksums, and no sound."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from conftest import Answer, Line
from reprosep.base.errors import UserError
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.model_folder import description, read_model_folder, without_places, write_model_folder
from reprosep.experiments.runs import every_run
from reprosep.experiments.trained import find_trained
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params, dump
from reprosep.report.model_card import Card, front_matter, licence_keys
from reprosep.report.parameters import write_record
from reprosep.report.published_folder import check_contents, publish_folder
from reprosep.report.training_data import TrainingData, training_data
from reprosep.training.checkpoint import BEST, save_weights
from synthetic_results import make_params, make_results, write_all
from trainings import IASS, UNMIX

COMMAND = "reprosep reproduce demo --configfile /home/somebody/my.yaml"
SOUNDS = {
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(200),
    "flac": b"fLaC" + bytes(200),
    "mp3": b"ID3\x04" + bytes(200),
    "mp4": b"\x00\x00\x00\x20ftypM4A " + bytes(200),
    "npz": b"PK\x03\x04" + bytes(200),
}
TARGETS: dict[str, Any] = {"musdb": {"targets": ["vocals", "bass"]}, "mm": {"targets": ["vocals", "piano", "bass"]}}


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(corpora=TARGETS)


@pytest.fixture(scope="module")
def results(settings: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished scale, ``results/demo`` in a folder; the networks have their weights from no training."""
    paper, root = load_paper("iass"), tmp_path_factory.mktemp("finished")
    made = make_results(root / "results", settings, paper)
    write_all(settings, paper, made)
    write_record(settings, "iass", paper, made / "papers/iass")
    for run in every_run(settings, paper):
        system = paper.systems[run.system]
        if system.trained:
            write_weights(settings, made / "runs" / run.id, run.corpus, run.target, system.model_dump(mode="json"))
    return made


def write_weights(settings: Params, folder: Path, corpus: str, target: str, system: dict[str, Any]) -> None:
    record = json.loads((folder / "run.json").read_text())
    record |= {"corpus": corpus, "target": target, "settings": system, "params": dump(settings.of_corpus(corpus))}
    record["params"]["corpora"][corpus] |= {"roots": ["/home/somebody/music"], "split_file": "../elsewhere/split.csv"}
    (folder / "run.json").write_text(json.dumps(record))
    run = find_trained(folder.name, folder.parents[1])
    build = kind_of(run.system).module("network").network
    save_weights(folder / BEST, build(run.system, run.params, run.channels, len(run.targets)))


@pytest.fixture(scope="module")
def published(settings: Params, results: Path) -> Path:
    with contextlib.chdir(results.parents[1]):
        return results.parents[1] / publish_folder(settings, Path("published"), COMMAND)


def front(folder: Path) -> dict[str, Any]:
    _, content, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    read = yaml.safe_load(content)
    assert isinstance(read, dict)
    return read


# ---- what is written ---------------------------------------------------------------------------------------------


def test_everything_is_there_with_its_checksum(settings: Params, published: Path) -> None:
    paper = load_paper("iass")
    trained = [run.id for run in every_run(settings, paper) if paper.systems[run.system].trained]
    assert sorted(path.name for path in (published / "models").iterdir()) == sorted(trained)
    for name in trained:
        files = {path.name for path in (published / "models" / name).iterdir()}
        assert files == {"model.safetensors", "config.json", "run.json"}
    of_paper = {path.name for path in (published / "papers/iass").iterdir()}
    assert {"claims.csv", "cells.csv", "parameters.json", "published.json", "README.md", "table-4.csv"} <= of_paper
    assert {f"{name}.{suffix}" for name in paper.figures for suffix in ("svg", "png")} <= of_paper
    sums = dict(reversed(line.split("  ", 1)) for line in (published / "SHA256SUMS").read_text().splitlines())
    files = {path.relative_to(published).as_posix(): path for path in published.rglob("*") if path.is_file()}
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == found for name, found in sums.items())


def test_the_card_begins_with_the_stand_in_and_has_every_score(published: Path) -> None:
    text, head = (published / "README.md").read_text(encoding="utf-8"), front(published)
    assert text.index("**Stand-in") < text.index("## Use") < text.index("## Scores") < text.index("## Limits")
    assert head["license"] == "mit" and sorted(head["datasets"]) == ["standin-mm", "standin-musdb"]
    assert "stand-in" in head["tags"] and {"sdr", "sir", "sar"} <= set(head["metrics"])
    scores = pd.read_csv(published / "scores.csv")
    assert (scores["ci_low"] <= scores["value"]).all() and (scores["value"] <= scores["ci_high"]).all()
    row = scores.query(f"run == '{IASS}' and variant == 'median' and metric == 'SDR'").iloc[0]
    assert f"{row['value']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]" in text
    (model,) = (one for one in head["model-index"] if one["name"] == IASS)
    values = [metric["value"] for result in model["results"] for metric in result["metrics"]]
    assert "oracle" not in str(head["model-index"]) and "oracle gate (told the labels)" in text
    assert float(row["value"]) in values
    assert "device hours" in text and "CC0" in text and "No sound is in here" in text
    assert json.loads((published / ".zenodo.json").read_text())["license"] == "MIT"


def test_a_score_is_the_median_over_songs_of_medians_over_frames(results: Path, published: Path) -> None:
    frames = pd.read_parquet(results / "scores" / f"{IASS}.parquet").query("variant == 'raw'")
    expected = np.median([np.nanmedian(rows["SIR"]) for _, rows in frames.groupby("song")])
    found = pd.read_csv(published / "scores.csv").query(f"run == '{IASS}' and variant == 'raw' and metric == 'SIR'")
    assert found["value"].item() == pytest.approx(expected, abs=1e-4) and found["songs"].item() == 8


def test_no_place_machine_or_user_is_told(published: Path) -> None:
    for path in published.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            content = path.read_bytes()
            assert b"/home" not in content and b"somebody" not in content and b"elsewhere/" not in content, path
            assert str(Path.cwd()).encode() not in content and str(Path.home()).encode() + b"/" not in content, path
    record = json.loads((published / "models" / IASS / "run.json").read_text())
    assert "machine" not in record["hardware"] and record["params"]["corpora"]["mm"]["roots"] == ["music"]
    assert "--configfile my.yaml" in (published / "README.md").read_text()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/bob/musdb18hq", "musdb18hq"),
        ("../bob/my.yaml", "my.yaml"),
        ("~/data/", "data"),
        ("roots: /a/b, /c/d; see https://zenodo.org/records/1", "roots: b, d; see https://zenodo.org/records/1"),
        ("no counter in /sys/class/powercap", "no counter in /sys/class/powercap"),
        ("resources/musdb18hq and/or 1/2", "resources/musdb18hq and/or 1/2"),
    ],
)
def test_a_path_keeps_its_last_name(text: str, left: str) -> None:
    assert without_places({"key": [text, 1, None]}) == {"key": [left, 1, None]}


# ---- nothing that is sound ---------------------------------------------------------------------------------------


def test_no_audio_arrives_wherever_it_lies_in_the_results(settings: Params, results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "results" / settings.scale)
    folders = [path for path in (tmp_path / "results").rglob("*") if path.is_dir()]
    for folder in folders:
        for suffix, content in SOUNDS.items():
            for name in ("gated", "model", "table-9", "figure-9"):
                (folder / f"{name}.{suffix}").write_bytes(content)
        (folder / "excerpt.csv").write_bytes(SOUNDS["wav"])
    with contextlib.chdir(tmp_path):
        publish_folder(settings, Path("published"), COMMAND)
    for path in (tmp_path / "published").rglob("*"):
        if path.is_file():
            assert path.suffix in (".md", ".csv", ".json", ".svg", ".png", ".safetensors") or path.name == "SHA256SUMS"
            assert path.name not in ("report.html", "excerpt.csv") and "listen" not in path.parts
            content = path.read_bytes()
            assert not any(content.startswith(sound[:4]) for sound in SOUNDS.values()), path
            assert b"data:audio" not in content


@pytest.mark.parametrize("name", ["figure-4.svg", "figure-4.png", "table-4.csv", "figure-4.csv"])
@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_sound_under_a_published_name_is_refused_and_nothing_is_left(
    settings: Params, results: Path, tmp_path: Path, name: str, suffix: str
) -> None:
    shutil.copytree(results, tmp_path / "results" / settings.scale)
    (tmp_path / "results" / settings.scale / "papers/iass" / name).write_bytes(SOUNDS[suffix])
    with contextlib.chdir(tmp_path), pytest.raises(UserError):
        publish_folder(settings, Path("published"), COMMAND)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("song.wav", SOUNDS["wav"]),
        ("song.csv", SOUNDS["wav"]),
        ("card.md", b"<audio src='data:audio/mpeg;base64,AAAA'>"),
        ("model.safetensors", SOUNDS["flac"]),
        ("figure.png", SOUNDS["mp3"]),
        ("figure.svg", b"no drawing"),
        ("table.json", b"RIFF"),
    ],
)
def test_contents_are_held_to_their_names(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "fine.md").write_text("fine")
    check_contents(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="could be sound"):
        check_contents(tmp_path)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused(settings: Params, results: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with contextlib.chdir(results.parents[1]):
        with pytest.raises(UserError, match=r"--to: .*full is there already and not empty; name a new folder"):
            publish_folder(settings, tmp_path / "full", COMMAND)
        (tmp_path / "empty").mkdir()
        publish_folder(settings, tmp_path / "empty", COMMAND)
    assert (tmp_path / "empty" / "README.md").is_file() and [p.name for p in (tmp_path / "full").iterdir()] == [
        "mine.txt"
    ]


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("papers/iass/table-2.csv", "to its end first"),
        ("papers/iass/figure-4.svg", "to its end first"),
        ("papers/iass/parameters.json", "to its end first"),
        (f"runs/{IASS}/best.safetensors", "to its end first"),
        (f"runs/{IASS}/run.json", "no such file"),
        (f"scores/{IASS}.parquet", "no such file"),
    ],
)
def test_results_that_are_not_finished_are_one_sentence_and_nothing_is_written(
    settings: Params, results: Path, tmp_path: Path, missing: str, sentence: str
) -> None:
    shutil.copytree(results, tmp_path / "results" / settings.scale)
    (tmp_path / "results" / settings.scale / missing).unlink()
    with contextlib.chdir(tmp_path), pytest.raises(UserError, match=sentence):
        publish_folder(settings, Path("published"), COMMAND)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_results_of_other_parameters_are_refused(settings: Params, results: Path, tmp_path: Path) -> None:
    other = settings.model_copy(update={"seeds": [7]})
    with contextlib.chdir(results.parents[1]), pytest.raises(UserError, match=r"seeds 42, but the parameters have 7"):
        publish_folder(other, tmp_path / "published", COMMAND)
    assert not (tmp_path / "published").exists()


def test_a_crate_is_checked_and_summed_with_the_rest(settings: Params, results: Path, tmp_path: Path) -> None:
    def crate(folder: Path) -> None:
        folder.mkdir()
        (folder / "ro-crate-metadata.json").write_text("{}")

    with contextlib.chdir(results.parents[1]):
        publish_folder(settings, tmp_path / "published", COMMAND, crate)
    assert "crate/ro-crate-metadata.json" in (tmp_path / "published/SHA256SUMS").read_text()


def test_a_crate_with_sound_is_refused(settings: Params, results: Path, tmp_path: Path) -> None:
    def crate(folder: Path) -> None:
        folder.mkdir()
        (folder / "report.html").write_text('<audio src="data:audio/mpeg;base64,AAAA">')

    with contextlib.chdir(results.parents[1]), pytest.raises(UserError, match=r"crate/report.html: is not what its"):
        publish_folder(settings, tmp_path / "published", COMMAND, crate)
    assert not (tmp_path / "published").exists()


# ---- terms -------------------------------------------------------------------------------------------------------


def test_every_corpus_tells_its_terms() -> None:
    change = {"mm": {"standin": None, "versions": ["medleydb-v1", "mixing-secrets"]}, "musdb": {"standin": None}}
    params, paper = make_params(corpora=change), load_paper("iass")
    found = {}
    for run in every_run(params, paper):
        if paper.systems[run.system].trained:
            found[run.corpus] = training_data(params, run, paper.systems[run.system])
    assert [one.name for one in found["mm"]] == ["medleydb-v1", "mixing-secrets"]
    assert "CC BY-NC-SA 4.0, non-commercial" in found["mm"][0].line and "Educational use only" in found["mm"][1].line
    assert "ask them" in found["musdb"][0].line
    assert licence_keys(found["mm"])["license"] == "other" and "license_link" in licence_keys(found["musdb"])
    assert licence_keys([TrainingData("x", "x", "x", is_standin=True)]) == {"license": "mit"}


def test_front_matter_is_what_the_card_begins_with(published: Path, settings: Params) -> None:
    head = front(published)
    bare = Card(settings, {"iass": load_paper("iass")}, [], [], pd.read_csv(published / "scores.csv"), "x")
    assert list(front_matter(bare))[-1] == "model-index" == list(head)[-1]
    assert "Nothing was trained" in bare.text()


# ---- separating with what was published --------------------------------------------------------------------------


def shared(trained: Line, folder: Path, run: str) -> Path:
    write_model_folder(find_trained(run, trained.results), folder / run, ["a corpus: its licence"])
    return folder / run


def noise(folder: Path, seconds: float = 1.5) -> Path:
    sound = np.random.default_rng(1).normal(scale=0.1, size=(round(seconds * 44100), 2))
    soundfile.write(str(folder / "noise.wav"), sound, 44100)
    return folder / "noise.wav"


@pytest.mark.parametrize("run", [IASS, UNMIX])
def test_a_published_folder_separates_as_the_run_does(
    trained: Line, tmp_path: Path, reprosep: Callable[..., Answer], run: str
) -> None:
    song, folder = noise(tmp_path), shared(trained, tmp_path, run)
    own, gate = trained.results / "runs" / run, ["--gate", "none"]  # a gate might leave nothing of noise
    assert reprosep("separate", song, "--run", own, *gate, "--output", tmp_path / "run.wav").status == 0
    answer = reprosep("separate", song, "--model-folder", folder, *gate, "--output", tmp_path / "folder.wav")
    assert answer.status == 0, answer.err
    assert "a corpus: its licence" in answer.err
    assert (tmp_path / "run.wav").read_bytes() == (tmp_path / "folder.wav").read_bytes()
    assert np.abs(soundfile.read(str(tmp_path / "folder.wav"))[0]).max() > 0
    assert reprosep("separate", song, "--run", folder, *gate, "--output", tmp_path / "again.wav").status == 0
    assert (tmp_path / "run.wav").read_bytes() == (tmp_path / "again.wav").read_bytes()


def test_config_says_what_another_program_needs(trained: Line, tmp_path: Path) -> None:
    config = json.loads((shared(trained, tmp_path, UNMIX) / "config.json").read_text())
    run = find_trained(UNMIX, trained.results)
    assert config["network"] == dump(trained.params)["models"]["open-unmix"] and config["targets"] == ["drums"]
    assert config["sample_rate"] == run.sample_rate and config["channels"] == 2
    assert config["stft"] == dump(trained.params)["stft"] and config["system"]["kind"] == "target"
    assert description(run).items() <= config.items() and len(json.dumps(config)) < 5000


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda folder: (folder / "run.json").unlink(), "run.json: no such file beside config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors: no such file beside config.json"),
        (lambda folder: (folder / "config.json").write_text("{}"), "not as this version writes it"),
        (
            lambda folder: (folder / "config.json").write_text('{"format": "x", "run": "", "training_data": []}'),
            "format",
        ),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 99), "get the folder anew"),
    ],
)
def test_a_published_folder_that_is_not_whole_is_told(
    trained: Line, tmp_path: Path, reprosep: Callable[..., Answer], broken: Callable[[Path], object], sentence: str
) -> None:
    song, folder = noise(tmp_path), shared(trained, tmp_path, IASS)
    broken(folder)
    assert sentence in reprosep("separate", song, "--model-folder", folder).sentence()


def test_an_output_among_the_weights_is_refused(trained: Line, tmp_path: Path, reprosep: Callable[..., Answer]) -> None:
    song, folder = noise(tmp_path), shared(trained, tmp_path, IASS)
    assert (
        "which this command reads"
        in reprosep("separate", song, "--model-folder", folder, "--output", folder / "x.wav").sentence()
    )
    assert read_model_folder(folder).id == IASS
