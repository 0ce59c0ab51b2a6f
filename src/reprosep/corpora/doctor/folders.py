"""What can be wrong with the folders of a corpus, before a single file is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from reprosep.base.errors import near_match
from reprosep.base.listing import composed, displayed, entries, folders_in, is_hidden, left_out_below
from reprosep.corpora.doctor.expectations import Expectations
from reprosep.corpora.doctor.findings import Finding
from reprosep.corpora.folder import left_out_files
from reprosep.corpora.layout import Song
from reprosep.corpora.splits import left_out, read_split_file
from reprosep.params.data import Corpus

_SPLITS = {"musdb": ("train", "test"), "slakh": ("train", "validation", "test")}
_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".part", ".crdownload", ".7z")
_LICENCES = ("licen", "readme", "copying")
_NAMED = 10  # songs that a sentence names


def folder_findings(corpus: Corpus, expected: Expectations) -> list[Finding]:
    """Findings about the roots of a corpus. When there is one, songs cannot be read in their layout."""
    return [finding for root in corpus.roots for finding in _root_findings(Path(root), corpus.kind, expected)]


def _root_findings(root: Path, kind: str, expected: Expectations) -> Iterator[Finding]:
    if not root.is_dir():
        yield _finding("no-folder", root, "no such folder; put the corpus there or name its folder in corpora.*.roots")
        return
    here = entries(root)
    if not here.files and not here.folders:
        yield _finding(
            "no-song", root, "the folder is empty; put the corpus there or name its folder in corpora.*.roots"
        )
        return
    nested = None if _begins_here(root, kind) else _nested(root, kind)
    if nested:
        text = f"holds the corpus one folder deeper, in {nested}; name that folder in corpora.*.roots, or move it up"
        yield _finding("nested-folder", root, text)
        return
    yield from _format_findings(root, kind, expected)
    yield from _split_findings(root, kind)


def _finding(check: str, path: Path, text: str) -> Finding:
    return Finding(check, "", str(path), f"{path}: {text}")


def _begins_here(root: Path, kind: str) -> bool:
    if kind == "musdb":
        return any((root / split).is_dir() for split in _SPLITS[kind])
    if kind == "medleydb":
        return (root / "Audio").is_dir()
    if kind == "slakh":
        return any((root / split).is_dir() for split in _SPLITS[kind]) or any(root.glob("Track*"))
    return True


def _nested(root: Path, kind: str) -> Path | None:
    """A folder at most two levels deeper in which the layout begins."""
    for pattern in ("*", "*/*"):
        for folder in sorted(root.glob(pattern)):
            if folder.is_dir() and not is_hidden(folder.name) and _begins_here(folder, kind):
                return folder
    return None


def _format_findings(root: Path, kind: str, expected: Expectations) -> Iterator[Finding]:
    """Both ways: stems.mp4 where wav is expected, and the other way round, where the version is known."""
    if kind != "musdb" or expected.suffix == ".stem.mp4":
        return
    files = [path for path in sorted(root.glob("*/*.stem.mp4")) if not is_hidden(path.name)]
    if files and (expected.suffix == ".wav" or any(root.glob("*/*/mixture.wav"))):
        text = (
            f"holds {len(files)} .stem.mp4 files where MUSDB18-HQ's wav files are expected; decode them with "
            "musdbconvert, get musdb18-hq, or name the version musdb18 in corpora.*.versions"
        )
        yield _finding("wrong-format", root, text)


def _split_findings(root: Path, kind: str) -> Iterator[Finding]:
    if kind not in _SPLITS or (kind == "slakh" and any(root.glob("Track*"))):
        return
    known = (*_SPLITS[kind], *(("omitted",) if kind == "slakh" else ()))
    for path in folders_in(root):
        if path.name not in known:
            text = f"unknown split '{path.name}'{near_match(path.name, known)}; expected {' and '.join(known)}"
            yield _finding("unknown-split", path, f"{text}, rename it")
            return
    for split in _SPLITS[kind]:
        if not (root / split).is_dir():
            text = f"no folder '{split}' in it; expected {' and '.join(_SPLITS[kind])} as the corpus was published"
            yield _finding("no-split", root, text)


def split_findings(name: str, corpus: Corpus, songs: Iterable[str]) -> list[Finding]:
    """Songs that the user's lists name and that are not there."""
    there, root = {composed(song): song for song in songs}, corpus.roots[0]
    findings = []
    for part, members in corpus.split.items():
        for member in members:
            if composed(member) not in there:
                text = f"params: corpora.{name}.split.{part}: no song '{member}'{near_match(member, there)}"
                findings.append(Finding("split-song", member, str(root), f"{text}; correct the name or take it out"))
    listed = read_split_file(corpus.split_file) if corpus.split_file else {}
    missing = [song for song, part in listed.items() if song not in there and part != "ignore"]
    if missing:
        shown = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
        text = f"{corpus.split_file}: {len(missing)} of its {len(listed)} songs are not there ({shown}); get them"
        findings.append(Finding("left-out", "", str(corpus.split_file), f"{text}, if they are meant to be there"))
    return findings


def left_out_findings(corpus: Corpus) -> list[Finding]:
    """What lies in the folders of a corpus and is read by nobody."""
    findings = []
    for root in map(Path, corpus.roots):
        for one in left_out_files(root) if corpus.kind == "folder" else left_out_below(root):
            path = displayed(str(one.path))
            text = f"{path}: is left out, {one.reason}; mend it where it is meant to be read, or take it away"
            findings.append(Finding("left-out", "", path, text))
    return findings


def licence_findings(corpus: Corpus) -> list[Finding]:
    """Roots of published corpora without a licence file; one's own recordings need none."""
    findings: list[Finding] = []
    if corpus.kind == "folder":
        return findings
    for root in map(Path, corpus.roots):
        names = [path.name.casefold() for path in root.iterdir()] if root.is_dir() else []
        if not any(name.startswith(_LICENCES) for name in names):
            text = (
                "no licence file in it (LICENSE, LICENCE or README); put the terms of the corpus there, "
                "`reprosep get` does it, or accept with corpora.*.accept: [no-licence]"
            )
            findings.append(_finding("no-licence", root, text))
    return findings


def list_findings(
    corpus: Corpus, songs: Mapping[str, Song], unread: Collection[str], expected: Expectations
) -> list[Finding]:
    """Songs that are missing, too many, or in the wrong split, by the published list.

    `songs` are those found, `unread` those that are there and could not be read. Songs that are left out for a known
    defect need not be there.
    """
    if not expected.songs:
        return []
    root, songs = Path(corpus.roots[0]), {composed(name): song for name, song in songs.items()}
    excluded = {defect.song for defect in expected.defects if defect.excluded} | left_out(corpus)
    findings = _missing(root, corpus, sorted(set(expected.songs) - set(songs) - set(map(composed, unread)) - excluded))
    for name in sorted(set(songs) - set(expected.songs)):
        text = f"song '{name}' is not in the list of the corpus{near_match(name, expected.songs)}; rename or remove it"
        findings.append(Finding("extra-song", name, str(root), f"{root}: {text}"))
    for name, split in expected.songs.items():
        if split and name in songs and corpus.kind == "musdb" and songs[name].split != split:
            text = f"song '{name}' is in the split {songs[name].split}, it was published in {split}; move its folder"
            findings.append(Finding("wrong-split", name, str(root), f"{root}: {text}"))
    return findings


def _missing(root: Path, corpus: Corpus, names: list[str]) -> list[Finding]:
    """One finding for all missing songs when an archive lies there half unpacked, else one for each."""
    if not names:
        return []
    archives = [p for r in map(Path, corpus.roots) for p in entries(r).files if p.suffix.lower() in _ARCHIVES]
    if archives:
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        text = (
            f"this archive lies beside the songs, and {len(names)} songs are missing ({shown}): it was not unpacked "
            "to its end; unpack it again, or run `reprosep get` with --from"
        )
        return [_finding("partial-unzip", archives[0], text)]
    text = "is missing; get it from the source of the corpus, or take the corpus' version out of corpora.*.versions"
    return [Finding("missing-song", name, str(root), f"{root}: song '{name}' {text}") for name in names]
