"""Published activity labels: found, read, put at our frames, and told apart from computed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conftest import Line
from reprosep.activity.confidence import write_labels
from reprosep.audio.store import FULL_SCALE, SongArrays, read_table
from reprosep.base.errors import UserError
from reprosep.corpora.label_files import STEP, at_times, label_files, read_labels
from reprosep.corpora.listing import recordings_listing
from reprosep.corpora.songs import LABELS
from reprosep.dag.versions.stages import Stages
from reprosep.mixtures.mixing import Excerpt, Recipe
from reprosep.params.data import Corpus
from reprosep.report.label_sources import label_sources
from reprosep.report.page import environment
from synthetic import make_medleydb, make_params

PAPER_SIZE = {"audio": {"sample_rate": 44100}, "stft": {"n_fft": 4096, "hop": 1024}, "activity": {"window": 4096}}
PUBLISHED = {"mm": {"targets": ["vocals"], "test_fraction": 0.4, "labels": "published"}}
SECONDS = 3.0


def put(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def lines_of(frames: int, *stems: str, value: str = "0.5000") -> list[str]:
    rows = [",".join([f"{number * STEP:.4f}", *[value] * len(stems)]) for number in range(frames)]
    return [",".join(["time", *stems]), *rows]


# ---- real files --------------------------------------------------------------------------------------------------


def test_the_real_files(shared_data: Path) -> None:
    files = sorted((shared_data / "metadata" / "activation").glob(f"*{LABELS}"))
    if not files:
        pytest.skip("needs MedleyDB's label files in ../shared/data/metadata/activation")
    silence = 0
    for file in files:
        song = file.name.removesuffix(LABELS)
        metadata = yaml.safe_load((shared_data / "metadata/medleydb" / f"{song}_METADATA.yaml").read_text())
        stems, frames = sorted(metadata["stems"]), len(file.read_text().splitlines()) - 1
        found = read_labels(file, stems, frames * STEP)
        assert found.shape == (len(stems), frames)
        assert 0 < found.min() < 0.05 and 0.99 < found.max() <= 1 and 0.1 < (found >= 0.5).mean() < 1
        silence += int((found == 0.0474).sum())
    assert silence > 1000


# ---- reading -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    params, random = make_params(PAPER_SIZE), np.random.default_rng(1)
    samples = 0.3 * random.normal(size=(2, 90000)) * (np.arange(90000) % 40000 < 20000)
    write_labels(tmp_path / "song.lab", samples, ["S01", "S03"], params)
    both = read_labels(tmp_path / "song.lab", ["S01", "S03"], 90000 / 44100)
    (third,) = read_labels(tmp_path / "song.lab", ["S03"], 90000 / 44100)
    written = np.loadtxt(tmp_path / "song.lab", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(both, written[:, 1:].T)
    np.testing.assert_array_equal(third, written[:, 2])


def test_frames_that_coincide_are_kept_and_those_between_are_interpolated() -> None:
    published = np.array([[0.0, 1.0, 0.5, 0.9]])
    times = np.arange(10) * 1024 / 44100
    np.testing.assert_allclose(
        at_times(published, times)[0], [0, 0.5, 1, 0.75, 0.5, 0.7, 0.9, 0.9, 0.9, 0.9], atol=1e-12
    )


GOOD = lines_of(70, "S01", "S02")
WRONG: list[tuple[list[str], str]] = [
    (lines_of(70, "S01"), r"no column S02 in 'time,S01', expected time and one for each of S01, S02"),
    (lines_of(20, "S01", "S02"), r"covers 0.9 s, but the song has 3.0 s"),
    ([GOOD[0].replace("time", "second"), *GOOD[1:]], "no column time"),
    (["S01,time,S02", *GOOD[1:]], "time is not the first column"),
    ([*GOOD[:5], "0.1858,0.5,loud", *GOOD[6:]], r"line 6 \('0.1858,0.5,loud'\) holds what is no number"),
    ([*GOOD[:5], "0.1858,0.5,1.5", *GOOD[6:]], r"line 6 \('0.1858,0.5,1.5'\) has a confidence outside 0 … 1"),
    ([*GOOD[:5], "0.1858,0.5,nan", *GOOD[6:]], r"line 6 .* has a confidence outside 0 … 1"),
    ([*GOOD[:5], "0.1858,0.5", *GOOD[6:]], r"line 6 .* has 2 values, expected 3"),
    ([*GOOD[:5], "0.1858,0.5,0.5,0.5", *GOOD[6:]], r"line 6 .* has 4 values, expected 3"),
    ([GOOD[0], *GOOD[2:]], r"line 2 .* has the time 0.0464, expected 0.0000"),
    ([*GOOD[:5], "0.2000,0.5,0.5", *GOOD[6:]], r"line 6 .* has the time 0.2000, expected 0.1858 \(steps of 2048 / 44"),
    (GOOD[:1], "holds no frame"),
    ([], "holds no frame"),
]


@pytest.mark.parametrize(("lines", "sentence"), WRONG)
def test_bad_files_are_told_by_one_sentence(tmp_path: Path, lines: list[str], sentence: str) -> None:
    path = put(tmp_path / f"song{LABELS}", *lines)
    with pytest.raises(UserError, match=sentence) as raised:
        read_labels(path, ["S01", "S02"], SECONDS)
    assert str(raised.value).startswith(f"{path}: ") and "or move it away" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / f"song{LABELS}"
    path.write_bytes(b"\xff\xfe\x00RIFF")
    with pytest.raises(UserError, match="not readable as csv"):
        read_labels(path, ["S01"], SECONDS)


def test_labels_may_end_a_little_before_the_song(tmp_path: Path) -> None:
    path = put(tmp_path / f"song{LABELS}", *lines_of(60, "S01"))  # 2.8 s
    assert read_labels(path, ["S01"], SECONDS).shape == (1, 60)


# ---- finding -----------------------------------------------------------------------------------------------------


def corpus(root: Path, **change: Any) -> Corpus:
    return make_params({"corpora": {"mm": {"roots": [str(root)], "labels": "published", **change}}}).corpora["mm"]


@pytest.mark.parametrize(
    "place",
    [
        "annotations",
        "Annotations/Activation_Confidence/v2",
        "Annotations/Activation_Confidence/original",
        "Annotations/Instrument_Activations/ACTIVATION_CONF",
        "Audio/song",
        "Audio/song/annotations",
        ".",
    ],
)
def test_files_are_found_wherever_they_are_published(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / place / f"song{LABELS}", *GOOD)
    assert {song: file.resolve() for song, file in label_files("mm", corpus(tmp_path)).items()} == {
        "song": path.resolve()
    }


def test_of_several_files_the_newer_and_the_named_ones_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "mm/Annotations/Activation_Confidence"
    old, new = put(folder / f"original/song{LABELS}", *GOOD), put(folder / f"v2/song{LABELS}", *GOOD)
    only = put(folder / f"original/other{LABELS}", *GOOD)
    assert label_files("mm", corpus(tmp_path / "mm")) == {"song": new, "other": only}
    own = put(tmp_path / f"own/song{LABELS}", *GOOD)
    assert label_files("mm", corpus(tmp_path / "mm", label_folders=[str(own.parent)])) == {"song": own, "other": only}
    original = corpus(tmp_path / "mm", label_folders=[str(old.parent)])
    assert label_files("mm", original)["song"] == old


def test_no_file_counts_where_labels_are_computed(tmp_path: Path) -> None:
    put(tmp_path / f"annotations/song{LABELS}", *GOOD)
    assert label_files("mm", corpus(tmp_path, labels="computed")) == {}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"params: corpora.mm.label_folders: '.*/none' is no folder; name one that holds"
    ):
        label_files("mm", corpus(tmp_path, label_folders=[str(tmp_path / "none")]))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("musdb", {"labels": "published"}, "corpora.musdb.labels: 'published' needs kind 'medleydb'"),
        ("mm", {"label_folders": ["x"]}, r"corpora.mm.label_folders: \['x'\], but labels are computed"),
        ("mm", {"labels": "publshed"}, "corpora.mm.labels"),
    ],
)
def test_parameters_that_do_not_fit(name: str, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        make_params({"corpora": {name: change}})


def test_at_the_papers_scale_mm_has_published_labels() -> None:
    corpora = make_params(scale="paper").corpora
    assert {name for name, one in corpora.items() if one.labels == "published"} == {"mm", "mm-detection", "mm-rare"}


def test_a_label_file_is_no_new_recording(tmp_path: Path) -> None:
    make_medleydb(tmp_path / "mm", songs=1, seconds=1.0)
    made = corpus(tmp_path / "mm")
    before = recordings_listing(made)
    put(tmp_path / f"mm/annotations/Artist0_Song0{LABELS}", *GOOD)
    assert recordings_listing(made) == before


# ---- the step ----------------------------------------------------------------------------------------------------


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Four songs, of which the first three have label files that say something else than their sound."""
    made = Line(tmp_path, make_params(PAPER_SIZE | {"corpora": PUBLISHED}))
    monkeypatch.chdir(tmp_path)
    make_medleydb(tmp_path / "recordings" / "mm", songs=4, seconds=SECONDS, rate=44100)
    for step in ("recordings", "catalog", "store"):
        made.step(step, "mm", 1)
    catalog, store = read_table(made.results / "mm/catalog.parquet"), SongArrays(made.results / "mm/audio")
    for number, place in enumerate(("annotations", "Audio/Artist1_Song1", "Annotations/Activation_Confidence/v2")):
        song = f"Artist{number}_Song{number}"
        samples = np.roll(store.load(song)[:, :, 0] / FULL_SCALE, 30000, axis=1)
        stems = list(catalog.loc[catalog["song"] == song, "stem"])
        write_labels(tmp_path / "recordings/mm" / place / f"{song}{LABELS}", samples, stems, made.params)
    return made


def test_a_songs_labels_are_those_of_its_file(labelled: Line, capsys: pytest.CaptureFixture[str]) -> None:
    labelled.step("activity", "mm", 1)
    told = (
        "corpora.mm: songs without published labels: 1 of 4, theirs are computed; no <song>_ACTIVATION_CONF.lab below"
    )
    assert told in capsys.readouterr().err
    activity = SongArrays(labelled.results / "mm/activity")
    files = label_files("mm", labelled.params.corpora["mm"])
    assert len(files) == 3
    for song, path in files.items():
        published = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:].T
        rows = activity.index[activity.index["song"] == song]
        found = activity.load(song)[: len(rows)]
        assert found.shape[1] == round(SECONDS * 44100) // 1024 + 1
        every_other = found[:, ::2]
        np.testing.assert_allclose(every_other, published[:, : every_other.shape[1]], atol=1e-6)
        assert set(rows["labels"]) == {"published"}
        for _, row in rows.iterrows():
            computed = activity.load(song)[len(rows) + row["row"]] >= 0.5
            active = found[row["row"]] >= 0.5
            assert (
                row["differing_share"] == pytest.approx((active != computed).mean())
                and row["active_frames"] == active.sum()
            )
    shares = activity.index.groupby("song")["differing_share"].max()
    assert (shares[:3] > 0.1).all()  # the labels are of another sound


def test_a_song_without_a_file_has_computed_labels(labelled: Line, tmp_path: Path) -> None:
    labelled.step("activity", "mm", 1)
    there = SongArrays(labelled.results / "mm/activity")
    plain = Line(
        tmp_path,
        make_params(PAPER_SIZE | {"scale": "plain", "corpora": {"mm": PUBLISHED["mm"] | {"labels": "computed"}}}),
    )
    for step in ("recordings", "catalog", "store", "activity"):
        plain.step(step, "mm", 1)
    computed = SongArrays(plain.results / "mm/activity")
    assert set(computed.index["labels"]) == {"computed"} and computed.index["differing_share"].isna().all()
    np.testing.assert_array_equal(there.load("Artist3_Song3"), computed.load("Artist3_Song3"))
    rows = there.index[there.index["song"] == "Artist3_Song3"]
    assert set(rows["labels"]) == {"computed"} and rows["differing_share"].isna().all()
    stems = len(computed.load("Artist0_Song0"))
    np.testing.assert_array_equal(there.load("Artist0_Song0")[stems:], computed.load("Artist0_Song0"))


def test_labels_of_mixtures_are_the_published_ones(labelled: Line) -> None:
    labelled.step("activity", "mm", 1)
    mixer = labelled.mixer("mm")
    values = mixer.activity.load("Artist0_Song0")
    recipe = Recipe("song", round(SECONDS * 44100), (Excerpt("Artist0_Song0", 0, 0, 1.0, "target"),))
    np.testing.assert_array_equal(mixer.labels(recipe), values[0] >= 0.5)
    assert (mixer.labels(recipe) != (values[len(values) // 2] >= 0.5)).mean() > 0.1


def array_files(line: Line) -> dict[str, str]:
    index = read_table(line.results / "mm/activity/index.parquet")
    return dict(zip(index["song"], index["file"], strict=True))


def test_another_label_file_makes_another_array(labelled: Line) -> None:
    labelled.step("activity", "mm", 1)
    before = array_files(labelled)
    path = labelled.folder / "recordings/mm/annotations" / f"Artist0_Song0{LABELS}"
    path.write_text(path.read_text().replace(",0.9", ",0.4"))
    labelled.step("activity", "mm", 1)
    after = array_files(labelled)
    assert [song for song in before if before[song] != after[song]] == ["Artist0_Song0"]


def test_the_report_tells_where_labels_come_from(labelled: Line) -> None:
    labelled.step("activity", "mm", 1)
    index = read_table(labelled.results / "mm/activity/index.parquet")
    shares = index.loc[index["labels"] == "published", "differing_share"]
    (told,) = label_sources(labelled.params, labelled.results, ["musdb", "mm"])
    assert told["title"] == "stand-in in MedleyDB's layout" and told["songs"] == 4 and told["published"] == 3
    assert told["stems"] == len(shares) == 11
    assert [told["least"], told["median"], told["most"]] == pytest.approx([shares.min(), shares.median(), shares.max()])
    template = environment().from_string("{% from 'macros.html.j2' import scroll %}{% include 'labels.html.j2' %}")
    page = template.render(label_sources=[told])
    assert f'<td class="n">{100 * shares.median():.1f}</td>' in page
    nothing = told | dict.fromkeys(("median", "least", "most"), float("nan"))
    assert template.render(label_sources=[nothing]).count('<td class="n">–</td>') == 3
    assert "<table" not in template.render(label_sources=[])


def test_stages_depend_on_label_folders() -> None:
    line = Stages(make_params({"corpora": {"mm": {"labels": "published", "label_folders": ["own/labels"]}}}))
    stages = {stage.name: stage for stage in line.stages()}
    assert {"own/labels", "recordings/mm"} <= set(stages["activity@mm"].deps)
    assert {"corpora.mm.labels", "corpora.mm.label_folders"} <= set(stages["activity@mm"].keys)
    assert "own/labels" not in stages["activity@musdb"].deps
    assert "results/smoke/mm/activity" in stages["report"].deps
    computed = {stage.name: stage for stage in Stages(make_params()).stages()}
    assert "recordings/mm" not in computed["activity@mm"].deps
    assert "results/smoke/mm/activity" not in computed["report"].deps


def test_a_file_that_lacks_a_stem_stops_the_step(labelled: Line) -> None:
    path = put(labelled.folder / f"recordings/mm/annotations/Artist0_Song0{LABELS}", *lines_of(70, "S01", "S02"))
    with pytest.raises(UserError, match="no column S03, S04 in 'time,S01,S02'") as raised:
        labelled.step("activity", "mm", 1)
    assert str(path.relative_to(labelled.folder)) in str(raised.value)
    assert not (labelled.results / "mm/activity/index.parquet").exists()
