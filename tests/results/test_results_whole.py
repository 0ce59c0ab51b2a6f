"""Tables, figures, claims and report of a small synthetic set of results, from score files to one page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reading import files_read, planned
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.claims.reads import reads_of_claims
from reprosep.claims.table import COLUMNS, write_claims
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Deviation, Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.report.page import write_report
from reprosep.results.calibration import conclude, measure
from reprosep.results.figures import write_figures
from reprosep.results.reads import reads_of_figures, reads_of_tables
from reprosep.results.spot_check import COLUMNS as SPOT_CHECK
from reprosep.results.tables import write_tables
from reprosep.results.tidy import TIDY

# dB by which a system or a gate is better than Open-Unmix in the synthetic scores.
LEVEL = {"open-unmix": 0.0, "iass": 1.0, "iass-4-blocks": 1.05, "iass-no-labels": 0.7, "ibm": 5.0, "input": -8.0}
LEVEL |= {"irm": 5.5, "wiener": 6.0}
GATE = {"none": 0.0, "raw": 0.3, "median": 0.6, "oracle": 1.2}
HARDWARE = {"machine": "node", "processor": "cpu", "cores": 2, "device": "cpu", "memory_gb": 8.0}


def make_params(**change: object) -> Params:
    """The default parameters with few bootstrap resamples."""
    content = read_yaml(repository() / "params.yaml")
    return parse(merge(content, {"statistics": {"bootstrap": 400}, **change}))


def make_results(root: Path, settings: Params, paper: Paper, songs: int = 8, frames: int = 8) -> Path:
    """Synthetic outputs of every earlier step, below `root`; returns the folder of the scale."""
    results = root / settings.scale
    for corpus in settings.corpora:
        _write_activity_index(results / corpus / "activity" / "index.parquet", settings.corpora[corpus].targets)
    for run in needed_runs(settings, paper):
        _write_run(results, run, paper, songs, frames)
    _write_listening(results / "papers" / "iass" / "listen", settings)
    return results


def _write_run(results: Path, run: Run, paper: Paper, songs: int, frames: int) -> None:
    system = paper.systems[run.system]
    tables = [_variant_scores(run, variant, songs, frames) for variant in system.variants()]
    _parquet(pd.concat(tables, ignore_index=True), results / "scores" / f"{run.id}.parquet")
    if len(tables) > 1:
        _parquet(_activity(run, songs, frames), results / "scores" / f"{run.id}.activity.parquet")
    if system.trained:
        _write_training(results / "runs" / run.id, run)
    benchmark = results / "benchmarks" / "score" / f"{run.id}.tsv"
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text("s\th:m:s\tmax_rss\tmean_load\tcpu_time\n12.5\t0:00:12\t310.5\t98.0\t12.0\n")


def _variant_scores(run: Run, variant: str, songs: int, frames: int) -> pd.DataFrame:
    # The same songs are equally hard for every system, so that paired differences are clear.
    random = np.random.default_rng(len(run.target))
    hardness = random.normal(3, 2, size=(songs, 1, 1)) + np.array([0, 4, 1, 6])
    base = hardness + random.normal(0, 0.5, size=(songs, frames, 4))
    noise = np.random.default_rng([*run.id.encode(), *variant.encode()]).normal(0, 0.2, size=base.shape)
    scores = base + noise + LEVEL[run.system] + GATE[variant]
    dropped = np.full((songs, frames), "", dtype=object)
    dropped[:, 0] = "silent reference"
    if variant != "none":
        dropped[:, 1 :: 5 - len(variant) % 3] = "silent estimate"
    scores[dropped != ""] = np.nan
    grid = pd.MultiIndex.from_product([[f"Song {i}" for i in range(songs)], range(frames)], names=["song", "frame"])
    table = pd.DataFrame(scores.reshape(-1, 4), index=grid, columns=["SDR", "SIR", "SAR", "ISR"]).reset_index()
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    named = {"run": run.id, "corpus": run.corpus, "target": run.target, "system": run.system, "variant": variant}
    song = hardness[:, 0, 0].repeat(frames)
    whole = {"uSDR": song + LEVEL[run.system], "Leakage": song - 20 - 5 * GATE[variant]}
    return table.assign(time=table["frame"].astype(float), dropped=dropped.ravel(), ill_posed=False, **named, **whole)


def _activity(run: Run, songs: int, seconds: int) -> pd.DataFrame:
    random = np.random.default_rng(len(run.id))
    count = seconds * 31
    label = random.random((songs, seconds)).repeat(31, axis=1).ravel() > 0.4
    probability = np.clip(label * 0.3 + random.normal(0.35, 0.2, size=len(label)), 0, 1)
    table = pd.DataFrame({"label": label, "probability": probability})
    table["song"] = np.repeat([f"Song {i}" for i in range(songs)], count)
    table["frame"] = np.tile(np.arange(count), songs)
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    named = {"run": run.id, "corpus": run.corpus, "target": run.target, "system": run.system}
    return table.assign(time=table["frame"] / 31, **named)


def _write_activity_index(path: Path, targets: list[str]) -> None:
    rows = [
        {"song": f"Song {i}", "stem": f"{target}-{i}", "split": split, "instrument": target, "target": target}
        for target in targets
        for i, split in enumerate(("train", "train", "test"))
    ]
    _parquet(pd.DataFrame(rows).assign(frames=100, active_frames=np.arange(len(rows)) % 5 * 15 + 20), path)


def _write_training(folder: Path, run: Run) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"run": run.id, "commit": "0123456789abcdef", "dirty": False, "seed": run.seed, "hardware": HARDWARE}
    content |= {"versions": {"python": "3.13.0", "torch": "2.9.0"}, "wall_seconds": 61.0, "device_seconds": 58.0}
    content |= {"epochs": 6, "best_epoch": 5, "best_valid_loss": 0.021, "parameters": 3205682, "items": 1200}
    (folder / "run.json").write_text(json.dumps(content | {"precision": "float32"}))
    loss = 0.1 * 0.8 ** np.arange(6) * LEVEL.get(run.system, 1) + 0.02
    table = {
        "epoch": np.arange(1, 7),
        "train_loss": loss,
        "train_mse": loss,
        "train_bce": loss,
        "valid_mse": loss * 1.2,
    }
    pd.DataFrame(table).assign(learning_rate=1e-3, seconds=9.0, items_per_second=22.0).to_csv(
        folder / "epochs.csv", index=False
    )


def _write_listening(folder: Path, settings: Params) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    gate = {f"gate_{name}": (np.arange(60) // 12 % 2).astype(float) for name in ("raw", "median", "oracle")}
    magnitudes = {name: random.random((65, 60)) ** 6 for name in ("reference", "none", "raw", "median")}
    np.savez(folder / "figure-3.npz", **{**magnitudes, **gate, **NAMES})  # type: ignore[arg-type]
    (folder / "tone.mp3").write_bytes(b"ID3" + bytes(400))
    sound = {"file": "tone.mp3", "outline": [20, 80, 40]}
    gated = {"system": "iass", "label": "IASS", **sound, "probability": [10, 90, 70], "gate": [[0.5, 1.5]]}
    plain = {"system": "open-unmix", "label": "Open-Unmix", **sound, "probability": None, "gate": None}
    of_target = {"reference": sound, "active": [[0.0, 1.0]], "estimates": [gated, plain]}
    songs = [
        {
            "corpus": name,
            "song": f"Song <{name}>",
            "seconds": 1.5,
            "threshold": 0.5,
            "mixture": sound,
            "targets": [{"target": target, **of_target} for target in corpus.targets],
        }
        for name, corpus in settings.corpora.items()
    ]
    (folder / "index.json").write_text(json.dumps({"songs": songs}))


NAMES = {
    "hop_seconds": np.float64(0.16),
    "bin_hz": np.float64(125.0),
    "song": np.str_("Song 1"),
    "corpus": np.str_("musdb"),
    "target": np.str_("vocals"),
}


def _write_spot_check(path: Path) -> None:
    checked = [("mm_vocals_iass_s42", "Song 1", "median", 8, 3e-8, 1e-9, True, False, "museval")]
    pd.DataFrame(checked, columns=SPOT_CHECK).to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def write_all(settings: Params, paper: Paper, results: Path) -> Path:
    """Everything that this step writes; returns the paper's folder."""
    output = results / "papers" / "iass"
    conclude(settings, paper, measure(settings, paper, results), output)
    write_tables(settings, paper, results, output)
    write_figures(settings, paper, results, output)
    write_claims(settings, paper, results, output)
    _write_spot_check(output / "spot-check.csv")
    write_report(settings, {"iass": paper}, results, results / "report.html")
    return output


@pytest.fixture(scope="module")
def paper() -> Paper:
    return load_paper("iass")


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params()


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, settings: Params, paper: Paper) -> Path:
    results = make_results(tmp_path_factory.mktemp("results"), settings, paper)
    return write_all(settings, paper, results)


def test_what_is_planned_to_be_read_is_read(output: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    results = output.parents[1]
    with files_read(results) as read:
        write_tables(settings, paper, results, tmp_path)
    assert read == set(reads_of_tables(settings, paper))
    with files_read(results) as read:
        write_figures(settings, paper, results, results / "papers/iass")
    assert planned(read) == set(reads_of_figures(settings, "iass", paper))
    with files_read(results) as read:
        write_claims(settings, paper, results, tmp_path)
    assert read == set(reads_of_claims(settings, paper))


def test_tidy_columns_and_cells_are_those_of_the_paper(output: Path, settings: Params, paper: Paper) -> None:
    for name, table in paper.tables.items():
        for suffix in ("", "-common-frames"):
            written = pd.read_csv(output / f"{name}{suffix}.csv")
            assert list(written.columns) == TIDY == list(pd.read_csv(output / "figure-4.csv").columns)
            alone = [row for row in table.rows if not row.system or not paper.systems[row.system].beside]
            own = [row for row in alone if row.variant != "detector"]  # needs the detectors' paper
            assert len(written) == len(own) * len(table.columns)
            assert np.isfinite(written["reproduced"]).all()
            assert (written["ci_low"] <= written["ci_high"]).all()
            assert (written["songs"] == 8).all()
    assert written["corpus"].unique().tolist() == [settings.corpora["mm"].title]


def test_average_is_the_mean_of_the_three_cells(output: Path) -> None:
    table = pd.read_csv(output / "table-4.csv").pivot(index="row", columns="column", values="reproduced")
    np.testing.assert_allclose(table["Avg"], table[["SDR", "SIR", "SAR"]].mean(axis=1), atol=2e-4)


def test_a_table_cell_is_the_median_of_medians(output: Path, settings: Params) -> None:
    results = output.parents[1]
    frames = pd.read_parquet(results / "scores" / "musdb_bass_iass_s42.parquet")
    rows = frames[frames["variant"] == "median"]
    by_song = [np.nanmedian(rows.loc[rows["song"] == song, "SIR"]) for song in rows["song"].unique()]
    table = pd.read_csv(output / "table-2.csv").set_index(["row", "column"])
    assert table.loc[("Bass IASS", "SIR"), "reproduced"] == pytest.approx(np.median(by_song), abs=1e-4)
    assert table.loc[("Bass IASS", "SIR"), "published"] == 7.30


def test_common_frames_change_the_ungated_row_only_where_the_gate_dropped_frames(output: Path) -> None:
    own = pd.read_csv(output / "table-3.csv").set_index(["row", "column"])["reproduced"]
    common = pd.read_csv(output / "table-3-common-frames.csv").set_index(["row", "column"])["reproduced"]
    assert own["Vocals", "IASS"] == common["Vocals", "IASS"]  # IASS drops the most, so its frames are the common ones
    assert own["Vocals", "IBM"] != common["Vocals", "IBM"]


def test_claims(output: Path) -> None:
    claims = pd.read_csv(output / "claims.csv")
    assert list(claims.columns) == COLUMNS
    verdicts = claims.set_index(["claim", "target"])["verdict"]
    assert verdicts["mm-better-than-open-unmix", "all"] == "holds"
    assert verdicts["blocks-comparable", "vocals"] == "holds" == verdicts["ideal-mask-is-best", "all"]
    assert verdicts["musdb-slightly-worse-on-bass", "all"] == "does not hold"
    assert verdicts["multitask-alone-often-lower", "all"] == "does not hold"
    assert verdicts["gate-leaves-less-in-silence", "all"] == "holds"
    assert (claims["claim"] == "sir-gain-largest-on-vocals-and-piano").sum() == 2 * 4 + 1
    printed = claims.set_index(["claim", "target"])["published_effect"]
    gains = [4.78 - 3.68, 1.77 - 1.55, 1.29 - 0.95, 1.91 - 1.08, 4.34 - 4.04, 4.89 - 4.45]  # not the doubtful 5.26
    assert printed["mm-better-than-open-unmix", "all"] == pytest.approx(np.mean(gains), abs=1e-4)
    assert claims["standin"].all() and set(claims["scope"].dropna()) == {"of this training", "of these two trainings"}
    assert set(claims["asked_by"]) == {"the paper", "us"}


def test_same_inputs_same_bytes(paper: Paper, tmp_path: Path) -> None:
    small = make_params(corpora={"musdb": {"targets": ["vocals"]}, "mm": {"targets": ["vocals", "piano", "bass"]}})
    results = make_results(tmp_path, small, paper)
    output = results / "papers" / "iass"
    written = []
    for _ in range(2):
        write_tables(small, paper, results, output)
        write_claims(small, paper, results, output)
        write_figures(small, paper, results, output)
        written.append({path.name: path.read_bytes() for path in output.iterdir() if path.is_file()})
    assert len(written[0]) == 5 * 2 + 1 + 3 * 2 + 2 + 3
    assert {"metrics.json", "claims.json", "songs.csv"} < set(written[0])
    assert written[0] == written[1]


def test_report_is_one_file_with_banner_and_no_loads(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    assert "Stand-in corpus" in page
    loads = re.findall(r"""(?:src|href|data|poster|srcset)\s*=\s*["']([^"']*)|url\(["']?([^"')]*)""", page)
    assert loads
    assert all((a or b).startswith(("data:", "#")) for a, b in loads)
    assert "Song &lt;musdb&gt;" in page
    assert "5.26 contradicts Table 4" in page
    corpora = make_params().corpora.values()
    assert page.count("<audio") == len(corpora) + 3 * sum(len(corpus.targets) for corpus in corpora)
    assert len(re.findall(r"<script", page)) == 1 and not re.search(r"<script [^>]*src|@import|fetch\(|XMLHttp", page)


def test_report_begins_with_the_verdicts_as_a_picture(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    claims = pd.read_csv(output / "claims.csv")
    picture, table = page.index('<div class="panels claims">'), page.index('<table class="cards">')
    assert page.index("Stand-in corpus") < picture < table
    drawn = page[picture:table]
    for statement in claims.loc[claims["asked_by"] == "the paper", "statement"].unique():
        assert html.escape(statement, quote=False).replace("'", "&#39;") in drawn
    claims = claims[claims["asked_by"] == "the paper"]
    compared = claims[claims["target"] != "all"]
    many = compared.groupby("claim")["target"].transform("size") > 8  # those beside a mean are then in the table alone
    compared = compared[~many | (compared["decides"] == "yes")]
    assert drawn.count('class="m holds') == (compared["verdict"] == "holds").sum()
    assert drawn.count('class="m fails') == (compared["verdict"] == "does not hold").sum()
    assert drawn.count("#m-paper") == compared["published_effect"].notna().sum()
    total = claims[claims["target"] == "all"]["verdict"]
    head = " ".join(re.sub(r"<[^>]+>", " ", page[:picture]).split())
    assert f"{len(total)} of the paper’s claims: ✓ {(total == 'holds').sum()} hold" in head
    assert "of our own questions: " in head and "of these trainings, not of the methods" in head


def test_report_names_targets_in_full_and_says_what_the_paper_calls_them(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert text.count("Acgtr") == text.count("“Acgtr” in the paper") >= 2
    assert "Acgtr ✓ ✓" in (output / "table-4.csv").read_text()  # files keep the paper's labels


def test_every_player_works_by_keyboard_and_has_labels(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    faces = re.findall(r'<div class="face".*?</details>', page, flags=re.DOTALL)
    assert len(faces) == len(make_params().corpora)
    for face in faces:
        assert '<button type="button" class="play">Play</button>' in face
        inputs = re.findall(r"<input ([^>]*)>", face)
        assert all("aria-label" in one for one in inputs if 'type="range"' in one)
        assert len(re.findall(r"<label[^>]*><input", face)) == len(inputs) - 1  # all but the range
        lanes = set(re.findall(r'value="([a-z-]+-(?:reference|iass|open-unmix)|mixture)"', face))
        assert lanes == set(re.findall(r'data-key="([^"]+)"', face))
        assert face.count('class="probability"') == face.count('<fieldset class="lanes"')


def section(page: str, name: str) -> str:
    """A section of the report, from its heading to the next one, tags and line ends taken out."""
    body = page.split(f'<h2 id="iass-{name}">')[1].split("<h2")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_report_shows_the_calibration_before_the_tables(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    assert page.index('id="iass-calibration"') < page.index('id="iass-tables"')
    text = section(page, "calibration")
    value = pd.read_csv(output / "calibration.csv").set_index(["corpus", "target", "system"]).loc["mm", "vocals", "ibm"]
    assert f"{value['reproduced']:.2f}" in text and f"paper 6.49 ± 1.8 difference +{value['difference']:.2f}" in text
    assert "not judged" in text and "agrees" not in text and "differs" not in text
    assert "MedleyDB's 330 songs" in html.unescape(text)


def test_report_shows_the_verdicts_on_real_corpora(paper: Paper, tmp_path: Path) -> None:
    targets = ["vocals", "drums"]
    accept = [f"mm/{target}/{system}" for target in targets for system in ("input", "ibm")]
    content = dump(make_params(calibration={"accept": accept}))
    content["corpora"] = {"mm": content["corpora"]["mm"] | {"standin": None, "title": "MM", "targets": targets}}
    real = parse(content)
    output = write_all(real, paper, make_results(tmp_path, real, paper))
    verdicts = pd.read_csv(output / "calibration.csv")["verdict"]
    text = section((output.parents[1] / "report.html").read_text(encoding="utf-8"), "calibration")
    assert text.count("differs, accepted") == (verdicts == "differs, accepted").sum() >= 1
    assert text.count("agrees") == (verdicts == "agrees").sum() >= 1
    assert "not judged" not in text


def test_report_tells_what_museval_said(output: Path) -> None:
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    assert "3 · 10⁻⁸ dB" in page
    assert "Not well posed" not in page


def test_report_names_songs_that_are_not_well_posed(paper: Paper, tmp_path: Path) -> None:
    small = make_params(corpora={"musdb": {"targets": ["vocals"]}, "mm": {"targets": ["vocals"]}})
    results = make_results(tmp_path, small, paper)
    path = next((results / "scores").glob("mm_vocals_iass*s42.parquet"))
    table = pd.read_parquet(path)
    table["ill_posed"] = table["song"] == "Song 3"
    _parquet(table, path)
    write_all(small, paper, results)
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Not well posed" in page
    assert "Song 3 (Vocals)" in page


def test_report_shows_deviations_escaped(output: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    line = {"subject": "Loss", "paper": "α not given", "code": "2 <script>", "ours": "2", "why": "as in the code"}
    changed = paper.model_copy(update={"deviations": [Deviation(**line)]})
    write_report(settings, {"iass": changed}, output.parents[1], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="iass-deviations"' in page and "2 &lt;script&gt;" in page and "2 <script" not in page


def test_one_song_gives_blank_intervals_and_no_verdict(paper: Paper, tmp_path: Path) -> None:
    small = make_params(corpora={"musdb": {"targets": ["bass"]}, "mm": {"targets": ["vocals", "drums"]}})
    output = write_all(small, paper, make_results(tmp_path, small, paper, songs=1))
    table = pd.read_csv(output / "table-2.csv")
    assert table["ci_low"].isna().all() and table["reproduced"].notna().all()
    verdicts = pd.read_csv(output / "claims.csv").query("target == 'all'")["verdict"]
    assert set(verdicts) == {"undecided"}


def test_fewer_targets_and_an_absent_corpus(paper: Paper, tmp_path: Path) -> None:
    content = dump(make_params())
    content["corpora"] = {"musdb": content["corpora"]["musdb"] | {"targets": ["vocals", "other"]}}
    small = parse(content)
    output = write_all(small, paper, make_results(tmp_path, small, paper, songs=3))
    assert len(pd.read_csv(output / "table-2.csv")) == 2 * 2 * 4
    assert (output / "table-3.csv").read_text() == ",".join(TIDY) + "\n"
    assert set(pd.read_csv(output / "claims.csv")["target"]) == {"vocals", "other", "all"}
    assert "Nothing to draw" not in (output / "figure-3.svg").read_text()
    assert (output / "figure-4.csv").read_text() == ",".join(TIDY) + "\n"


def test_several_seeds_are_averaged_per_song(paper: Paper, tmp_path: Path) -> None:
    two = make_params(seeds=[1, 2], corpora={"musdb": {"targets": ["bass"]}, "mm": {"targets": ["drums"]}})
    results = make_results(tmp_path, two, paper)
    write_tables(two, paper, results, results / "papers" / "iass")
    scores = [pd.read_parquet(results / "scores" / f"musdb_bass_open-unmix_s{seed}.parquet") for seed in (1, 2)]
    by_song = np.mean([table.groupby("song")["SAR"].median() for table in scores], axis=0)
    cell = pd.read_csv(results / "papers" / "iass" / "table-2.csv").set_index(["row", "column"])
    assert cell.loc[("Bass Open-Unmix", "SAR"), "reproduced"] == pytest.approx(np.median(by_song), abs=1e-4)


def test_real_corpora_have_no_banner_and_no_note(paper: Paper, tmp_path: Path) -> None:
    real = {"standin": None, "title": "MUSDB18-HQ", "targets": ["vocals"]}
    content = dump(make_params())
    content["corpora"] = {"musdb": content["corpora"]["musdb"] | real}
    settings = parse(content)
    output = write_all(settings, paper, make_results(tmp_path, settings, paper))
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    assert "Stand-in corpus" not in page and "Corpora: MUSDB18-HQ." in page
    assert not pd.read_csv(output / "claims.csv")["standin"].any()


def test_a_corpus_that_no_paper_uses_gives_an_empty_report(paper: Paper, tmp_path: Path) -> None:
    content = dump(make_params())
    content["corpora"] = {"own": content["corpora"]["mm"]}
    settings = parse(content)
    output = write_all(settings, paper, make_results(tmp_path, settings, paper))
    assert (output / "claims.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert "No claim of this paper" in (output.parents[1] / "report.html").read_text(encoding="utf-8")


def test_missing_scores_are_one_sentence(settings: Params, paper: Paper, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"scores/.*\.parquet: no such file"):
        write_tables(settings, paper, tmp_path, tmp_path)
