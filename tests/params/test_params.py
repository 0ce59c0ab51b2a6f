"""Every wrong parameter is one sentence with the key's path, the value, what is allowed and a near match."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.papers import loading
from reprosep.papers.system import SourcesSystem
from reprosep.params.files import merged
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from synthetic import make_params, own_corpus, params_content

SCALES = sorted((repository() / "workflow" / "scales").glob("*.yaml"))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The parameters with one value changed; `path` with dots."""
    change: Any = value
    for key in reversed(path.split(".")):
        change = {key: change}
    return params_content(change)


def sentence(content: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        parse(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("path", SCALES, ids=lambda path: path.stem)
def test_every_scale_is_valid(path: Path) -> None:
    params = parse(merged([repository() / "params.yaml", path]))
    assert params.scale == path.stem
    assert parse(dump(params)) == params
    assert parse(yaml.safe_load(yaml.safe_dump(dump(params), sort_keys=False))) == params


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("trainin", "training"),
        ("seed_", "seed"),
        ("training.epoch", "epochs"),
        ("training.optimizer.learning-rate", "learning_rate"),
        ("models.openunmix", "open-unmix"),
        ("models.open-unmix.hiden", "hidden"),
        ("corpora.musdb.root", "roots"),
        ("scoring.ibm.nfft", "n_fft"),
        ("training.plateau.patiance", "patience"),
        ("report.song", "songs"),
    ],
)
def test_unknown_keys_at_every_level(path: str, near: str) -> None:
    told = sentence(changed(path, 1))
    assert told.startswith(f"params: unknown key '{path}' (did you mean '{near}'?); allowed here: ")


def test_unknown_key_in_a_stand_in() -> None:
    content = read_yaml(repository() / "params.yaml")
    content["corpora"]["musdb"]["standin"]["length"] = 3
    assert sentence(content).startswith("params: unknown key 'corpora.musdb.standin.length'")


def test_a_misspelt_key_is_named_rather_than_the_missing_one() -> None:
    content = params_content()
    content["stft"]["hops"] = content["stft"].pop("hop")
    assert "unknown key 'stft.hops' (did you mean 'hop'?)" in sentence(content)


@pytest.mark.parametrize("path", ["seed", "stft", "training.epochs", "corpora.mm.kind", "models.open-unmix.hidden"])
def test_missing_keys(path: str) -> None:
    content = params_content()
    place = content
    *parents, last = path.split(".")
    for key in parents:
        place = place[key]
    del place[last]
    assert sentence(content) == f"params: key '{path}' is missing; copy it from params.yaml"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("training.epochs", "many", "valid integer"),
        ("training.epochs", 1.5, "valid integer"),
        ("training.epochs", None, "valid integer"),
        ("training.optimizer", 3, "valid dictionary"),
        ("seeds", 42, "valid list"),
        ("corpora.mm.roots", "here", "valid list"),
        ("stft.bandwidth", "high", "valid number"),
        ("papers", [1], "valid string"),
        ("corpora.mm", None, "valid dictionary"),
    ],
)
def test_wrong_types(path: str, value: Any, words: str) -> None:
    told = sentence(changed(path, value))
    assert told.startswith(f"params: {path}")
    assert f"found {value[0] if isinstance(value, list) else value!r}" in told
    assert words in told


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("training.epochs", 0, "greater than 0"),
        ("training.optimizer.learning_rate", 0, "greater than 0"),
        ("training.optimizer.learning_rate", 1.0, "less than 1"),
        ("training.gpu", -1, "greater than or equal to 0"),
        ("machine.checkpoint_minutes", 0, "greater than 0"),
        ("machine.recordings_gigabytes", -1, "greater than or equal to 0"),
        ("audio.sample_rate", 4000, "greater than or equal to 8000"),
        ("corpora.mm.valid_fraction", 1.0, "less than 1"),
        ("corpora.mm.valid_fraction", -0.1, "greater than or equal to 0"),
        ("activity.threshold", 1.5, "less than 1"),
        ("models.open-unmix.hidden", 33, "multiple of 2"),
        ("statistics.bootstrap", 5, "greater than or equal to 100"),
        ("seeds", [], "at least 1 item"),
        ("corpora.mm.targets", [], "at least 1 item"),
        ("stft.bandwidth", float("nan"), ""),
        ("activity.slope", float("inf"), "finite number"),
        ("mixing.gain", [0.25, -1], "greater than 0"),
        ("scale", "My Scale", "match pattern"),
    ],
)
def test_values_out_of_range(path: str, value: Any, words: str) -> None:
    told = sentence(changed(path, value))
    assert told.startswith(f"params: {path}")
    assert "found" in told
    assert words in told


@pytest.mark.parametrize(
    ("path", "value", "near"),
    [
        ("training.schedule", "plateu", "plateau"),
        ("training.precision", "float16", "bfloat16"),
        ("corpora.mm.kind", "medleyDB", "medleydb"),
        ("corpora.mm.mixing", "track", "tracks"),
        ("audio.silent_stems", "refused", "refuse"),
    ],
)
def test_unknown_choices_have_a_near_match(path: str, value: str, near: str) -> None:
    told = sentence(changed(path, value))
    assert told.startswith(f"params: {path}: found '{value}', but ")
    assert told.endswith(f"(did you mean '{near}'?)")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("corpora.musdb.targets", ["vocal"], ["unknown target 'vocal'", "'vocals'?", "allowed: vocals, bass"]),
        ("corpora.mm.targets", ["other"], ["corpora.mm.targets", "unknown target 'other'", "acoustic-guitar"]),
        ("corpora.mm.targets", ["bass", "bass"], ["corpora.mm.targets", "'bass' twice"]),
        ("seeds", [1, 1], ["seeds", "1 twice"]),
        ("papers", ["iass", "iass"], ["papers", "'iass' twice"]),
        ("activity.window", 1024, ["activity.window: 1024", "stft.n_fft (512)"]),
        ("stft.hop", 200, ["stft.hop: 200", "divide half of activity.window (256)"]),
        ("stft.hop", 512, ["stft.hop: 512"]),
        ("mixing.gain", [1.25, 0.25], ["mixing.gain", "[lowest, highest]"]),
        ("mixing.accompaniments", [5, 1], ["mixing.accompaniments", "[fewest, most]"]),
        ("separation.median_frames", 20, ["separation.median_frames: 20", "odd"]),
        ("training.chunk_seconds", 0.01, ["training.chunk_seconds: 0.01", "shorter than one STFT frame"]),
        ("training.gpu", 3, ["training.batch_size: 4", "cannot be shared evenly by training.gpu: 3"]),
        ("corpora.own", own_corpus(files={}), ["corpora.own.files", "at least one class"]),
        ("corpora.own", own_corpus(targets=["drum"]), ["corpora.own.targets", "did you mean 'drums'?"]),
    ],
)
def test_values_that_do_not_fit_each_other(path: str, value: Any, words: list[str]) -> None:
    told = sentence(changed(path, value))
    for word in words:
        assert word in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "medleydb"}, "standin.layout: 'musdb' must equal kind ('medleydb')"),
        ({"standin": {"songs": {"all": 3}}}, "standin.songs"),
        ({"roots": ["a", "b"]}, "must be one folder for a stand-in"),
    ],
)
def test_stand_ins_that_do_not_fit(change: dict[str, Any], words: str) -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"corpora": {"musdb": change}})
    assert words in sentence(content)


def test_a_corpus_name_that_no_file_system_takes() -> None:
    assert "should match pattern" in sentence(changed("corpora.My corpus", own_corpus()))


def test_merging_goes_key_by_key() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}, "d": {"e": 5}}) == {
        "a": {"b": 4, "c": 2},
        "d": {"e": 5},
    }


def test_every_network_that_masks_sources_has_its_own_size() -> None:
    models = make_params().models
    sizes = [models.of_sources(name) for name in get_args(SourcesSystem.model_fields["model"].annotation)]
    assert sizes == [models.u_net, models.c_u_net]
    assert all(size.bins and size.align_corners in (True, False) for size in sizes)


def unbounded(schema: Any, where: str = "") -> list[str]:
    """Places of a JSON schema where a number may be as large or as small as it likes."""
    if isinstance(schema, list):
        return [place for one in schema for place in unbounded(one, where)]
    if not isinstance(schema, dict):
        return []
    below = [place for key, one in schema.items() for place in unbounded(one, f"{where}.{key}")]
    limits = [{"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}]
    open_ended = schema.get("type") in ("integer", "number") and any(not limit & set(schema) for limit in limits)
    return [*below, *([where] if open_ended else [])]


def test_every_number_has_bounds() -> None:
    assert unbounded(Params.model_json_schema()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("training.gpu", True),
        ("training.epochs", True),
        ("training.epochs", "3"),
        ("training.epochs", 3.0),
        ("training.compile", True),
        ("seed", 10**17),
        ("seeds", [True]),
        ("scoring.hop_seconds", 1000000),
        ("scoring.hop_seconds", True),
        ("scoring.hop_seconds", "0.5"),
        ("mixing.gain", [True, 2]),
        ("mixing.accompaniments", [1, "5"]),
        ("chunks.silence_filter", 1),
        ("chunks.silence_filter", "true"),
        ("corpora.mm.channels", True),
        ("report.songs", True),
        ("corpora.mm.roots", [1]),
        ("corpora.musdb-mono.settings.training.epochs", True),
        ("corpora.musdb-mono.of", ["musdb"]),
        ("corpora.musdb-mono.of", {"musdb": 1}),
        ("models.u-net.widths", [8, True]),
        ("audio.sample_rate", "16000"),
        ("scale", "x" * 300),
    ],
)
def test_a_value_of_another_type_or_size(path: str, value: Any) -> None:
    told = sentence(changed(path, value))
    assert path.rpartition(".")[2] in told
    assert "found" in told


def test_a_long_value_is_not_printed_whole() -> None:
    assert len(sentence(changed("training.epochs", list(range(100_000))))) < 300


ODD = ([], {}, None, True, -1, 1e300, "x", "", [1], {"a": 1}, [[]], [{}], 10**17, "musdb", ["musdb", "musdb"])


def places(content: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside others."""
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield (*place, key)
        yield from places(content[key], (*place, key))


def put(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """`content` with another value in a place."""
    if not place:
        return value
    made = copy.copy(content)
    made[place[0]] = put(made[place[0]], place[1:], value)
    return made


@pytest.mark.parametrize("rounds", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_any_value_in_any_place_is_taken_or_told(rounds: int) -> None:
    draws, content = random.Random(22), params_content()
    everywhere = list(places(content))
    for _ in range(rounds):
        with contextlib.suppress(UserError):
            parse(put(content, draws.choice(everywhere), draws.choice(ODD)))


@pytest.mark.parametrize("rounds", [100, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["iass", "munet", "slakh", "activity", "beyond"])
def test_any_value_in_any_place_of_a_paper(monkeypatch: pytest.MonkeyPatch, name: str, rounds: int) -> None:
    draws, content = random.Random(22), read_yaml(repository() / f"workflow/papers/{name}.yaml")
    everywhere = list(places(content))
    for _ in range(rounds):
        odd = put(content, draws.choice(everywhere), draws.choice(ODD))
        monkeypatch.setattr(loading, "read_yaml", lambda path, odd=odd: odd)
        with contextlib.suppress(UserError):
            loading.load_paper(name)
