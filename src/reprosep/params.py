"""Typed parameters: the only reader of params.yaml.

Every key is checked before anything runs; what is wrong is one sentence with the key's path, the value found, what is
allowed, and a near match when there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reprosep.errors import UserError, near_match
from reprosep.validation import explain

CorpusName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Split = Literal["train", "valid", "test"]


class Section(BaseModel):
    """A section of params.yaml: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class Standin(Section):
    """How a stand-in corpus is composed and rendered."""

    layout: Literal["musdb", "medleydb", "mixing-secrets", "slakh", "flakh"]
    seed: int
    songs: dict[Literal["train", "valid", "test", "all"], Positive]
    seconds: Annotated[float, Field(ge=4, le=600)]


class Corpus(Section):
    """One corpus: where it is, how it is laid out, how it is split and mixed."""

    of: CorpusName | None = None
    title: str
    kind: Literal["musdb", "medleydb", "slakh", "folder"]
    versions: list[str]
    roots: Annotated[list[str], Field(min_length=1)]
    standin: Standin | None
    channels: Literal[1, 2]
    targets: Annotated[list[CorpusName], Field(min_length=1)]
    mixing: Literal["sources", "tracks"]
    valid_fraction: Fraction
    test_fraction: Fraction
    split: dict[Literal["train", "valid", "test", "ignore"], list[str]]
    split_file: str | None
    accept: list[str]
    files: dict[CorpusName, list[str]]
    settings: dict[Literal["audio", "stft", "activity", "mixing", "chunks", "training"], dict[str, Any]] = {}


class Audio(Section):
    sample_rate: Annotated[int, Field(ge=8000, le=192000)]
    clip_tolerance: Fraction
    silent_stems: Literal["refuse", "accept"]


class Doctor(Section):
    length_tolerance: Annotated[float, Field(ge=0)]
    exact_sum: Annotated[float, Field(lt=0)]
    encoded_sum: Annotated[float, Field(lt=0)]


class Stft(Section):
    n_fft: Annotated[int, Field(ge=64, le=65536)]
    hop: Positive
    bandwidth: Annotated[float, Field(gt=0)]


class Spectra(Section):
    """Average spectra of mixtures, to compare corpora."""

    n_fft: Annotated[int, Field(ge=64, le=65536)]
    overlap: Annotated[float, Field(ge=0, le=0.95)]


class Activity(Section):
    window: Positive
    energy_floor: Annotated[float, Field(ge=0)]
    cutoff: Share
    slope: Annotated[float, Field(gt=0)]
    centre: Share
    threshold: Share


class Mixing(Section):
    gain: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    accompaniments: tuple[Positive, Positive]
    rms: Annotated[float, Field(gt=0, lt=1)]
    min_active_seconds: Annotated[float, Field(ge=0)]


class Chunks(Section):
    """Songs cut into chunks that do not overlap, for networks that estimate the sources of a song together."""

    silent_energy: Annotated[float, Field(ge=0)]
    silence_filter: bool
    validation: Literal["chunk", "song"]
    valid_share: Share


class Clips(Section):
    seconds: Annotated[float, Field(gt=0)]
    step_seconds: Annotated[float, Field(gt=0)]
    presence: float
    loudness: float
    peak: float
    frames: Positive
    small_hours: Annotated[float, Field(gt=0)]
    large_hours: Annotated[float, Field(gt=0)]
    valid: Positive


class Detection(Section):
    """Which instruments play: what activity detectors are told and shown."""

    instruments: Annotated[list[str], Field(min_length=2)]
    clip_seconds: Annotated[float, Field(gt=0, le=60)]
    offsets: Literal["any", "seconds"]
    mels: Positive
    lowest: Annotated[float, Field(ge=0)]
    highest: Annotated[float, Field(gt=0)]
    threshold: Share
    valid_share: Share
    test_share: Share


class Weighting(Section):
    temperature: Annotated[float, Field(gt=0)]
    batch_reference: Literal["fixed", "largest"]


class IassSize(Section):
    width: Positive
    output_mean: float


class OpenUnmixSize(Section):
    hidden: Annotated[int, Field(gt=0, multiple_of=2)]
    layers: Positive
    output_mean: float


class UNetSize(Section):
    widths: Annotated[list[Positive], Field(min_length=2)]
    bins: Positive
    align_corners: bool
    dropout: Fraction
    initial_mask: float | None


class CUNetSize(UNetSize):
    hidden: Annotated[list[Positive], Field(min_length=3, max_length=3)]
    conditions: Literal["code", "paper"]


class BlstmSize(Section):
    hidden: Positive
    layers: Positive
    dropout: Fraction
    normalise: bool
    window: Literal["sqrt-hann", "hann"]


class FcSize(Section):
    hidden: Annotated[list[Positive], Field(min_length=1)]
    dropout: Fraction


class CnnSize(Section):
    widths: Annotated[list[Positive], Field(min_length=1)]
    dropout: Fraction


class CrnnSize(CnnSize):
    hidden: Positive


class Models(Section):
    iass: IassSize
    open_unmix: Annotated[OpenUnmixSize, Field(alias="open-unmix")]
    u_net: Annotated[UNetSize, Field(alias="u-net")]
    c_u_net: Annotated[CUNetSize, Field(alias="c-u-net")]
    blstm: BlstmSize
    fc: FcSize
    cnn: CnnSize
    crnn: CrnnSize

    def of_sources(self, model: str) -> UNetSize | CUNetSize:
        """The size of a network that separates all sources, by the model's name."""
        return self.c_u_net if model == "c-u-net" else self.u_net


class Optimizer(Section):
    kind: Literal["adam", "sgd"]
    momentum: Fraction
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]


class Plateau(Section):
    factor: Share
    patience: Positive
    cooldown: Annotated[int, Field(ge=0)]
    threshold: Annotated[float, Field(ge=0)]
    of: Literal["valid", "train"]


class Training(Section):
    chunk_seconds: Annotated[float, Field(gt=0, le=60)]
    batch_size: Positive
    epochs: Positive
    items_per_epoch: Positive | None
    items_per_song: Positive
    optimizer: Optimizer
    schedule: Literal["one-cycle", "plateau"]
    plateau: Plateau
    early_stopping: Positive
    precision: Literal["auto", "float32", "bfloat16"]
    statistics_items: Positive
    compile: Literal["auto", "always", "never"]
    threads: Positive
    gpu: Annotated[int, Field(ge=0)]


class Machine(Section):
    checkpoint_minutes: Annotated[float, Field(gt=0)]
    trainings_per_gpu: Positive
    side_by_side: bool
    recordings: Literal["auto", "map", "memory", "device"]
    recordings_gigabytes: Annotated[float, Field(ge=0)]


class Separation(Section):
    chunk_frames: Positive
    chunks_at_once: Positive
    threshold: Share
    median_frames: Annotated[int, Field(gt=0)]


class IdealBinaryMask(Section):
    n_fft: Annotated[int, Field(ge=64)]
    theta: Share
    power: Annotated[float, Field(gt=0)]


class IdealRatioMask(Section):
    n_fft: Annotated[int, Field(ge=64)]
    power: Annotated[float, Field(gt=0)]


class WienerMask(Section):
    n_fft: Annotated[int, Field(ge=64)]


MaskSettings = IdealBinaryMask | IdealRatioMask | WienerMask


class Scoring(Section):
    window_seconds: Annotated[float, Field(gt=0)]
    hop_seconds: Annotated[float, Field(gt=0)]
    ibm: IdealBinaryMask
    irm: IdealRatioMask
    wiener: WienerMask
    threads: Positive
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")]
    spot_checks: Annotated[int, Field(ge=0)]
    tolerance: Annotated[float, Field(gt=0)]


class CalibrationChoices(Section):
    accept: list[str]


class Statistics(Section):
    confidence: Share
    bootstrap: Annotated[int, Field(ge=100)]
    alpha: Share


class Report(Section):
    songs: Positive
    seconds: Annotated[float, Field(gt=0)]


class Rendering(Section):
    """How `reprosep render` makes a data set like Slakh from MIDI files."""

    rule: Literal["paper", "code"]
    fewest_notes: Positive
    longest_minutes: Annotated[float, Field(gt=0, le=120)]
    most_tracks: Annotated[int, Field(ge=1, le=128)]
    splits: Literal["leak-free", "paper", "same"]
    shares: dict[Split, Annotated[int, Field(ge=0)]]
    patches: str | None
    other_soundfonts: bool
    sample_rate: Annotated[int, Field(ge=8000, le=192000)]
    tail_seconds: Annotated[float, Field(ge=0, le=60)]
    bass_semitones: Annotated[int, Field(ge=-24, le=24)]
    low_drums: bool
    loudness: Annotated[float, Field(gt=-70, lt=0)]
    peak: Annotated[float, Field(gt=-60, lt=0)]


class Params(Section):
    """All parameters of one scale."""

    scale: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    seed: Annotated[int, Field(ge=0)]
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    papers: Annotated[list[str], Field(min_length=1)]
    corpora: dict[CorpusName, Corpus]
    audio: Audio
    doctor: Doctor
    stft: Stft
    spectra: Spectra
    activity: Activity
    mixing: Mixing
    chunks: Chunks
    clips: Clips
    detection: Detection
    weighting: Weighting
    models: Models
    training: Training
    machine: Machine
    separation: Separation
    scoring: Scoring
    calibration: CalibrationChoices
    statistics: Statistics
    report: Report
    rendering: Rendering

    @model_validator(mode="after")
    def _agree(self) -> Params:
        """What single keys cannot tell: values that must fit each other."""
        problem = _disagreement(self)
        if problem:
            raise ValueError(problem)
        return self

    def of_corpus(self, name: str) -> Params:
        """The parameters with which corpus `name` is computed: those of all corpora with its own settings."""
        settings = self.corpora[name].settings
        if not settings:
            return self
        if name not in self.computed:
            self.computed[name] = _with_settings(self, name, settings)
        return self.computed[name]

    @cached_property
    def computed(self) -> dict[str, Params]:
        """Those that were asked for before: validating them takes long, and values never change."""
        return {}


_SAMPLES_APART = 2  # by which a label's window may be longer than that of a frame: 1024 beside the 1022 of M-U-Net


def _with_settings(params: Params, name: str, settings: dict[Any, dict[str, Any]]) -> Params:
    content = merge(dump(params), dict(settings))
    content["corpora"][name]["settings"] = {}
    return Params.model_validate(content)


def _disagreement(params: Params) -> str | None:
    """The first pair of values that do not fit each other, as a sentence; None when all do."""
    stft, mixing = params.stft, params.mixing
    window = params.activity.window
    if abs(window - stft.n_fft) > _SAMPLES_APART:
        return f"activity.window: {window} must equal stft.n_fft ({stft.n_fft}) to align labels"
    if window % (2 * stft.hop):
        return f"stft.hop: {stft.hop} must divide half of activity.window ({window // 2}), or labels and frames drift"
    if mixing.gain[0] > mixing.gain[1]:
        return f"mixing.gain: {list(mixing.gain)} must be [lowest, highest]"
    if mixing.accompaniments[0] > mixing.accompaniments[1]:
        return f"mixing.accompaniments: {list(mixing.accompaniments)} must be [fewest, most]"
    if params.separation.median_frames % 2 == 0:
        return f"separation.median_frames: {params.separation.median_frames} must be odd"
    if params.training.chunk_seconds * params.audio.sample_rate < stft.n_fft:
        return f"training.chunk_seconds: {params.training.chunk_seconds} is shorter than one STFT frame"
    if params.training.batch_size % max(params.training.gpu, 1):
        return (
            f"training.batch_size: {params.training.batch_size} items cannot be shared evenly by training.gpu: "
            f"{params.training.gpu}; make it a multiple of the devices"
        )
    if params.machine.side_by_side and params.training.gpu > 1:
        return (
            f"machine.side_by_side: trainings share one GPU, but training.gpu is {params.training.gpu}; "
            "set the one to false or the other to 1"
        )
    if not sum(params.rendering.shares.values()):
        return f"rendering.shares: {params.rendering.shares} leave no songs; give at least one split a share"
    for key in ("seeds", "papers"):
        if problem := _repetition(getattr(params, key)):
            return f"{key}: {problem}"
    if problem := _repetition(params.detection.instruments):
        return f"detection.instruments: {problem}"
    if params.detection.lowest >= params.detection.highest:
        return f"detection.lowest: {params.detection.lowest} must be below detection.highest"
    if params.detection.clip_seconds not in [1 / clips for clips in range(1, 11)]:
        return f"detection.clip_seconds: {params.detection.clip_seconds} must divide a second: 1.0, 0.5, 0.25, …, 0.1"
    if params.detection.test_share + params.detection.valid_share >= 1:
        return "detection.test_share: with detection.valid_share it leaves no songs to train on"
    for name, corpus in params.corpora.items():
        problem = _corpus_disagreement(corpus)
        if problem:
            return f"corpora.{name}.{problem}"
    return None


def _repetition(values: Sequence[object]) -> str | None:
    twice = [value for number, value in enumerate(values) if value in values[:number]]
    return f"{list(values)} names {twice[0]!r} twice; name it once" if twice else None


_KIND_OF_LAYOUT = {
    "musdb": "musdb",
    "medleydb": "medleydb",
    "mixing-secrets": "medleydb",
    "slakh": "slakh",
    "flakh": "slakh",
}
_SPLITS_OF_KIND = {"musdb": {"train", "test"}, "medleydb": {"all"}, "slakh": {"train", "valid", "test"}}


def _corpus_disagreement(corpus: Corpus) -> str | None:
    if corpus.standin and _KIND_OF_LAYOUT[corpus.standin.layout] != corpus.kind:
        return f"standin.layout: '{corpus.standin.layout}' must equal kind ('{corpus.kind}')"
    if corpus.standin and set(corpus.standin.songs) != _SPLITS_OF_KIND[corpus.kind]:
        wanted = ", ".join(sorted(_SPLITS_OF_KIND[corpus.kind]))
        return f"standin.songs: {sorted(corpus.standin.songs)} must be [{wanted}] for kind '{corpus.kind}'"
    if corpus.standin and len(corpus.roots) != 1:
        return f"roots: {corpus.roots} must be one folder for a stand-in"
    if corpus.kind == "folder" and not corpus.files:
        return (
            "files: empty, but kind 'folder' needs at least one class with file-name patterns, e.g. vocals: ['*vox*']"
        )
    if problem := _repetition(corpus.targets):
        return f"targets: {problem}"
    # A view may be of a corpus that was exchanged for another: its catalog tells what is missing when it is used.
    if corpus.of:
        return None
    known = known_targets(corpus)
    for target in corpus.targets:
        if target not in known:
            return f"targets: unknown target '{target}'{near_match(target, known)}; allowed: {', '.join(known)}"
    return None


def known_targets(corpus: Corpus) -> list[str]:
    """The targets that a corpus of this kind can have."""
    if corpus.kind == "musdb":
        return ["vocals", "bass", "drums", "other"]
    if corpus.kind == "slakh":
        return ["piano", "guitar", "bass", "drums"]
    if corpus.kind == "folder":
        return sorted(corpus.files)
    return sorted(instrument_classes())


def repository() -> Path:
    """The project's folder: the nearest one above this file, or above the working directory, with workflow/ in it."""
    for start in (Path(__file__).resolve(), Path.cwd() / "x"):
        for folder in start.parents:
            if (folder / "workflow" / "instruments.yaml").is_file():
                return folder
    raise UserError("workflow/instruments.yaml: not found; run reprosep inside a clone of the project")


def instrument_classes() -> dict[str, list[str]]:
    """Class -> instrument labels of the MedleyDB taxonomy, from workflow/instruments.yaml."""
    table = read_yaml(repository() / "workflow" / "instruments.yaml")
    return {str(name): [str(label) for label in labels] for name, labels in table["classes"].items()}


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML mapping; :class:`UserError` when the file is missing, broken, or not a mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; give the path of a YAML file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path}: cannot be read ({reason}); give the path of a YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not readable as YAML ({reason}); mend that line") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: found {type(content).__name__}, expected a mapping of keys to values")
    return content


def load(path: str | Path) -> Params:
    """Parameters from a YAML file of resolved values."""
    return parse(read_yaml(path))


def parse(content: dict[str, Any]) -> Params:
    """Validated parameters from a mapping; :class:`UserError` names the first key that is wrong."""
    try:
        params = Params.model_validate(_inherited(content))
    except ValidationError as error:
        raise UserError(f"params: {explain(error, Params, 'params.yaml')}") from error
    for name in params.corpora:
        try:
            params.of_corpus(name)
        except ValidationError as error:
            raise UserError(f"params: corpora.{name}.settings: {explain(error, Params, 'params.yaml')}") from error
    return params


def _inherited(content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the keys that a corpus takes from another (`of`) written out.

    Raises
    ------
    UserError
        When the other corpus does not exist, or takes its own from a third.
    """
    corpora = content.get("corpora")
    if not isinstance(corpora, dict):
        return content
    found = dict(corpora)
    for name, corpus in corpora.items():
        if not (isinstance(corpus, dict) and corpus.get("of")):
            continue
        source = corpora.get(corpus["of"])
        if corpus["of"] in corpora and not isinstance(source, dict):
            continue  # told of that corpus itself, by the check of types
        if not isinstance(source, dict):
            raise UserError(
                f"params: corpora.{name}.of: unknown corpus '{corpus['of']}'{near_match(str(corpus['of']), corpora)}; "
                f"allowed: {', '.join(other for other in corpora if other != name)}"
            )
        if source.get("of"):
            raise UserError(
                f"params: corpora.{name}.of: '{corpus['of']}' is itself a view of '{source['of']}'; name that one"
            )
        found[name] = merge({key: value for key, value in source.items() if key != "settings"}, corpus)
    return {**content, "corpora": found}


def recordings_of(params: Params, name: str) -> str:
    """The corpus whose recordings and catalog corpus `name` has: another where all that they depend on is the same."""
    source = params.corpora[name].of
    if source is None:
        return name
    own, other = params.corpora[name], params.corpora[source]
    return source if all(getattr(own, key) == getattr(other, key) for key in _OF_CATALOG) else name


_OF_CATALOG = (
    "kind",
    "roots",
    "versions",
    "standin",
    "split",
    "split_file",
    "files",
    "accept",
    "valid_fraction",
    "test_fraction",
)


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `change` replaced, mappings merged key by key."""
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def dump(params: Params) -> dict[str, Any]:
    """Parameters as plain values with the names of params.yaml."""
    return params.model_dump(mode="json", by_alias=True)
