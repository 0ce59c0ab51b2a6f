"""What a scale costs: songs and stems by catalog or lists, hours by measured time per item times items."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from conftest import Answer, Line
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.noise import noise_corpus
from reprosep.experiments.runs import find_run, needed_runs
from reprosep.mixtures.mixing import Mixer
from reprosep.papers.loading import load_paper
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.tools.cost import scoring, table
from reprosep.tools.cost.measure import Speed, measure
from reprosep.tools.cost.songs import describe
from synthetic import make_params

PAPER = repository() / "workflow/scales/paper.yaml"


@pytest.fixture
def paper() -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), read_yaml(PAPER)))


def printed(params: Params, speed: Speed, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Cells of the printed tables with every kind of training as fast as told."""
    monkeypatch.setattr(table, "measure", lambda *_: speed)
    monkeypatch.setattr(table, "measure_scoring", lambda *_: 0.5)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table.cost(params, epochs=10, minutes=4.0, steps=1))
    return [[cell for cell in line.split("  ") if cell.strip()] for line in console.export_text().splitlines()]


def test_published_lists_tell_songs_before_there_is_a_catalog(paper: Params) -> None:
    songs, known = describe(paper, "musdb", 4.0)
    assert known.startswith("lists of songs")
    assert songs["split"].value_counts().to_dict() == {"train": 86, "test": 50, "valid": 14}
    assert (songs["stems"] == 4).all() and (songs["seconds"] == 240.0).all()
    songs, _ = describe(paper, "mm", 3.0)
    assert not songs["song"].duplicated().any()
    assert (songs["split"] == "test").sum() == 100  # all test songs of the split can be had
    assert sum("piano" in held for held in songs.loc[songs["split"] == "test", "targets"]) == 20
    assert (songs["split"] != "ignore").all()


def test_a_split_file_of_ones_own_counts_every_song_for_every_target(paper: Params, tmp_path: Path) -> None:
    own = tmp_path / "split.csv"
    own.write_text("song,split\nAimeeNorwich_Child,train\nAClassicEducation_NightOwl,test\nNobody_Knows,train\n")
    changed = parse(merge(dump(paper), {"corpora": {"mm": {"split_file": str(own)}}}))
    songs, _ = describe(changed, "mm", 4.0)
    assert songs["song"].tolist() == ["AimeeNorwich_Child", "AClassicEducation_NightOwl"]
    assert all(held == set(changed.corpora["mm"].targets) for held in songs["targets"])


def test_the_catalog_tells_more(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepared.folder)
    songs, known = describe(prepared.params, "mm", 4.0)
    assert known == "catalog"
    assert songs["seconds"].to_numpy() == pytest.approx(6.0)  # of the synthetic songs
    assert len(songs) == 8


def test_nothing_is_known_of_a_corpus_without_catalog_and_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"corpora\.mm: what it costs is known from its catalog, and there is no"):
        describe(make_params(), "mm", 4.0)


def test_hours_are_items_times_seconds(paper: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = printed(paper, Speed(item=0.002, music=0.001, device="a device"), monkeypatch)
    musdb = next(row for row in rows if row and row[0].strip() == "musdb" and "Open-Unmix" in row[1])
    runs, epochs, items, item, validation, each, every = (cell.strip() for cell in musdb[2:])
    assert (runs, epochs, items, item) == ("12", "10", str(64 * 86), "2.00")  # four targets, three seeds
    hours = 10 * (64 * 86 * 0.002 + 14 * 240 * 0.001) / 3600
    assert validation == f"{14 * 240 * 0.001:.0f}"
    assert each == f"{hours:.1f}"
    assert every == f"{12 * hours:.1f}"
    store = next(row for row in rows if row and row[0].strip() == "MUSDB18-HQ")
    assert store[1].strip() == "22.7"
    assert float(store[5]) == pytest.approx(150 * 4 * 240 * 44100 * 2 * 2 / 1e9, abs=0.05)


def test_published_weights_cost_scoring_alone(paper: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = printed(paper, Speed(item=0.002, music=0.001, device="a device"), monkeypatch)
    musdb, mm = (next(row for row in rows if label in " ".join(row)) for label in ("Unmix as rel", "IASS as rel"))
    assert [cell.strip() for cell in musdb[2:]] == ["4", "50", "0.50", f"{0.5 * 4 * 50 * 240 / 3600:.1f}"]
    assert mm[2].strip() == "6" and mm[3].strip() == "20 to 80"
    assert not any("as released" in " ".join(row) for row in rows if len(row) > 6)  # no hours of training


@pytest.mark.parametrize("name", ["mm_vocals_iass-released", "musdb_vocals_umxhq"])
def test_scoring_of_published_weights_is_measured(paper: Params, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a Wiener filter of all targets, too, where the weights are of all."""
    monkeypatch.setattr(scoring, "_SECONDS", 2)
    run = next(run for run in needed_runs(paper, load_paper("iass")) if run.id == name)
    assert scoring.measure_scoring(paper, run, load_paper("iass").systems[run.system]) > 0  # type: ignore[arg-type]


def test_an_open_scale_counts_every_download_once_and_tells_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())
    params = parse(merged([repository() / "params.yaml", scale_file("open")]))
    monkeypatch.setattr(table, "measure", lambda *_: Speed(item=0.002, music=0.001, device="a device"))
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table.cost(params, epochs=None, minutes=4.0, steps=1))
    lines = console.export_text().splitlines()
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    disk = {row[0]: row for row in rows if row}
    assert disk["MUSDB18-HQ"][1] == "22.7" and disk["Slakh2100"][1] == "104.3"
    assert [disk[f"MUSDB18, mono, {rate}"][1] for rate in ("10 880 Hz", "16 kHz")] == ["4.7", "-"]  # the same archive
    assert disk["Flakh2100"][1:] == ["-", "?", "?", "?", "?", "its catalog, once there is one"]
    (total,) = (row for row in rows if row and row[0] == "all" and row[1] == "131.7")
    stores = [float(row[5]) for row in disk.values() if len(row) == 7 and row[5][0].isdigit()]
    assert len(stores) == 4 and float(total[2]) == pytest.approx(sum(stores), abs=0.2)
    epochs = {row[0]: row[3] for row in rows if len(row) == 9 and row[0] in params.corpora}
    assert epochs == {"musdb": "1000", "musdb-mono": "1000", "musdb-16k": "100", "slakh": "100"}
    told = [line for line in lines if line.startswith("left out")]
    assert "MedleyDB + Mixing Secrets (mm, mm-detection, mm-rare)" in told[0] and told[1].startswith(
        "left out of IASS: Table 3;"
    )


def test_items_of_a_longer_input_fit_into_their_songs(paper: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """One begins with every second but the song's last four."""
    detectors = parse(merge(dump(paper), {"papers": ["activity"]}))
    rows = printed(detectors, Speed(item=0.002, music=0.001, device="a device"), monkeypatch)
    items = {row[1].strip(): int(row[4]) for row in rows if row and row[0].strip() == "mm-detection"}
    assert items["CRNN"] == items["CNN"] > 10_000
    assert items["CRNN, input of 5 s"] == pytest.approx(items["CRNN"] * 236 / 240, abs=1)


def test_noise_goes_through_the_real_step(prepared: Line) -> None:
    for identifier in ("mm_vocals_iass_s42", "musdb_drums_open-unmix_s42"):
        run, system = find_run(prepared.params, identifier)
        speed = measure(prepared.params, run, system, steps=1)
        assert speed.music > 0 and speed.item > 0
        assert speed.device == "CPU, 1 thread"


def test_noise_fills_every_training_item(prepared: Line, tmp_path: Path) -> None:
    catalog = noise_corpus(prepared.params, "mm", tmp_path)
    mixer = Mixer(prepared.params, "mm", catalog, tmp_path)
    recipe = mixer.training_recipe(mixer.training_pool("bass"), 42, 0)
    target, mixture = mixer.render(recipe)
    assert (target != 0).mean() > 0.99 and (mixture != target).mean() > 0.99


def test_the_command_prints_both_tables(
    prepared: Line, reprosep: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(prepared.folder)
    monkeypatch.setattr(table, "measure", lambda *_: Speed(0.5, 0.1, "a device"))
    prepared.write_params(tmp_path / "params.yaml")
    answer = reprosep("cost", "-p", tmp_path / "params.yaml", "--epochs", 7)
    assert answer.status == 0, answer.err
    assert "Training, 7 epochs of every run, measured on: a device" in answer.out
    assert answer.out.count("catalog") == 2  # the corpora that the papers use
    monkeypatch.chdir(tmp_path)
    assert "what it costs is known from its catalog" in reprosep("cost", "-p", "params.yaml").sentence()
