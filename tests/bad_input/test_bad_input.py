"""Bad inputs through the command line: exit status 2, one sentence that tells what to mend, nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conftest import Answer, Line
from reprosep.base import files
from synthetic import RATE, SECONDS, params_content, wave, write_wave

Make = Callable[..., Line]
Run = Callable[..., Answer]

STEM = Path("recordings/musdb/train/Artist 0 - Song 0/bass.wav")
METADATA = Path("recordings/mm/Audio/Artist0_Song0/Artist0_Song0_METADATA.yaml")


def told(answer: Answer, *words: str) -> None:
    """One sentence that holds all `words`, and no temporary file left anywhere below the working folder."""
    sentence = answer.sentence()
    for word in words:
        assert word in sentence, f"'{word}' is not in: {sentence}"
    assert not [path for path in Path("results").rglob(".*") if path.name not in (".parts", ".locks")]


def change_metadata(change: Callable[[dict[str, Any]], object]) -> None:
    content = yaml.safe_load(METADATA.read_text())
    change(content)
    METADATA.write_text(yaml.safe_dump(content, sort_keys=False))


def up_to_store(make: Make, corpus: str = "musdb") -> Line:
    line = make(corpus)
    line.step("recordings", corpus, 1)
    line.step("catalog", corpus, 1)
    return line


# ---- files of a corpus -------------------------------------------------------------------------------------------


def test_truncated_wav(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.write_bytes(STEM.read_bytes()[:50_000])
    told(reprosep("catalog", "musdb"), str(STEM), "truncated", "promises 384000 bytes", "49956 are there", "again")
    assert not Path("results/smoke/musdb/catalog.parquet").exists()


def test_truncated_flac(line: Make, reprosep: Run) -> None:
    line("own").step("recordings", "own", 1)
    path = Path("recordings/own/My song 0/DI bass.flac")
    path.write_bytes(path.read_bytes()[:-20_000])
    told(reprosep("catalog", "own"), str(path), "truncated", "again")
    assert not Path("results/smoke/own/catalog.parquet").exists()


def test_silent_stem(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    write_wave(STEM, np.zeros((round(SECONDS * RATE), 2)))
    told(reprosep("store", "musdb"), str(STEM), "silent from start to end", "remove the stem", "audio.silent_stems")
    assert not Path("results/smoke/musdb/audio/index.parquet").exists()


def test_stem_of_another_length(line: Make, reprosep: Run) -> None:
    line("musdb")
    write_wave(STEM, wave("bass", 0, SECONDS - 1, channels=2))
    told(reprosep("catalog", "musdb"), str(STEM), "5.00 s long", "6.00 s", "get the file anew")


def test_nan_samples(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    samples = wave("bass", 0, channels=2)
    samples[1234, 1] = np.nan
    write_wave(STEM, samples, subtype="FLOAT")
    told(reprosep("store", "musdb"), str(STEM), "sample 1234", "NaN", "export the file again")


def test_clipped_stem(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    write_wave(STEM, np.clip(20 * wave("bass", 0, channels=2), -1, 32767 / 32768))
    told(reprosep("store", "musdb"), str(STEM), "clipped", "%", "lower level", "audio.clip_tolerance")


def test_stem_clipped_without_the_lowest_code(line: Make, reprosep: Run) -> None:
    """Most writers scale by 32767, so that -32768 never occurs however loud the stem is."""
    up_to_store(line)
    write_wave(STEM, np.clip(20 * wave("bass", 0, channels=2), -32767 / 32768, 32767 / 32768))
    told(reprosep("store", "musdb"), str(STEM), "clipped", "audio.clip_tolerance")


def test_eight_bit_file(line: Make, reprosep: Run) -> None:
    line("musdb")
    write_wave(STEM, wave("bass", 0, channels=2), subtype="PCM_U8")
    told(reprosep("catalog", "musdb"), str(STEM), "8-bit", "at least 16 bits", "anew")


def test_empty_file(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.write_bytes(b"")
    told(reprosep("catalog", "musdb"), str(STEM), "0 bytes", "anew")


def test_wav_without_samples(line: Make, reprosep: Run) -> None:
    line("musdb")
    write_wave(STEM, np.zeros((0, 2)))
    told(reprosep("catalog", "musdb"), str(STEM), "no samples", "anew")


def test_not_a_sound_file(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.write_text("this is a shopping list\n" * 100)
    told(reprosep("catalog", "musdb"), str(STEM), "not a sound file", "convert it to wav")


def test_missing_stem_file_musdb(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.unlink()
    told(reprosep("recordings", "musdb"), str(STEM), "missing", "expected mixture, drums, bass, other and vocals")


def test_missing_mixture_musdb(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.with_name("mixture.wav").unlink()
    told(reprosep("recordings", "musdb"), "mixture.wav", "missing", "expected mixture, drums, bass, other and vocals")


def test_missing_stem_file_medleydb(line: Make, reprosep: Run) -> None:
    line("mm")
    path = METADATA.parent / "Artist0_Song0_STEMS" / "Artist0_Song0_STEM_02.wav"
    path.unlink()
    told(reprosep("catalog", "mm"), str(path), "no such file", "metadata", "get it from its source")


def test_stem_vanishes_after_the_catalog(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    STEM.unlink()
    told(reprosep("store", "musdb"), str(STEM), "no such file")


def test_stems_mp4_where_wav_is_expected(line: Make, reprosep: Run) -> None:
    line("musdb")
    Path("recordings/musdb/train/Artist 9 - Song 9.stem.mp4").write_bytes(b"mp4")
    told(reprosep("recordings", "musdb"), "recordings/musdb", ".stem.mp4", "wav files", "musdbconvert")


def test_song_folder_without_artist(line: Make, reprosep: Run) -> None:
    line("musdb")
    STEM.parent.rename(STEM.parent.with_name("Song"))
    told(
        reprosep("recordings", "musdb"),
        "train/Song",
        "<Artist> - <Title>",
    )


def test_wrong_split_folder_name(line: Make, reprosep: Run) -> None:
    line("musdb")
    Path("recordings/musdb/test").rename("recordings/musdb/tset")
    told(reprosep("recordings", "musdb"), "unknown split 'tset'", "did you mean 'test'?", "expected train and test")


def test_missing_split_folder(line: Make, reprosep: Run) -> None:
    line("musdb")
    shutil.rmtree("recordings/musdb/test")
    told(reprosep("recordings", "musdb"), "no folder 'test'", "expected train and test")


def test_empty_musdb(line: Make, reprosep: Run) -> None:
    line()
    for subset in ("train", "test"):
        Path("recordings/musdb", subset).mkdir(parents=True)
    told(reprosep("recordings", "musdb"), "recordings/musdb", "no song", "<Artist - Title>")
    assert not Path("results/smoke/musdb/recordings.json").exists()


def test_empty_medleydb(line: Make, reprosep: Run) -> None:
    line()
    Path("recordings/mm/Audio").mkdir(parents=True)
    told(reprosep("recordings", "mm"), "recordings/mm/Audio", "no song", "METADATA.yaml")


def test_empty_folder_corpus(line: Make, reprosep: Run) -> None:
    line()
    Path("recordings/own").mkdir(parents=True)
    told(reprosep("recordings", "own"), "recordings/own", "no song", "one folder per song")


@pytest.mark.parametrize("corpus", ["musdb", "mm", "own"])
def test_missing_root(line: Make, reprosep: Run, corpus: str) -> None:
    line()
    told(reprosep("recordings", corpus), f"recordings/{corpus}", "no such folder", "roots")


def test_folder_corpus_without_matching_files(line: Make, reprosep: Run) -> None:
    line("own")
    folder = Path("recordings/own/My song 0")
    for path in folder.iterdir():
        path.rename(path.with_stem(f"Take {path.suffix[1:]}"))
    told(reprosep("recordings", "own"), str(folder), "none of its files matches a class", "*vox*, *drum*")


def test_song_in_two_roots(line: Make, reprosep: Run, recordings: Path) -> None:
    line("own", change={"corpora": {"own": _own_of("recordings/own", "recordings/more")}})
    shutil.copytree(recordings / "own" / "My song 1", "recordings/more/My song 1")
    told(reprosep("recordings", "own"), "recordings/more", "'My song 1' is also at recordings/own", "rename or remove")


def _own_of(*roots: str) -> dict[str, Any]:
    from synthetic import own_corpus

    return own_corpus(roots=list(roots))


# ---- metadata ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["artist", "stem_dir", "stems"])
def test_missing_metadata_key(line: Make, reprosep: Run, key: str) -> None:
    line("mm")
    change_metadata(lambda content: content.pop(key))
    told(reprosep("recordings", "mm"), METADATA.name, f"key '{key}' is missing", "MedleyDB's metadata format")


def test_missing_key_of_a_stem(line: Make, reprosep: Run) -> None:
    line("mm")
    change_metadata(lambda content: content["stems"]["S02"].pop("instrument"))
    told(reprosep("recordings", "mm"), METADATA.name, "key 'stems.S02.instrument' is missing")


def test_stem_that_is_no_mapping(line: Make, reprosep: Run) -> None:
    line("mm")
    change_metadata(lambda content: content["stems"].update(S02=None))
    told(reprosep("recordings", "mm"), METADATA.name, "stems.S02", "filename and instrument")


def test_missing_metadata_file(line: Make, reprosep: Run) -> None:
    line("mm")
    METADATA.unlink()
    told(reprosep("recordings", "mm"), METADATA.name, "no such file")


def test_broken_metadata_yaml(line: Make, reprosep: Run) -> None:
    line("mm")
    METADATA.write_text("artist: [unfinished\nstems: }\n")
    told(reprosep("recordings", "mm"), METADATA.name, "not readable as YAML", "line 2", "mend")


def test_metadata_that_is_not_text(line: Make, reprosep: Run) -> None:
    line("mm")
    METADATA.write_bytes(bytes(range(128, 256)))
    told(reprosep("recordings", "mm"), METADATA.name, "not readable as YAML")


def test_unknown_instrument(line: Make, reprosep: Run) -> None:
    line("mm")
    change_metadata(lambda content: content["stems"]["S02"].update(instrument="electric bas"))
    told(
        reprosep("recordings", "mm"),
        f"{METADATA.name}: stems.S02: unknown instrument 'electric bas'",
        "did you mean 'electric bass'?",
        "workflow/instruments.yaml",
    )


# ---- parameters --------------------------------------------------------------------------------------------------


def test_broken_parameter_file(line: Make, reprosep: Run) -> None:
    line()
    Path("params.yaml").write_text("seed: 1\n\tscale: demo\n")
    told(reprosep("check"), "params.yaml", "not readable as YAML", "line 2")


def test_missing_parameter_file(line: Make, reprosep: Run) -> None:
    line()
    told(reprosep("check", "--params", "parms.yaml"), "parms.yaml", "no such file")


def test_parameter_file_is_a_folder(line: Make, reprosep: Run) -> None:
    line()
    told(reprosep("check", "--params", "."), ".: cannot be read (is a directory)", "give the path of a YAML file")


def test_unknown_corpus(line: Make, reprosep: Run) -> None:
    line()
    told(
        reprosep("catalog", "musdp"),
        "unknown corpus 'musdp'",
        "did you mean 'musdb'?",
        "allowed: musdb, mm, musdb-mono, musdb-16k, slakh, slakh-mm, flakh, mm-detection, mm-rare, slakh-rare, own",
    )


@pytest.mark.parametrize("verb", ["train", "score"])
def test_unknown_run(line: Make, reprosep: Run, verb: str) -> None:
    line()
    answer = reprosep(verb, "mm_vocal_iass_s42")
    told(answer, "unknown run 'mm_vocal_iass_s42'", "did you mean 'mm_vocals_iass_s42'?", "`reprosep runs`")


def test_training_of_an_oracle(line: Make, reprosep: Run) -> None:
    line()
    told(reprosep("train", "mm_vocals_ibm"), "mm_vocals_ibm", "needs no training", "reprosep score")


def test_unknown_paper(line: Make, reprosep: Run) -> None:
    line()
    told(reprosep("tables", "ias"), "unknown paper 'ias'", "did you mean 'iass'?")


def test_unknown_scale(line: Make, reprosep: Run) -> None:
    line()
    told(
        reprosep("reproduce", "dmeo"),
        "unknown scale 'dmeo'",
        "did you mean 'demo'?",
        "allowed: demo, open, paper, preview",
    )


def test_song_named_twice_in_the_split(line: Make, reprosep: Run) -> None:
    change = {
        "corpora": {"own": {**_own_of("recordings/own"), "split": {"test": ["My song 0"], "valid": ["My song 0"]}}}
    }
    line("own", change=change)
    told(reprosep("catalog", "own"), "corpora.own.split", "'My song 0' is in test and in valid", "keep one")


def test_song_of_the_split_that_is_not_there(line: Make, reprosep: Run) -> None:
    change = {"corpora": {"own": {**_own_of("recordings/own"), "split": {"test": ["My sing 0"]}}}}
    line("own", change=change)
    told(reprosep("catalog", "own"), "corpora.own.split.test", "no song 'My sing 0'", "did you mean 'My song 0'?")


def test_target_without_test_song(line: Make, reprosep: Run) -> None:
    line("own", change={"corpora": {"own": {**_own_of("recordings/own"), "split": {"train": ["My song 0"]}}}})
    content = yaml.safe_load(Path("params.yaml").read_text())
    content["corpora"]["own"]["test_fraction"] = 0.0
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    told(
        reprosep("catalog", "own"),
        "corpora.own",
        "no test song holds 'vocals'",
        "corpora.own.split",
        "corpora.own.targets",
    )
    assert not Path("results/smoke/own/catalog.parquet").exists()


def test_target_that_hardly_plays(line: Make, reprosep: Run) -> None:
    made = line("own")
    for step in ("recordings", "catalog", "store", "activity"):
        made.step(step, "own", 1)
    content = yaml.safe_load(Path("params.yaml").read_text())
    content["mixing"]["min_active_seconds"] = 60.0
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    told(reprosep("mixtures", "own"), "no valid song holds 'vocals' for 60.0 s", "lower mixing.min_active_seconds")


def test_wrong_key(line: Make, reprosep: Run) -> None:
    line()
    content = params_content()
    content["training"]["epoch"] = content["training"].pop("epochs")
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    told(reprosep("check"), "unknown key 'training.epoch'", "did you mean 'epochs'?", "allowed here")


# ---- artifacts of earlier steps ----------------------------------------------------------------------------------


def test_step_before_was_not_run(line: Make, reprosep: Run) -> None:
    line("musdb")
    told(reprosep("store", "musdb"), "musdb/catalog.parquet", "no such file", "run the step that writes it first")


def test_scoring_before_training(prepared: Line, reprosep: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepared.folder)
    Line(Path.cwd(), prepared.params).write_params()
    told(reprosep("score", "mm_bass_iass_s42"), "mm_bass_iass_s42/best.safetensors", "no such file", "train")


def test_corrupt_parquet(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    path = Path("results/smoke/musdb/catalog.parquet")
    path.write_bytes(path.read_bytes()[:1000])
    told(reprosep("store", "musdb"), str(path), "damaged", "run the same command again")


def test_parquet_with_a_corrupt_middle(line: Make, reprosep: Run) -> None:
    up_to_store(line)
    path = Path("results/smoke/musdb/catalog.parquet")
    content = bytearray(path.read_bytes())
    content[-3000:-8] = bytes(2992)
    path.write_bytes(content)
    told(reprosep("store", "musdb"), str(path), "damaged", "run the same command again")


def run_folder(prepared: Line) -> Path:
    folder = prepared.results / "runs" / "mm_vocals_iass_s42"
    shutil.copytree(folder, "run")
    return Path("run")


@pytest.mark.parametrize("content", [b"not weights", None], ids=["not weights", "cut in half"])
def test_corrupt_weights(trained: Line, line: Make, reprosep: Run, content: bytes | None) -> None:
    line("own")
    path = run_folder(trained) / "best.safetensors"
    path.write_bytes(content if content is not None else path.read_bytes()[: path.stat().st_size // 2])
    song = "recordings/own/My song 0/Lead Vox.ogg"
    told(reprosep("separate", song, "--run", "run"), "best.safetensors", "not the weights", "train again")
    assert not list(Path("recordings/own/My song 0").glob("*_vocals.wav"))


def test_weights_of_another_network(trained: Line, line: Make, reprosep: Run) -> None:
    line("own")
    shutil.copyfile(
        trained.results / "runs" / "musdb_drums_open-unmix_s42" / "best.safetensors",
        run_folder(trained) / "best.safetensors",
    )
    song = "recordings/own/My song 0/Lead Vox.ogg"
    told(reprosep("separate", song, "--run", "run"), "best.safetensors", "not the weights of this run", "train again")


def test_broken_run_record(trained: Line, line: Make, reprosep: Run) -> None:
    line("own")
    (run_folder(trained) / "run.json").write_text('{"run": ')
    told(
        reprosep("separate", "recordings/own/My song 0/Lead Vox.ogg", "--run", "run"),
        "run/run.json",
        "not readable as JSON",
    )


SHAPES = [b"{}", b"[]", b"null", b"\xff\xfe", b'{"run": 1}', b'{"run": "a", "corpus": "b", "target": "c"}', b"[" * 9999]
SHAPES += [b'{"run": "a", "corpus": "mm", "target": "c", "params": {"corpora": 1}, "settings": {}}']
SHAPES += [b'{"run": "a", "corpus": "mm", "target": "c", "params": {"corpora": {"mm": {}}}, "settings": {}}']


@pytest.mark.parametrize("content", SHAPES)
def test_a_run_record_of_another_shape(trained: Line, line: Make, reprosep: Run, content: bytes) -> None:
    line("own")
    (run_folder(trained) / "run.json").write_bytes(content)
    song = "recordings/own/My song 0/Lead Vox.ogg"
    told(reprosep("separate", song, "--run", "run"), "run/run.json")
    told(reprosep("activity", song, "--run", "run", "--output", "out"), "run/run.json")
    assert not Path("out").exists()
    runs = Path("results/smoke/runs/a")
    runs.mkdir(parents=True)
    (runs / "run.json").write_bytes(content)
    told(reprosep("activity", song, "--results", "results/smoke", "--output", "out"), "runs/a/run.json")


# ---- separate ----------------------------------------------------------------------------------------------------


def test_separate_with_unknown_run(trained: Line, line: Make, reprosep: Run) -> None:
    line("own")
    song, results = "recordings/own/My song 0/Lead Vox.ogg", trained.results
    answer = reprosep("separate", song, "--run", "mm_vocals_ias_s42", "--results", results)
    told(answer, "no trained run 'mm_vocals_ias_s42'", "did you mean 'mm_vocals_iass_s42'?")


def test_separate_with_unknown_gate(trained: Line, line: Make, reprosep: Run) -> None:
    line("own")
    song = "recordings/own/My song 0/Lead Vox.ogg"
    answer = reprosep("separate", song, "--run", run_folder(trained), "--gate", "medain")
    told(answer, "--gate", "unknown gate 'medain'", "did you mean 'median'?", "median, raw, none")


def test_separate_what_is_not_there(trained: Line, line: Make, reprosep: Run) -> None:
    line()
    told(reprosep("separate", "song.mp3", "--run", run_folder(trained)), "song.mp3", "no such file")


def test_separate_into_an_unknown_format(trained: Line, line: Make, reprosep: Run) -> None:
    line("own")
    song = "recordings/own/My song 0/Lead Vox.ogg"
    answer = reprosep("separate", song, "--run", run_folder(trained), "--output", "vocals.docx")
    told(answer, "vocals.docx", "format '.docx'", ".wav")
    assert not Path("vocals.docx").exists()


# ---- places to write ---------------------------------------------------------------------------------------------


def refuse(code: int) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise OSError(code, os.strerror(code))

    return call


def test_read_only_results_folder(line: Make, reprosep: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    line("musdb")
    if os.geteuid() == 0:  # the superuser may write everywhere, so the system's refusal is played
        monkeypatch.setattr(files.tempfile, "mkstemp", refuse(errno.EROFS))
    else:
        Path("results/smoke/musdb").mkdir(parents=True)
        Path("results/smoke/musdb").chmod(0o555)
    told(
        reprosep("recordings", "musdb"),
        "musdb/recordings.json",
        "cannot be written",
        "make the folder results/smoke/musdb",
    )


def test_results_folder_that_is_a_file(line: Make, reprosep: Run) -> None:
    line("musdb")
    Path("results").write_text("")
    told(reprosep("recordings", "musdb"), "recordings.json", "cannot be written", "is a file, not a folder")


def test_full_disk_for_the_store(line: Make, reprosep: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    up_to_store(line)
    monkeypatch.setattr("reprosep.base.seal.seal", refuse(errno.ENOSPC))
    told(reprosep("store", "musdb"), ".npy", "the disk is full", "free some space", "run the same command again")
    assert not list(Path("results/smoke/musdb/audio").glob("*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("verb", "argument", "suffix"),
    [
        ("catalog", "own", ".parquet"),
        ("store", "own", ".npy"),
        ("confidences", "own", ".lab"),
        ("mixtures", "own", ".parquet"),
        ("train", "mm_bass_open-unmix_s42", ".safetensors"),
        ("train", "mm_bass_open-unmix_s42", ".pt"),
        ("score", "mm_vocals_input", ".parquet"),
    ],
)
def test_full_disk_at_every_step(
    prepared: Line,
    reprosep: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    argument: str,
    suffix: str,
) -> None:
    """Files of one suffix land on /dev/full, where every write fails as on a full disk."""
    shutil.copytree(prepared.folder, tmp_path / "line")
    monkeypatch.chdir(tmp_path / "line")
    Line(Path.cwd(), prepared.params).write_params()
    for path in [*Path("results/smoke").rglob("*.npy"), *Path("results/smoke").rglob("*.lab")]:
        if {"store": "audio", "confidences": "activity"}.get(verb) in path.parts:
            path.unlink()
    monkeypatch.setattr(files.tempfile, "mkstemp", _on_full_disk(files.tempfile.mkstemp, suffix))
    told(reprosep(verb, argument), suffix, "the disk is full", "free some space")


def _on_full_disk(make: Callable[..., Any], suffix: str) -> Callable[..., Any]:
    def call(**options: Any) -> Any:
        handle, name = make(**options)
        if name.endswith(suffix):
            Path(name).unlink()
            Path(name).symlink_to("/dev/full")
        return handle, name

    return call


def test_full_disk_for_a_separated_song(
    trained: Line, line: Make, reprosep: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    line("own")
    folder = run_folder(trained)
    monkeypatch.setattr(files.tempfile, "mkstemp", _on_full_disk(files.tempfile.mkstemp, ".wav"))
    answer = reprosep("separate", "recordings/own/My song 0/Lead Vox.ogg", "--run", folder)
    told(answer, "Lead Vox_vocals.wav", "the disk is full")
    assert not list(Path("recordings/own/My song 0").glob("*.wav*vocals*"))
