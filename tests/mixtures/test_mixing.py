"""Recipes are a function of (seed, index); what they render is the plain sum of what they name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.mixtures.mixing import Excerpt, Recipe, recipes_of
from reprosep.params.scale import merge
from scores import score_frames
from synthetic import RATE, write_wave

Make = Callable[..., Line]
ITEMS = range(200)


def drawn(line: Line, corpus: str, target: str, seed: int = 42) -> list[Recipe]:
    mixer = line.mixer(corpus)
    pool = mixer.training_pool(target)
    return [mixer.training_recipe(pool, seed, index) for index in ITEMS]


def stem_of(line: Line, corpus: str, excerpt: Excerpt) -> pd.Series:
    catalog = read_table(line.results / corpus / "catalog.parquet")
    return catalog[catalog["song"] == excerpt.song].iloc[excerpt.row]


# ---- drawing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("corpus", "target"), [("musdb", "drums"), ("mm", "vocals")])
def test_recipes_are_a_function_of_seed_and_index(prepared: Line, corpus: str, target: str) -> None:
    first, again = drawn(prepared, corpus, target), drawn(prepared, corpus, target)
    assert first == again
    assert len({recipe.excerpts for recipe in first}) == len(ITEMS)
    assert all(a.excerpts != b.excerpts for a, b in zip(first, drawn(prepared, corpus, target, 43), strict=True))


def test_a_recipe_does_not_depend_on_those_before_it(prepared: Line) -> None:
    mixer = prepared.mixer("mm")
    pool = mixer.training_pool("vocals")
    assert mixer.training_recipe(pool, 42, 150) == drawn(prepared, "mm", "vocals")[150]


def test_a_fresh_process_draws_the_same(prepared: Line) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from conftest import CHANGE, Line; from synthetic import make_params\n"
        "mixer = Line(Path(sys.argv[1]), make_params(CHANGE)).mixer('mm')\n"
        "pool = mixer.training_pool('vocals')\n"
        "print([mixer.training_recipe(pool, 42, i) for i in range(5)])\n"
    )
    here = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", code, str(prepared.folder), here]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(drawn(prepared, "mm", "vocals")[:5])


@pytest.mark.parametrize(("corpus", "target"), [("musdb", "drums"), ("mm", "vocals")])
def test_gains_and_starts(prepared: Line, corpus: str, target: str) -> None:
    mixer, hop = prepared.mixer(corpus), prepared.params.stft.hop
    rms = mixer.store.index.set_index(["song", "row"])["rms"]
    gains = []
    for recipe in drawn(prepared, corpus, target):
        assert recipe.length == round(prepared.params.training.chunk_seconds * prepared.params.audio.sample_rate)
        for excerpt in recipe.excerpts:
            assert excerpt.start % hop == 0
            assert 0 <= excerpt.start <= mixer.store.load(excerpt.song).shape[1] - recipe.length
            level = prepared.params.mixing.rms / rms[excerpt.song, excerpt.row] if corpus == "mm" else 1.0
            gains.append(excerpt.gain / level)
    assert 0.25 <= min(gains) < 0.27
    assert 1.23 < max(gains) <= 1.25


def test_starts_reach_both_ends(prepared: Line) -> None:
    starts = {excerpt.start for recipe in drawn(prepared, "musdb", "drums") for excerpt in recipe.excerpts}
    assert min(starts) == 0
    assert max(starts) == (6 * 8000 - 8000) // 256 * 256


def test_sources_way_draws_one_song_per_class(prepared: Line) -> None:
    for recipe in drawn(prepared, "musdb", "drums"):
        kinds = [(stem_of(prepared, "musdb", excerpt)["target"], excerpt.role) for excerpt in recipe.excerpts]
        assert sorted(kinds) == [
            ("bass", "accompaniment"),
            ("drums", "target"),
            ("other", "accompaniment"),
            ("vocals", "accompaniment"),
        ]


def test_sources_way_mixes_songs(prepared: Line) -> None:
    songs = [len({excerpt.song for excerpt in recipe.excerpts}) for recipe in drawn(prepared, "musdb", "drums")]
    assert max(songs) > 1


def test_several_stems_of_a_class_and_song_come_together_in_the_sources_way(line: Make) -> None:
    songs = {"train": ["Artist0_Song0", "Artist1_Song1"], "test": ["Artist4_Song4", "Artist3_Song3"]}
    mixed = line("mm", change=merge(CHANGE, {"corpora": {"mm": {"mixing": "sources", "split": songs}}}))
    mixed.prepare("mm")
    mixer = mixed.mixer("mm")
    pool = mixer.training_pool("vocals")
    sizes = {len(stems) for stems in pool.by_class["vocals"]}
    assert sizes == {1, 2}
    for index in ITEMS:
        recipe = mixer.training_recipe(pool, 1, index)
        targets = [excerpt for excerpt in recipe.excerpts if excerpt.role == "target"]
        assert len({(excerpt.song, excerpt.start) for excerpt in targets}) == 1


def test_accompaniment_never_holds_the_target(prepared: Line) -> None:
    counts = []
    for recipe in drawn(prepared, "mm", "vocals"):
        others = [excerpt for excerpt in recipe.excerpts if excerpt.role == "accompaniment"]
        assert [stem_of(prepared, "mm", e)["target"] for e in recipe.excerpts if e.role == "target"] == ["vocals"]
        assert "vocals" not in {stem_of(prepared, "mm", excerpt)["target"] for excerpt in others}
        assert len({(excerpt.song, excerpt.row) for excerpt in others}) == len(others)
        counts.append(len(others))
    assert set(counts) == {1, 2, 3, 4, 5}


def test_stems_of_unknown_content_are_never_drawn(line: Make) -> None:
    mixed = line("mm")
    for path in Path("recordings/mm").rglob("*_METADATA.yaml"):
        path.write_text(path.read_text().replace("violin", "Unlabeled"))
    mixed.prepare("mm")
    catalog = read_table(mixed.results / "mm" / "catalog.parquet")
    assert (catalog["target"] == "mixed").sum() == 4
    for recipe in drawn(mixed, "mm", "vocals"):
        assert "mixed" not in {stem_of(mixed, "mm", excerpt)["target"] for excerpt in recipe.excerpts}


@pytest.mark.parametrize(("corpus", "target"), [("musdb", "drums"), ("mm", "vocals")])
def test_only_training_songs_are_drawn(prepared: Line, corpus: str, target: str) -> None:
    catalog = read_table(prepared.results / corpus / "catalog.parquet")
    training = set(catalog.loc[catalog["split"] == "train", "song"])
    songs = {excerpt.song for recipe in drawn(prepared, corpus, target) for excerpt in recipe.excerpts}
    assert songs == training


def test_target_without_training_stem_is_told(prepared: Line) -> None:
    with pytest.raises(UserError, match="no audible training stem of 'theremin'"):
        prepared.mixer("mm").training_pool("theremin")


# ---- sound -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("corpus", "target"), [("musdb", "drums"), ("mm", "vocals"), ("own", "vocals")])
def test_render_is_the_plain_sum(prepared: Line, corpus: str, target: str) -> None:
    mixer = prepared.mixer(corpus)
    for recipe in drawn(prepared, corpus, target)[:30]:
        parts = {"target": 0.0, "accompaniment": 0.0}
        for excerpt in recipe.excerpts:
            stem = mixer.store.load(excerpt.song)[excerpt.row].astype(float) / 32768
            parts[excerpt.role] += excerpt.gain * stem[excerpt.start : excerpt.start + recipe.length].T
        found_target, found_mixture = mixer.render(recipe)
        np.testing.assert_allclose(found_target, parts["target"], atol=1e-6)
        np.testing.assert_allclose(found_mixture, parts["target"] + parts["accompaniment"], atol=1e-6)


def test_channels_are_swapped_where_the_recipe_says(prepared: Line) -> None:
    mixer = prepared.mixer("musdb")
    recipes = drawn(prepared, "musdb", "drums")
    swapped = [next(e for e in recipe.excerpts if e.role == "target").swap for recipe in recipes]
    assert 60 < sum(swapped) < 140
    for recipe, swap in list(zip(recipes, swapped, strict=True))[:20]:
        plain, other = mixer.render(recipe)[0], mixer.render(recipe, swap_channels=True)[0]
        np.testing.assert_array_equal(other, plain[::-1] if swap else plain)


def test_stems_have_equal_rms_before_the_gain(prepared: Line) -> None:
    mixer = prepared.mixer("mm")
    for target in ("vocals", "bass"):
        for recipe in recipes_of(mixer.mixtures(target), target, "test"):
            for excerpt in recipe.excerpts:
                stem = mixer.store.load(excerpt.song)[excerpt.row].astype(float) / 32768 * excerpt.gain
                assert np.sqrt(np.mean(stem**2)) == pytest.approx(prepared.params.mixing.rms, rel=1e-5)


@pytest.mark.parametrize("stems", [2, 3, 5])
def test_input_sdr_of_equal_stems(stems: int) -> None:
    """N independent stems of equal RMS: the unprocessed mixture scores -10 log10(N - 1) dB."""
    random = np.random.default_rng(stems)
    sound = 0.04 * random.normal(size=(stems, 8 * 8000, 1))
    mixture = sound.sum(axis=0)
    scores = score_frames(sound[0], mixture - sound[0], mixture, 8000, 8000)
    assert np.median(scores["SDR"]) == pytest.approx(-10 * np.log10(stems - 1), abs=0.3)


# ---- whole songs -------------------------------------------------------------------------------------------------


def test_mixtures_come_back_from_their_table(prepared: Line) -> None:
    mixer = prepared.mixer("mm")
    catalog = read_table(prepared.results / "mm" / "catalog.parquet")
    for target in ("vocals", "bass"):
        stored = read_table(prepared.results / "mm" / "mixtures" / f"{target}.parquet")
        for split in ("valid", "test"):
            recipes = recipes_of(stored, target, split)
            assert recipes == [mixer.song_recipe(recipe.name, target) for recipe in recipes]
            songs = catalog[(catalog["split"] == split) & (catalog["target"] == target)]["song"]
            assert [recipe.name for recipe in recipes] == list(dict.fromkeys(songs))


def test_a_song_is_all_of_its_stems(prepared: Line) -> None:
    catalog = read_table(prepared.results / "mm" / "catalog.parquet")
    for recipe in recipes_of(read_table(prepared.results / "mm" / "mixtures" / "vocals.parquet"), "vocals", "test"):
        stems = catalog[catalog["song"] == recipe.name]
        roles = ["target" if name == "vocals" else "accompaniment" for name in stems["target"]]
        assert [excerpt.role for excerpt in recipe.excerpts] == roles
        assert {excerpt.start for excerpt in recipe.excerpts} == {0}


def test_songs_with_too_little_activity_are_left_out(line: Make) -> None:
    made = line("mm")
    made.step("catalog", "mm", 1)
    catalog = read_table(made.results / "mm" / "catalog.parquet")
    vocals = catalog[(catalog["split"] == "test") & (catalog["target"] == "vocals")]
    short = vocals.iloc[0]["song"]
    for number, path in enumerate(vocals[vocals["song"] == short]["path"], start=1):
        samples = np.zeros((6 * RATE, 1))
        samples[:4000] = 0.2 * np.sin(number * np.arange(4000))[:, None]
        write_wave(Path(path), samples)
    made.prepare("mm")
    mixtures = read_table(made.results / "mm" / "mixtures" / "vocals.parquet")
    tested = mixtures[(mixtures["split"] == "test") & (mixtures["target"] == "vocals")]["mixture"]
    assert short not in set(tested)
    assert set(tested) == set(vocals["song"]) - {short}


def test_target_without_validation_song_gets_training_songs(line: Make) -> None:
    made = line("mm", change=merge(CHANGE, {"corpora": {"mm": {"valid_fraction": 0.0}}}))
    made.prepare("mm")
    catalog = read_table(made.results / "mm" / "catalog.parquet")
    mixtures = read_table(made.results / "mm" / "mixtures" / "vocals.parquet")
    validated = set(mixtures[mixtures["split"] == "valid"]["mixture"])
    assert validated <= set(catalog[catalog["split"] == "train"]["song"])


def test_no_artist_is_in_two_splits(prepared: Line) -> None:
    catalog = read_table(prepared.results / "mm" / "catalog.parquet")
    assert catalog.groupby("artist")["split"].nunique().max() == 1
    assert set(catalog["split"]) == {"train", "valid", "test"}


def test_song_labels_say_whether_any_target_stem_is_active(prepared: Line) -> None:
    mixer = prepared.mixer("mm")
    song = next(s for s, g in mixer.stems[mixer.stems["target"] == "vocals"].groupby("song") if len(g) == 2)
    rows = list(mixer.stems[(mixer.stems["song"] == song) & (mixer.stems["target"] == "vocals")]["row"])
    expected = (mixer.activity.load(song)[rows] >= 0.5).any(axis=0)
    np.testing.assert_array_equal(mixer.labels(mixer.song_recipe(song, "vocals")), expected)
