"""Tables, figures, claims and report of a small synthetic set of results, from score files to one page."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reprosep.base.errors import UserError
from reprosep.claims.table import COLUMNS, write_claims
from reprosep.papers.content import Deviation, Entry, Paper
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump
from reprosep.report.page import write_report
from reprosep.results.figures import write_figures
from reprosep.results.tables import write_tables
from reprosep.results.tidy import TIDY
from synthetic_results import _parquet, assert_reads_as_planned, make_params, make_results, write_all


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
    assert_reads_as_planned(settings, paper, output.parents[1], tmp_path)


def _is_here(paper: Paper, entry: Entry) -> bool:
    """Whether a row or column needs neither another paper, as that of the detectors, nor published weights."""
    system = paper.systems[entry.system] if entry.system else None
    return entry.variant != "detector" and not (system and (system.beside or system.published_weights))


def test_tidy_columns_and_cells_are_those_of_the_paper(output: Path, settings: Params, paper: Paper) -> None:
    for name, table in paper.tables.items():
        for suffix in ("", "-common-frames"):
            written = pd.read_csv(output / f"{name}{suffix}.csv")
            assert list(written.columns) == TIDY == list(pd.read_csv(output / "figure-4.csv").columns)
            rows, columns = ([one for one in every if _is_here(paper, one)] for every in (table.rows, table.columns))
            assert len(written) == len(rows) * len(columns)
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
    assert len(pd.read_csv(output / "table-2.csv")) == 2 * 4 * 4
    assert (output / "table-3.csv").read_text() == ",".join(TIDY) + "\n"
    assert set(pd.read_csv(output / "claims.csv")["target"]) == {"vocals", "other", "mean of targets", "all"}
    assert "Nothing to draw" not in (output / "figure-3.svg").read_text()
    assert (output / "figure-4.csv").read_text() == ",".join(TIDY) + "\n"


def test_several_seeds_are_averaged_per_song(paper: Paper, tmp_path: Path) -> None:
    two = make_params(seeds=[1, 2], corpora={"musdb": {"targets": ["bass"]}, "mm": {"targets": ["drums"]}})
    results = make_results(tmp_path, two, paper)
    write_tables(two, paper, results, results / "papers" / "iass")
    scores = [pd.read_parquet(results / "scores" / f"musdb_bass_open-unmix_s{seed}.parquet") for seed in (1, 2)]
    plain = [table[table["variant"] == "none"] for table in scores]
    by_song = np.mean([table.groupby("song")["SAR"].median() for table in plain], axis=0)
    cell = pd.read_csv(results / "papers" / "iass" / "table-2.csv").set_index(["row", "column"])
    assert cell.loc[("Bass Open-Unmix", "SAR"), "reproduced"] == pytest.approx(np.median(by_song), abs=1e-4)


def test_real_corpora_have_no_banner_and_no_note(paper: Paper, tmp_path: Path) -> None:
    real = {"standin": None, "title": "MUSDB18-HQ", "targets": ["vocals"]}
    content = dump(make_params())
    content["corpora"] = {"musdb": content["corpora"]["musdb"] | real}
    settings = parse(content)
    output = write_all(settings, paper, make_results(tmp_path, settings, paper))
    page = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    assert "Stand-in corpus" not in page and "<strong>Real music:</strong> MUSDB18-HQ." in page
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
