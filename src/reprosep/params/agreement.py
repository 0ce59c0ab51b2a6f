"""Whether values that are right by themselves fit each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprosep.base.errors import near_match
from reprosep.params.data import Corpus
from reprosep.params.instruments import class_tables, further_classes, instrument_classes

if TYPE_CHECKING:
    from reprosep.params.scale import Params

_SAMPLES_APART = 2  # by which a label's window may be longer than that of a frame: 1024 beside the 1022 of M-U-Net
_KIND_OF_LAYOUT = {
    "musdb": "musdb",
    "medleydb": "medleydb",
    "mixing-secrets": "medleydb",
    "slakh": "slakh",
    "flakh": "slakh",
}
_SPLITS_OF_KIND = {"musdb": {"train", "test"}, "medleydb": {"all"}, "slakh": {"train", "valid", "test"}}


def disagreement(params: Params) -> str | None:
    """The first pair of values that do not fit each other, as a sentence; None when all do."""
    stft, mixing = params.stft, params.mixing
    window = params.activity.window
    if abs(window - stft.n_fft) > _SAMPLES_APART:
        return f"activity.window: {window} must equal stft.n_fft ({stft.n_fft}) to align labels"
    if window % (2 * stft.hop):
        return f"stft.hop: {stft.hop} must divide half of activity.window ({window // 2}), or labels and frames drift"
    if params.pitch.lowest > params.pitch.highest:
        return f"pitch.lowest: {params.pitch.lowest} must not be above pitch.highest ({params.pitch.highest})"
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
    if not params.corpora:
        return "corpora: every one is left out, so nothing can be computed; set left_out of one to null"
    for name, corpus in params.every_corpus.items():
        problem = _corpus_disagreement(corpus)
        if problem:
            return f"corpora.{name}.{problem}"
    return None


def _repetition(values: Sequence[object]) -> str | None:
    twice = [value for number, value in enumerate(values) if value in values[:number]]
    return f"{list(values)} names {twice[0]!r} twice; name it once" if twice else None


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
    if corpus.labels == "published" and corpus.kind != "medleydb":
        return (
            f"labels: 'published' needs kind 'medleydb', whose stems the label files name, not '{corpus.kind}'; "
            "set labels: computed"
        )
    if corpus.label_folders and corpus.labels == "computed":
        return f"label_folders: {corpus.label_folders}, but labels are computed; take them out or set labels: published"
    if problem := _notes_disagreement(corpus):
        return problem
    if problem := _repetition(corpus.targets):
        return f"targets: {problem}"
    if problem := _class_disagreement(corpus):
        return f"classes: {problem}"
    # A view may be of a corpus that was exchanged for another: its catalog tells what is missing when it is used.
    if corpus.of:
        return None
    known = known_targets(corpus)
    for target in corpus.targets:
        if target not in known:
            return f"targets: unknown target '{target}'{near_match(target, known)}; allowed: {', '.join(known)}"
    return None


def _notes_disagreement(corpus: Corpus) -> str | None:
    """Whether the notes of a corpus can be where it says that they are."""
    if corpus.notes == "published" and corpus.kind != "medleydb" and not corpus.of:
        return (
            f"notes: 'published' needs kind 'medleydb', of whose stems pitches were annotated, not '{corpus.kind}'; "
            "set notes: none"
        )
    if corpus.note_folders and corpus.notes != "published":
        return f"note_folders: {corpus.note_folders}, but notes: {corpus.notes}; take them out or set notes: published"
    return None


def _class_disagreement(corpus: Corpus) -> str | None:
    """Why a corpus cannot have the table of classes that it names; of a view, its catalog tells what of its kind."""
    known = class_tables() if corpus.classes else []
    if corpus.classes and corpus.classes not in known:
        return (
            f"unknown table '{corpus.classes}'{near_match(corpus.classes, known)}; allowed: {', '.join(known)} "
            "(workflow/classes)"
        )
    if corpus.classes and not corpus.of and corpus.kind not in ("medleydb", "slakh"):
        return (
            f"'{corpus.classes}', but only songs of the kinds medleydb and slakh name instruments, not those of kind "
            f"'{corpus.kind}'; leave it out"
        )
    return None


def known_targets(corpus: Corpus) -> list[str]:
    """The targets that a corpus can have: those of its kind, and of its table of classes."""
    own = [name for name in further_classes(corpus.classes) if name != "mixed"] if corpus.classes else []
    return [*_targets_of_kind(corpus), *own]


def _targets_of_kind(corpus: Corpus) -> list[str]:
    if corpus.kind == "musdb":
        return ["vocals", "bass", "drums", "other"]
    if corpus.kind == "scores":
        return ["vocals", "bass", "drums", "other", "accompaniment"]
    if corpus.kind == "slakh":
        return ["piano", "guitar", "bass", "drums"]
    if corpus.kind == "folder":
        return sorted(corpus.files)
    return sorted(instrument_classes())
