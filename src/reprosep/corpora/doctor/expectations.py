"""What a corpus should be like: from the registry, from the record of its download or rendering, or from its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprosep.base.files import read_record
from reprosep.corpora.musdb import STEMS_SUFFIX
from reprosep.corpora.registry import Defect, Version, load_version, song_list
from reprosep.params.data import Corpus

MANIFEST = ".manifest.json"  # written by `reprosep get`
RECIPES = ".recipes"  # written by the stand-in generator
_MIXTURE_OF_KIND = {"musdb": "exact", "slakh": "exact", "medleydb": "mastered", "folder": "none"}


@dataclass(frozen=True)
class Expectations:
    """`songs` (name -> split, '' when the split is not published) and `checksums` (path -> SHA-256) may be empty:
    unknown. Empty `sample_rates` or `channels`: those of most files. `mixture`: ``exact`` sum of the stems,
    ``encoded`` on its own, ``mastered``, or ``none``.
    """

    songs: Mapping[str, str] = field(default_factory=dict)
    sample_rates: Sequence[int] = ()
    channels: Sequence[int] = ()
    mixture: str = "exact"
    suffix: str | None = None
    checksums: Mapping[Path, str] = field(default_factory=dict)
    defects: Sequence[Defect] = ()
    defects_source: str = ""
    aligned: bool = True  # the stems of a song have one length, rate and number of channels


def expectations(corpus: Corpus) -> Expectations:
    """What is known of a corpus before its recordings are read."""
    roots = [Path(root) for root in corpus.roots]
    rendered = [file for root in roots for file in sorted((root / RECIPES).glob("*.json"))]
    checksums = _rendered_checksums(rendered) | {path: sha for root in roots for path, sha in _manifest(root).items()}
    if corpus.versions:
        return _published([load_version(name) for name in corpus.versions], checksums)
    if rendered:
        return Expectations(_rendered_songs(rendered), checksums=checksums)
    mixture, aligned = _MIXTURE_OF_KIND[corpus.kind], corpus.kind != "folder"
    if corpus.kind == "musdb" and any(any(root.glob(f"*/*{STEMS_SUFFIX}")) for root in roots):
        mixture = "encoded"  # every stream of a stems file is coded on its own
    return Expectations(mixture=mixture, checksums=checksums, aligned=aligned)


def _published(versions: Sequence[Version], checksums: Mapping[Path, str]) -> Expectations:
    songs: dict[str, str] = {}
    for version in versions:
        songs |= song_list(version)
    lists_all = all(version.song_list for version in versions)
    return Expectations(
        songs if lists_all else {},
        sorted({rate for version in versions for rate in version.sample_rates}),
        sorted({number for version in versions for number in version.channels}),
        versions[0].mixture,
        versions[0].suffix,
        checksums,
        [defect for version in versions for defect in version.defects],
        versions[0].defects_source,
    )


def _rendered_songs(recipes: Sequence[Path]) -> dict[str, str]:
    """Rendered songs and their splits: the folder that they lie in."""
    splits = {"train": "train", "validation": "valid", "test": "test"}
    return {recipe.stem: splits.get(Path(read_record(recipe, folder=str)["folder"]).parts[0], "") for recipe in recipes}


def _rendered_checksums(recipes: Sequence[Path]) -> dict[Path, str]:
    """SHA-256 of every file of the rendered songs, by the record beside them."""
    checksums: dict[Path, str] = {}
    for recipe in recipes:
        content = read_record(recipe, folder=str, files=dict)
        folder = recipe.parent.parent / content["folder"]
        checksums |= {folder / name: value for name, value in content["files"].items()}
    return checksums


def _manifest(root: Path) -> dict[Path, str]:
    """SHA-256 of every file that was unpacked there; files that were only linked have none."""
    path = root / MANIFEST
    if not path.is_file():
        return {}
    entries = read_record(path, files=dict)["files"].items()
    sums = {name: entry.get("sha256") for name, entry in entries if isinstance(entry, dict)}
    return {root / name: str(value) for name, value in sums.items() if value}
