"""Tables and figures of corpora, from catalogs whose content is known, down to the report and the stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from reading import files_read, planned
from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.claims.reads import corpora_with, reads_of_claims
from reprosep.claims.table import write_claims
from reprosep.corpora.slakh import read_songs
from reprosep.dag.versions.stages import Stages
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper
from reprosep.papers.kinds import CATALOG, SPECTRA
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.page import write_report
from reprosep.report.publish import page
from reprosep.results.categories import categories_of, count_categories, families_of, songs_by_category
from reprosep.results.figures import write_figures
from reprosep.results.reads import reads_of_figures, reads_of_tables
from reprosep.results.spot_check import COLUMNS as SPOT_CHECK
from reprosep.results.tables import write_tables
from synthetic import make_slakh

BAND = ["piano", "bass", "guitar", "drums"]
BINS, RATE = 2049, 44100
CONTENT: dict[str, Any] = {
    "title": "Corpora",
    "authors": "nobody",
    "venue": "nowhere",
    "short": "Corpora",
    "listen": [],
    "metric": "nothing",
    "systems": {},
    "tables": {
        "table-1": {
            "kind": "corpora",
            "caption": "Corpora side by side.",
            "bind": {},
            "rows": [
                {"label": "MIR-1k"},
                {"label": "MUSDB18", "corpus": "musdb"},
                {"label": "Slakh2100", "corpus": "slakh"},
                {"label": "Flakh", "corpus": "absent"},
            ],
            "columns": [
                {"label": "Songs", "count": "songs"},
                {"label": "Hours", "count": "hours"},
                {"label": "Fewest tracks", "count": "fewest-tracks"},
                {"label": "Median tracks", "count": "median-tracks"},
                {"label": "Most tracks", "count": "most-tracks"},
                {"label": "Categories", "count": "categories"},
            ],
            "published": [
                [110, 2.25, 2, None, 2, 2],
                [150, 10, 4, 4, 4, 4],
                [2100, 145, 4, 9, 48, 34],
                [None, None, None, None, None, None],
            ],
        }
    },
    "figures": {
        "figure-1": {"kind": "categories", "caption": "Kinds.", "bind": {"corpus": "slakh"}, "first": BAND},
        "figure-2": {
            "kind": "spectra",
            "caption": "Spectra.",
            "bind": {},
            "corpora": ["musdb", "slakh", "view", "absent"],
            "apart": 20,
        },
        "figure-3": {"kind": "spectra", "caption": "None.", "bind": {}, "corpora": ["absent"]},
    },
    "claims": [],
}
# Song -> (label, class of the stem), and its seconds.
SLAKH = {
    "Track00001": ([("Piano: Acoustic Grand Piano", "piano"), ("Bass: Slap Bass 1", "bass")], 1800.0),
    "Track00002": (
        [
            ("Piano: Electric Piano 1", "piano"),
            ("Piano: Honky-tonk Piano", "piano"),
            ("Drums: Drums", "drums"),
            ("Strings: Violin", ""),
            ("Strings: Cello", ""),
            ("Organ: Church Organ", ""),
        ],
        900.0,
    ),
    "Track00003": ([("Organ: Reed Organ", ""), ("Drums: Drums", "drums"), ("Bass: Synth Bass 1", "bass")], 450.0),
}
MUSDB = {
    f"Song {number}": ([(name, name) for name in ("vocals", "bass", "drums", "other")], 360.0) for number in (1, 2)
}


def corpus(**change: Any) -> dict[str, Any]:
    own = read_yaml(repository() / "params.yaml")["corpora"]["musdb"]
    return {**own, "title": "Slakh's stand-in", "kind": "slakh", "targets": BAND, "roots": ["none"], **change}


@pytest.fixture(scope="module")
def settings() -> Params:
    content = read_yaml(repository() / "params.yaml")
    layout = {"layout": "slakh", "seed": 3, "songs": {"train": 1, "valid": 1, "test": 1}, "seconds": 30.0}
    content = merge(content, {"corpora": {"slakh": corpus(standin=None, of=None)}})
    content["corpora"]["slakh"]["standin"] = layout
    content["corpora"]["view"] = {"of": "slakh", "channels": 1}
    return parse(content)


@pytest.fixture(scope="module")
def paper() -> Paper:
    return Paper.model_validate(CONTENT)


def write_catalog(path: Path, songs: dict[str, tuple[list[tuple[str, str]], float]]) -> None:
    rows = [
        (song, f"S{number:02d}", label, target, seconds - (0.5 if number else 0.0))
        for song, (stems, seconds) in songs.items()
        for number, (label, target) in enumerate(stems)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, pd.DataFrame(rows, columns=["song", "stem", "instrument", "target", "seconds"]))


def write_spectra(path: Path, songs: int, offset: float) -> None:
    """Songs whose levels are -k/20 dB at bin k, apart from another by 2 dB, and a silent one."""
    falling = -np.arange(BINS) / 20 + offset
    rows = [(f"Song {number}", RATE, 10.0, 100, falling + 2.0 * number) for number in range(songs)]
    rows.append(("Silence", RATE, 10.0, 100, np.full(BINS, np.nan)))
    table = pd.DataFrame(rows, columns=["song", "sample_rate", "seconds", "frames", "levels"])
    table["levels"] = [levels.astype(np.float32) for levels in table["levels"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, settings: Params, paper: Paper) -> Path:
    root = tmp_path_factory.mktemp("corpora") / "demo"
    write_catalog(root / "musdb/catalog.parquet", MUSDB)
    write_catalog(root / "slakh/catalog.parquet", SLAKH)
    for name, offset in (("musdb", -20.0), ("slakh", -25.0), ("view", -25.0)):
        write_spectra(root / name / "spectra.parquet", 3, offset)
    output = root / "papers/own"
    (output / "listen").mkdir(parents=True)
    (output / "listen/index.json").write_text(json.dumps({"songs": []}))
    pd.DataFrame([], columns=SPOT_CHECK).to_csv(output / "spot-check.csv", index=False)
    write_tables(settings, paper, root, output)
    write_figures(settings, paper, root, output)
    write_claims(settings, paper, root, output)
    write_report(settings, {"own": paper}, root, root / "report.html")
    return root


# ---- categories --------------------------------------------------------------------------------------------------


def test_slakh_counts_34_classes() -> None:
    """All programs that the paper has patches for: those below the sound effects, without synth bass and brass."""
    from pretty_midi import program_to_instrument_class, program_to_instrument_name

    omitted = {38, 39, 55, 62, 63}  # synth basses, orchestra hit, synth brasses
    labels = [
        f"{program_to_instrument_class(number)}: {program_to_instrument_name(number)}"
        for number in set(range(96)) - omitted
    ]
    found = set().union(*(categories_of(label, "slakh") for label in [*labels, "Drums: Drums"]))
    assert len(found) == 34
    assert count_categories(pd.DataFrame({"instrument": [*labels, *labels, "Drums: Drums"]}), "slakh") == 34
    assert {"acoustic piano", "electric piano", "drums", "pipe", "baritone sax", "choir and voice"} <= found


def test_spellings_of_programs_are_one() -> None:
    for label in ("Guitar: Guitar Harmonics", "Guitar: Guitar harmonics"):
        assert categories_of(label, "slakh") == {"clean electric guitar"} and families_of(label, "slakh") == {"guitar"}
    assert categories_of("Bass: Synth Bass 1", "slakh") == {"bass"}
    assert categories_of("Strings (continued): Synth Voice", "slakh") == {"choir and voice"}


def test_labels_of_other_corpora_are_categories() -> None:
    catalog = pd.DataFrame({"instrument": ["violin", "Violin", "flute, clarinet", "", "male singer"]})
    assert count_categories(catalog, "medleydb") == 4
    assert families_of("flute, clarinet", "medleydb") == {"flute", "clarinet"}


def test_categories_follow_slakhs_own_metadata(tmp_path: Path) -> None:
    make_slakh(tmp_path / "train", ["Track00001"])
    stems = read_songs(str(tmp_path))[0].stems
    assert {name for stem in stems for name in families_of(stem.instrument, "slakh")} == {*BAND, "organ"}


def test_songs_by_category_put_some_first() -> None:
    rows = [(song, label, target) for song, (stems, _) in SLAKH.items() for label, target in stems]
    catalog = pd.DataFrame(rows, columns=["song", "instrument", "target"])
    found = songs_by_category(catalog, "slakh", BAND)
    assert list(found.items()) == [
        ("piano", 2),
        ("bass", 2),
        ("guitar", 0),
        ("drums", 2),
        ("organ", 2),
        ("strings", 1),
    ]
    assert list(songs_by_category(catalog, "slakh")) == ["bass", "drums", "organ", "piano", "strings"]


# ---- table -------------------------------------------------------------------------------------------------------


def test_the_table_counts_what_is_there(results: Path) -> None:
    found = pd.read_csv(results / "papers/own/table-1.csv").set_index(["row", "column"])
    columns = [column["label"] for column in CONTENT["tables"]["table-1"]["columns"]]
    slakh, musdb = ([found.loc[(name, c), "reproduced"] for c in columns] for name in ("Slakh2100", "MUSDB18"))
    # Both pianos, electric and synth bass, drums, violin, cello, organ.
    assert slakh == [3, 0.875, 2, 3, 6, 8]
    assert musdb == [2, 0.2, 4, 4, 4, 4]
    assert found.loc[("Slakh2100", "Most tracks"), "published"] == 48
    assert set(found.loc["Slakh2100", "corpus"]) == {"Slakh's stand-in"} and set(found.loc["MUSDB18", "songs"]) == {2}
    assert not (results / "papers/own/table-1-common-frames.csv").exists()


def test_a_row_without_a_corpus_has_the_papers_values_alone(results: Path) -> None:
    found = pd.read_csv(results / "papers/own/table-1.csv").set_index(["row", "column"])
    row = found.loc["MIR-1k"]
    assert row["reproduced"].isna().all() and row["corpus"].isna().all() and row["songs"].isna().all()
    assert list(row["published"].dropna()) == [110, 2.25, 2, 2, 2]
    assert found.loc["Flakh", ["published", "reproduced"]].isna().all(axis=None)
    metrics = json.loads((results / "papers/own/metrics.json").read_text())["table-1"]
    assert set(metrics) == {"MUSDB18", "Slakh2100"} and metrics["Slakh2100"]["Hours"] == 0.875


# ---- figures -----------------------------------------------------------------------------------------------------


def test_figure_of_categories(results: Path) -> None:
    found = pd.read_csv(results / "papers/own/figure-1.csv")
    assert list(found["row"]) == [*BAND, "organ", "strings"] and list(found["reproduced"]) == [2, 2, 0, 2, 2, 1]
    assert set(found["songs"]) == {3}
    assert (results / "papers/own/figure-1.png").stat().st_size > 10_000


def test_figure_of_spectra_is_mean_and_deviation_over_songs(results: Path) -> None:
    table = pd.read_csv(results / "papers/own/figure-2.csv")
    titles = ["stand-in in MUSDB18-HQ's layout", "Slakh's stand-in (slakh)", "Slakh's stand-in (view)"]
    assert list(dict.fromkeys(table["corpus"])) == titles and len(table) == 3 * 2 * BINS
    own = table[table["corpus"] == titles[0]]
    means, deviations = (own[own["column"] == name] for name in ("mean", "standard deviation"))
    np.testing.assert_allclose(means["reproduced"], -18 - np.arange(BINS) / 20, atol=1e-4)
    np.testing.assert_allclose(deviations["reproduced"], np.sqrt(8 / 2), atol=1e-4)
    np.testing.assert_allclose(means["row"], np.arange(BINS) * RATE / 4096, atol=0.01)
    assert set(own["songs"]) == {3}  # without the silent one
    assert (results / "papers/own/figure-2.png").stat().st_size > 10_000


def test_corpora_that_a_scale_lacks_are_not_drawn(results: Path) -> None:
    assert pd.read_csv(results / "papers/own/figure-3.csv").empty
    assert (results / "papers/own/figure-3.svg").is_file()


def test_only_silence_is_no_figure(settings: Params, tmp_path: Path) -> None:
    write_spectra(tmp_path / "musdb/spectra.parquet", 0, 0.0)
    figure = {"kind": "spectra", "caption": "", "bind": {}, "corpora": ["musdb"]}
    silent = Paper.model_validate({**CONTENT, "figures": {"figure-1": figure}})
    write_figures(settings, silent, tmp_path, tmp_path)
    assert pd.read_csv(tmp_path / "figure-1.csv").empty and (tmp_path / "figure-1.png").is_file()


def test_missing_spectra_are_told(settings: Params, paper: Paper, tmp_path: Path) -> None:
    write_catalog(tmp_path / "slakh/catalog.parquet", SLAKH)
    with pytest.raises(UserError, match=r"musdb/spectra.parquet: no such file; run the step that writes it first"):
        write_figures(settings, paper, tmp_path, tmp_path)
    with pytest.raises(UserError, match=r"musdb/catalog.parquet: no such file"):
        write_tables(settings, paper, tmp_path, tmp_path)


# ---- report, page, plan ------------------------------------------------------------------------------------------


def test_the_report_shows_all_of_it(results: Path) -> None:
    shown = (results / "report.html").read_text()
    for words in ("paper 2100<", "paper 2.25<", ">0.88</span>", "paper 34<", ">8</span>", "a row of dashes: a corpus"):
        assert words in shown.replace("\n", ""), words
    assert "MIR-1k" in shown and "Slakh&#39;s stand-in" in shown and "songs with at least one such instrument" in shown
    assert "Category" in shown and shown.count("data:image/svg+xml") >= 3


def test_the_page_has_published_values_of_corpora_that_are_not_here(
    results: Path, settings: Params, paper: Paper
) -> None:
    record = {
        "hardware": {"device": "cpu"},
        "seed": 42,
        "device_seconds": 1.0,
        "wall_seconds": 1.0,
        "commit": "0123",
        "versions": {},
    }
    text = page(settings, paper, [{**record, "dirty": False, "run": "run"}], results / "papers/own", "make")
    assert "| MIR-1k | – (110) | – (2.25) | – (2) | – | – (2) | – (2) |" in text
    assert (
        "| Slakh2100 | **3** (2100) | **0.88** (145.00) | **2** (4) | **3.0** (9.0) | **6** (48) | **8** (34) |" in text
    )


def test_what_is_planned_to_be_read_is_read(results: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    with files_read(results) as read:
        write_tables(settings, paper, results, tmp_path)
    assert read == set(reads_of_tables(settings, paper))
    with files_read(results) as read:
        write_figures(settings, paper, results, results / "papers/own")
    assert planned(read) == set(reads_of_figures(settings, "own", paper))
    with files_read(results) as read:
        write_claims(settings, paper, results, tmp_path)
    assert read == set(reads_of_claims(settings, paper))


def test_corpora_of_a_paper(settings: Params, paper: Paper) -> None:
    assert corpora_with(settings, "own", paper, CATALOG) == ["musdb", "slakh"]
    assert corpora_with(settings, "own", paper, SPECTRA) == ["musdb", "slakh", "view"]
    assert needed_runs(settings, paper) == []


def test_stages_of_a_paper_of_corpora(settings: Params) -> None:
    own = Paper.model_validate(
        CONTENT | {"figures": {"figure-2": CONTENT["figures"]["figure-2"] | {"corpora": ["view"]}}}
    )
    every = Stages(settings)
    every.plan.papers["own"] = own
    stages = {stage.name: stage for stage in every.stages()}
    assert "results/demo/slakh/spectra.parquet" in stages["spectra@view"].deps
    assert stages["spectra@slakh"].outs[0] == "results/demo/slakh/spectra.parquet"
    assert {"results/demo/musdb/catalog.parquet", "results/demo/view/spectra.parquet"} <= set(stages["papers-own"].deps)
    assert "catalog@slakh" in stages and "activity@slakh" not in stages and "spectra" in stages["spectra@slakh"].keys
    made = {path for stage in stages.values() for path in (*stage.outs, *stage.metrics)}
    wanted = {path for name in ("spectra@view", "papers-own") for path in stages[name].deps if path[:8] == "results/"}
    assert wanted <= made


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tables": {"table-1": {"kind": "scores"}}}, "columns.0: count songs in a table of kind 'scores'"),
        ({"tables": {"table-1": {"columns": [{"label": "a"}] * 6}}}, "columns.0: count missing in a table of kind"),
        ({"figures": {"figure-2": {"corpora": []}}}, "figure-2.corpora: empty, but 'spectra' compares corpora"),
        ({"figures": {"figure-1": {"bind": {"corpus": None}}}}, "figure-1.bind.corpus: missing, but 'categories'"),
        ({"tables": {"table-1": {"columns": [{"label": "a", "count": "song"}] * 6}}}, "'song'"),
        ({"tables": {"table-1": {"kind": "costs"}}}, "columns.0: cost missing in a table of kind 'costs'; one of kind"),
        ({"tables": {"table-1": {"kind": "cost"}}}, "table-1.kind: unknown kind 'cost' (did you mean 'costs'?)"),
        ({"figures": {"figure-2": {"kind": "spectrum"}}}, "figure-2.kind: unknown kind 'spectrum' (did you mean"),
        ({"figures": {"figure-1": {"kind": "gains"}}}, "figure-1.bind.system: missing, but 'gains' shows one; name it"),
    ],
)
def test_what_does_not_fit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], words: str
) -> None:
    folder = tmp_path / "workflow/papers"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(yaml.safe_dump(merge(CONTENT, change)))
    monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
    with pytest.raises(UserError, match=r"own\.yaml") as told:
        load_paper("own")
    assert words in str(told.value)
