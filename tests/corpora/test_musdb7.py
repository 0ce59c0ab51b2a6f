"""MUSDB18-7 from a server to mixtures: stems files of seven seconds, in one of which a source is silent."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Answer, Line
from loopback import Server, entry_of, register, zipped
from reprosep.audio.store import read_table
from reprosep.base.project import read_yaml, repository
from reprosep.corpora import registry
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from synthetic import encode_stems, make_musdb, write_wave

if not shutil.which("ffmpeg"):
    pytest.skip("needs ffmpeg", allow_module_level=True)

RATE, SECONDS = 44100, 7.0
VALID = "Leaf - Summerghost"  # one of musdb's validation songs
SILENT = "Artist 1 - Song 1"  # without vocals


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the archive: two songs for training, one of them for validation, and one for testing."""
    root = make_musdb(tmp_path_factory.mktemp("musdb7"), train=3, test=1, seconds=SECONDS, rate=RATE)
    (root / "train" / "Artist 2 - Song 2").rename(root / "train" / VALID)
    folder = root / "train" / SILENT
    sounds = {name: soundfile.read(folder / f"{name}.wav")[0] for name in ("bass", "drums", "other")}
    write_wave(folder / "vocals.wav", np.zeros_like(sounds["bass"]), RATE)
    write_wave(folder / "mixture.wav", sum(sounds.values()), RATE)
    encode_stems(root)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.stem.mp4"))}


def test_seven_seconds_from_the_server_to_mixtures(
    published: dict[str, bytes],
    tmp_path: Path,
    server: Server,
    reprosep: Callable[..., Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = zipped(published)
    entry = read_yaml(repository() / "workflow/corpora/musdb18-7.yaml")
    name = entry["archives"][0]["name"]
    archive = entry_of(name, content, [server.serve(f"/{name}", content)])
    register(tmp_path / "registry", "musdb18-7", [archive], **{key: entry[key] for key in entry if key != "archives"})
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")

    answer = reprosep("get", "musdb18-7")
    assert answer.status == 0 and "musdb18-7: 4 songs in resources/musdb18-7, verified" in answer.err, answer.err
    params = parse(merged([repository() / "params.yaml", scale_file("preview")]))
    line = Line(tmp_path, params)
    line.prepare("musdb")

    catalog = read_table(line.results / "musdb/catalog.parquet").drop_duplicates("song").set_index("song")
    assert catalog["split"].to_dict() == {
        "Artist 0 - Song 0": "train",
        SILENT: "train",
        VALID: "valid",  # by its name, so that no fraction is drawn
        "Artist 3 - Song 3": "test",
    }
    assert catalog["seconds"].between(SECONDS, SECONDS + 0.1).all()  # a codec pads
    for target in params.corpora["musdb"].targets:
        mixtures = read_table(line.results / "musdb/mixtures" / f"{target}.parquet")
        assert set(mixtures["split"]) == {"valid", "test"}
        assert set(mixtures["mixture"]) == {VALID, "Artist 3 - Song 3"}
