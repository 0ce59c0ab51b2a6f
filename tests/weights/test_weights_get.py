"""`reprosep get` of weights: from a server or by hand to verified safetensors with their origin, or one sentence."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import yaml
from safetensors import safe_open

from conftest import Answer
from loopback import Reply, Server, work_with_own_registry
from published import OPEN_UNMIX, TARGETS, entry, open_unmix, publish, register, save
from reprosep.base.checksums import computed, fits, is_whole
from reprosep.base.project import repository
from reprosep.weights import registry
from reprosep.weights.networks import build
from reprosep.weights.store import read_imported

Command = Callable[..., Answer]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a registry of its own; nobody waits long."""
    work_with_own_registry(tmp_path, monkeypatch, registry)
    yield tmp_path


@pytest.fixture
def files(place: Path) -> dict[str, Path]:
    """Published files, which nobody knows yet."""
    return publish(place / "published")


def offer(place: Path, server: Server, files: dict[str, Path], **changes: object) -> None:
    """The set `tiny`, to be had from the server."""
    urls = {target: server.serve(f"/{path.name}", path.read_bytes()) for target, path in files.items()}
    register(place / "registry", "tiny", entry(files, urls, **changes))


def ours(place: Path, target: str, folder: str = "resources/weights/tiny") -> Path:
    return place / folder / f"{target}.safetensors"


# ---- as it should be ---------------------------------------------------------------------------------------------


def test_weights_are_brought_verified_and_read(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    offer(place, server, files)
    answer = reprosep("get", "tiny")
    assert answer.status == 0, answer.err
    assert "tiny: vocals, drums, bass, other in resources/weights/tiny, verified" in answer.err
    assert answer.err.count("CC BY-NC-SA 4.0: for non-commercial use only") == 1
    assert answer.err.count("please cite Nobody, Nothing, 2020") == 1
    names = {path.name for path in (place / "resources/weights/tiny").iterdir()}
    assert names - {".get.lock"} == {"LICENCE.txt", "origin.json", *(f"{target}.safetensors" for target in TARGETS)}
    for seed, target in enumerate(TARGETS):
        found = read_imported(ours(place, target))
        assert found.network.model_dump() == {**OPEN_UNMIX}
        for name, value in found.tensors().items():
            assert torch.equal(value, open_unmix(seed)[name])


def test_every_file_tells_its_origin(place: Path, server: Server, files: dict[str, Path], reprosep: Command) -> None:
    offer(place, server, files)
    reprosep("get", "tiny")
    origin = read_imported(ours(place, "bass")).origin
    published = files["bass"].read_bytes()
    assert (origin.name, origin.target, origin.file) == ("tiny", "bass", files["bass"].name)
    assert origin.sha256 == hashlib.sha256(published).hexdigest()
    assert origin.url == server.url(f"/{files['bass'].name}")
    assert origin.verified == f"sha256:{origin.sha256}"
    assert not origin.licence.commercial and origin.citation == "Nobody, Nothing, 2020"
    record = json.loads((place / "resources/weights/tiny/origin.json").read_text())
    assert record["files"]["bass"]["sha256"] == origin.sha256 and record["trained_on"] == "noise"
    terms = (place / "resources/weights/tiny/LICENCE.txt").read_text()
    for words in ("Tiny Open-Unmix", "non-commercial", "Nobody, Nothing, 2020", "https://example.org/tiny"):
        assert words in terms


def test_a_second_start_finds_nothing_to_do(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    offer(place, server, files)
    reprosep("get", "tiny")
    before = {path: path.read_bytes() for path in (place / "resources/weights/tiny").iterdir()}
    answer = reprosep("get", "tiny")
    assert (answer.status, len(server.log)) == (0, len(TARGETS))
    assert "nothing to be done" in answer.err
    assert {path: path.read_bytes() for path in (place / "resources/weights/tiny").iterdir()} == before


def test_the_same_bytes_from_a_server_and_by_hand(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    offer(place, server, files)
    assert reprosep("get", "tiny", "--to", "a", "--keep-archives").status == 0
    assert (place / "a/.downloads" / files["drums"].name).read_bytes() == files["drums"].read_bytes()
    sent = server.sent
    assert reprosep("get", "tiny", "--to", "b", "--from", "published").status == 0
    one_by_one = [word for path in files.values() for word in ("--from", path)]
    assert reprosep("get", "tiny", "--to", "c", *one_by_one).status == 0
    assert server.sent == sent
    for target in TARGETS:
        contents = {ours(place, target, folder).read_bytes() for folder in "abc"}
        assert len(contents) == 1


def test_a_target_that_is_missing_is_brought_back(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    offer(place, server, files)
    reprosep("get", "tiny")
    ours(place, "bass").unlink()
    assert reprosep("get", "tiny").status == 0
    assert [one.path for one in server.log[len(TARGETS) :]] == [f"/{files['bass'].name}"]
    assert ours(place, "bass").is_file()


def test_the_next_address_is_asked(place: Path, server: Server, files: dict[str, Path], reprosep: Command) -> None:
    content = entry(files)
    for target, path in files.items():
        wrong = server.serve(f"/wrong/{path.name}", b"x" * path.stat().st_size)
        content["files"][target]["urls"] = [wrong, server.serve(f"/{path.name}", path.read_bytes())]
    register(place / "registry", "tiny", content)
    assert reprosep("get", "tiny").status == 0


# ---- checksums ---------------------------------------------------------------------------------------------------


def test_checksums_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"what is up, doc?")
    known = {
        "git:bd9dbf5aae1a3862dd1526723246b20206e5fc37",  # the example of the book Pro Git, 10.2
        f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}",
        f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}",
        f"sha512:{hashlib.sha512(path.read_bytes()).hexdigest()}",
    }
    for checksum in known:
        assert fits(path, checksum) and computed(path, checksum) == checksum
        assert is_whole(checksum) == (len(checksum) != len("sha256:") + 8)
    path.write_bytes(b"what is up, dog?")
    assert not any(fits(path, checksum) for checksum in known)


@pytest.mark.parametrize("kind", ["prefix", "sha512", "git", "md5"])
def test_files_are_held_to_any_kind(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command, kind: str
) -> None:
    content = entry(files, {target: server.serve(f"/{path.name}", path.read_bytes()) for target, path in files.items()})
    for target, path in files.items():
        like = {"prefix": "sha256:" + 8 * "0", "sha512": "sha512:" + 128 * "0", "git": "git:" + 40 * "0"}
        content["files"][target]["checksum"] = computed(path, like.get(kind, "md5:" + 32 * "0"))
        content["files"][target]["bytes"] = None
    register(place / "registry", "tiny", content)
    answer = reprosep("get", "tiny")
    assert answer.status == 0, answer.err
    assert ("no more than the first digits are published" in answer.err) == (kind == "prefix")
    damaged = bytearray(files["bass"].read_bytes())
    damaged[-1] ^= 1
    server.serve(f"/{files['bass'].name}", bytes(damaged))
    answer = reprosep("get", "tiny", "--to", "other")
    assert answer.status == 2
    told = answer.err.splitlines()[-1]
    expected = content["files"]["bass"]["checksum"]
    assert "gives a file with the checksum" in told and f"expected {expected}" in told
    assert not ours(place, "bass", "other").exists()


def test_a_wrong_or_truncated_file_by_hand_is_told(place: Path, files: dict[str, Path], reprosep: Command) -> None:
    register(place / "registry", "tiny", entry(files))
    path = files["bass"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    told = reprosep("get", "tiny", "--from", "published").err.splitlines()[-1]
    assert told.startswith(
        f"reprosep: published/{path.name}: {len(whole) - 1} bytes, expected {len(whole)}; truncated, or not"
    )
    path.write_bytes(whole[:-1] + b"x")
    told = reprosep("get", "tiny", "--from", "published").err.splitlines()[-1]
    assert "has the checksum sha256:" in told and "or is damaged, get it from https://example.org/tiny" in told


def test_a_file_with_code_is_not_run_even_with_the_right_checksum(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., int], tuple[str]]:
            return os.system, ("touch ran",)

    save(files["other"], {**open_unmix(0), "fc1.weight": Bomb()})
    offer(place, server, files)
    told = reprosep("get", "tiny")
    assert told.status == 2 and "holds code or objects (GLOBAL posix.system)" in told.err
    assert not (place / "ran").exists() and not ours(place, "other").exists()


# ---- one sentence ------------------------------------------------------------------------------------------------


def test_no_server(place: Path, files: dict[str, Path], reprosep: Command) -> None:
    register(place / "registry", "tiny", entry(files))
    answer = reprosep("get", "tiny")
    assert answer.status == 2
    told = answer.err.splitlines()[-1]
    assert "not to be had: http://127.0.0.1:9/none: no connection" in told
    assert "get the file from https://example.org/tiny by hand and name it with --from" in told


def test_a_page_instead_of_the_file(place: Path, server: Server, files: dict[str, Path], reprosep: Command) -> None:
    offer(place, server, files)
    for path in files.values():
        server.serve(f"/{path.name}", Reply(b"<html>log in</html>", headers={"Content-Type": "text/html"}))
    assert "answers with a web page instead of the file" in reprosep("get", "tiny").err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tinny"], "unknown corpus or weights 'tinny' (did you mean 'tiny'?)"),
        (["tiny", "--from", "nowhere"], "nowhere: no such file or folder; name with --from what holds Tiny Open-Unmix"),
        (["tiny", "--from", "empty"], "empty: no vocals-"),
        (["tiny", "--from", "song.wav"], "song.wav: no file of Tiny Open-Unmix has that name; expected bass-"),
        (["tiny", "--to", "song.wav"], "song.wav: is a file, expected a folder"),
    ],
)
def test_what_is_asked_for_wrongly(
    place: Path, files: dict[str, Path], reprosep: Command, arguments: list[str], words: str
) -> None:
    register(place / "registry", "tiny", entry(files))
    (place / "empty").mkdir()
    (place / "song.wav").write_bytes(b"RIFF")
    answer = reprosep("get", *arguments)
    assert answer.status == 2 and answer.err.splitlines()[-1].startswith(f"reprosep: {words}")


def test_a_folder_of_other_weights_is_refused(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    offer(place, server, files)
    register(place / "registry", "other", entry(files, title="Other"))
    reprosep("get", "tiny")
    told = reprosep("get", "other", "--to", "resources/weights/tiny", "--from", "published").err.splitlines()[-1]
    assert "vocals.safetensors: is of Tiny Open-Unmix, not of 'other'; choose another folder with --to" in told


@pytest.mark.parametrize("place_of_change", [100, -1])
def test_verify_finds_a_flipped_byte(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command, place_of_change: int
) -> None:
    offer(place, server, files)
    reprosep("get", "tiny")
    path = ours(place, "drums")
    content = bytearray(path.read_bytes())
    content[place_of_change] ^= 1
    path.write_bytes(bytes(content))
    answer = reprosep("get", "tiny", "--verify")
    assert answer.status == 2
    assert "drums.safetensors: no weights that `reprosep get` wrote, or damaged (" in answer.err.splitlines()[-1]


def test_an_entry_that_is_wrong(place: Path, files: dict[str, Path], reprosep: Command) -> None:
    content = entry(files)
    content["files"]["bass"]["checksum"] = "sha256:12"
    register(place / "registry", "tiny", content)
    assert "tiny.yaml: files.bass.checksum: found 'sha256:12'" in reprosep("get", "tiny").err.splitlines()[-1]
    register(place / "registry", "tiny", entry(files, layout="iass"))
    assert "layout: 'iass' for a network 'open-unmix'" in reprosep("get", "tiny").err.splitlines()[-1]


# ---- the project's registry --------------------------------------------------------------------------------------


def test_every_entry_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    names = registry.known()
    assert names == ["iass", "umx", "umxhq", "umxl"]
    for name in names:
        weights = registry.load_weights_entry(name)
        build(weights.network)
        registry.load_layout(weights.layout)
        assert weights.scores is not None and weights.scores.values.keys() == weights.files.keys()
        for file in weights.files.values():
            algorithm, digits = file.checksum.split(":")
            assert algorithm != "sha256" or digits.startswith(file.name.split("-")[1].removesuffix(".pth")[:8])
    assert registry.load_weights_entry("umxl").licence.commercial is False
    assert registry.load_weights_entry("umxhq").licence.commercial is True
    assert registry.load_weights_entry("iass").licence.commercial is None


def test_only_the_head_of_safetensors_tells_the_origin(
    place: Path, server: Server, files: dict[str, Path], reprosep: Command
) -> None:
    """Other programs read the files: the origin is metadata, and stands in nobody's way."""
    offer(place, server, files)
    reprosep("get", "tiny")
    with safe_open(str(ours(place, "vocals")), framework="pt") as file:
        assert set(file.keys()) == set(open_unmix(0)) - {"stft.window", "transform.0.window", "sample_rate"}
        assert set(file.metadata()) == {"reprosep"}


def test_layouts_name_each_tensor_once() -> None:
    for path in (repository() / "workflow" / "weights" / "layouts").glob("*.yaml"):
        rename = yaml.safe_load(path.read_text())["rename"]
        assert len(set(rename.values())) == len(rename)
