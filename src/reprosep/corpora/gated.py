"""Corpora that cannot be downloaded by a program: what to request where, and recordings taken from where they are."""

from __future__ import annotations

import contextlib
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

from reprosep.base.files import slug
from reprosep.base.listing import entries
from reprosep.corpora.archive import BadArchiveError
from reprosep.corpora.download import require_space
from reprosep.corpora.links import Links, find_songs, make_links
from reprosep.corpora.registry import Version, song_list
from reprosep.corpora.songs import first_of, missing_metadata, missing_songs, songs_in
from reprosep.corpora.unpack import unpack

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
UNPACKED = ".unpacked"  # where given archives are unpacked, in the corpus's folder
_UNPACKED_SHARE = 1.5  # of the packed bytes, for wav files
_WIDTH = 100
_WORDS = {"request": "access to it has to be requested", "manual": "its songs are to be downloaded by hand"}


def take(version: Version, sources: Sequence[Path], folder: Path) -> None:
    """Unpack the archives of `sources` and link the songs of both into `folder`.

    Raises
    ------
    UserError
        When a source holds no song of this version, or an archive is damaged or unsafe.
    """
    links: Links = {}
    for source in sources:
        place = _unpacked(version, source, folder) if source.is_file() else source
        links |= {link: target for link, target in find_songs(version, place, folder).items() if link not in links}
    make_links(version, links)


def _unpacked(version: Version, archive: Path, folder: Path) -> Path:
    place = folder / UNPACKED / slug(archive.name)
    if not place.exists():
        require_space(folder, round(archive.stat().st_size * _UNPACKED_SHARE), f"unpacking {archive.name}")
    journal = place.with_name(f"{place.name}.journal")
    try:
        unpack(archive, place, journal)
    except BadArchiveError:  # what came before the damage is of no use: an archive that is got anew begins anew
        for left in (place, journal):
            shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            place.parent.rmdir()
        raise
    return place


def page(name: str, version: Version, folder: Path, sources: Sequence[Path] = ()) -> str:
    """What to do to get a version that is not, or not wholly, in `folder`: a sentence, then a page of plain text."""
    all_songs, missing = song_list(version), missing_songs(version, folder)
    present = len(songs_in(version, folder))
    head = f"{name}: {present} of {len(all_songs)} songs of {version.title} are in {folder}; {_WORDS[version.access]}"
    if not missing:
        head = f"{name}: the songs of {version.title} are in {folder}, but not the metadata of all of them"
    paragraphs = {
        "How to get it": f"{version.instructions.strip()}\n{version.page}",
        "Licence": version.licence,
        "Where to put it": f"{folder}/Audio/<song>/ with <song>_STEMS/ and <song>_METADATA.yaml; or leave it where it "
        f"is:\nreprosep get {name} --from <folder or archive> [--from ...] links folders and unpacks archives.",
        "Found so far": "\n".join(_inventory(version, folder, sources, missing)),
        "To do without": f"Take {name} out of corpora.*.versions: what is in the corpus's roots is used, unchecked.",
    }
    return "\n\n".join([head, *(f"{title}\n{_indented(text)}" for title, text in paragraphs.items())])


def _inventory(version: Version, folder: Path, sources: Sequence[Path], missing: Sequence[str]) -> list[str]:
    total = len(song_list(version))
    lines = [f"songs: {total - len(missing)} of {total}" + (f"; missing: {first_of(missing)}" if missing else "")]
    if without := missing_metadata(version, folder):
        lines.append(f"metadata: missing for {len(without)} of these: {first_of(without)}")
    if archives := _archives([folder, *sources]):
        lines.append(f"archives: {first_of(map(str, archives))}; name each with --from")
    return lines


def _archives(places: Sequence[Path]) -> list[Path]:
    folders = [place for place in places if place.is_dir()]
    files = {path for folder in folders for path in entries(folder).files}
    return sorted(path for path in files if path.name.lower().endswith(ARCHIVES))


def _indented(text: str) -> str:
    wrapper = textwrap.TextWrapper(_WIDTH, break_long_words=False, break_on_hyphens=False)
    lines = [line for paragraph in text.splitlines() for line in wrapper.wrap(paragraph)]
    return textwrap.indent("\n".join(lines), "    ")
