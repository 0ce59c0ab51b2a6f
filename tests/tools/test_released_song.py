"""Published weights on a user's own song: all targets in one pass, in any format, with their terms told."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from conftest import Answer, Line
from loopback import Server, work_with_own_registry
from published import IASS, OPEN_UNMIX, RATE, TARGETS, entry, iass, open_unmix, publish, register, save
from reprosep.audio.io import read_sound
from reprosep.audio.stft import stft
from reprosep.experiments.released import Released, find_released
from reprosep.weights import registry
from reprosep.weights.networks import build, imported
from reprosep.weights.registry import Network, load_layout
from synthetic import wave

Command = Callable[..., Answer]
SECONDS = 3.0


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a registry of its own, and a song."""
    work_with_own_registry(tmp_path, monkeypatch, registry)
    write_song(tmp_path / "song.wav")
    yield tmp_path


def write_song(path: Path, rate: int = RATE, channels: int = 2) -> Path:
    sound = wave("vocals", 1, SECONDS, rate, channels) + wave("drums", 2, SECONDS, rate, channels)
    soundfile.write(str(path), sound, rate)
    return path


@pytest.fixture
def files(place: Path) -> dict[str, Path]:
    """The published files of the set `tiny`, which the registry knows."""
    files = publish(place / "published")
    register(place / "registry", "tiny", entry(files))
    return files


@pytest.fixture
def weights(files: dict[str, Path], reprosep: Command) -> dict[str, Path]:
    """The same, and they were got."""
    assert reprosep("get", "tiny", "--from", "published").status == 0
    return files


def expected_wave(mixture: np.ndarray, seed: int) -> np.ndarray:
    """The estimate of a target in ``(channel, sample)`` by one plain pass: transform, network, phase, and back."""
    network = Network.model_validate(OPEN_UNMIX)
    model = build(network).eval()
    model.load_state_dict(imported(Path("a"), open_unmix(seed), load_layout("open-unmix"), network))
    n_fft, hop = network.stft.n_fft, network.stft.hop
    spectrum = stft(torch.from_numpy(mixture)[None], n_fft, hop, center=True)
    with torch.no_grad():
        magnitudes = model(spectrum.abs())[0]
    estimate = torch.polar(magnitudes, spectrum.angle())[0]
    return torch.istft(estimate, n_fft, hop, window=torch.hann_window(n_fft), length=mixture.shape[1]).numpy()


def test_four_files_by_one_command(place: Path, weights: dict[str, Path], reprosep: Command) -> None:
    answer = reprosep("separate", "song.wav", "--weights", "tiny", "--clip", "float")
    assert answer.status == 0, answer.err
    assert answer.out.splitlines() == [f"song_{target}.wav" for target in TARGETS]
    assert "separating vocals, drums, bass, other: " in answer.err and " s left" in answer.err
    song = np.ascontiguousarray(read_sound(place / "song.wav")[0].T)
    for seed, target in enumerate(TARGETS):
        found = soundfile.read(f"song_{target}.wav", dtype="float32")[0]
        np.testing.assert_allclose(found.T, expected_wave(song, seed), atol=1e-4)
        assert np.abs(found).max() > 0.01


def test_licence_and_citation_are_told_once(weights: dict[str, Path], reprosep: Command) -> None:
    answer = reprosep("separate", "song.wav", "--weights", "tiny")
    assert answer.err.count("non-commercial") == answer.err.count("Nobody, Nothing, 2020") == 1


def test_the_mixture_is_transformed_once(
    place: Path, weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each network hears the same magnitudes; only the way back to sound takes the phase anew."""
    released = find_released("tiny", None)
    heard: list[int] = []
    spectrum = Released._magnitudes
    monkeypatch.setattr(Released, "_magnitudes", lambda self, one: heard.append(1) or spectrum(self, one))
    mixture = np.ascontiguousarray(read_sound(place / "song.wav")[0].T)
    counted: list[int] = []
    estimates = released.separator()(mixture, "none", counted.append)
    assert estimates.shape == (4, 2, mixture.shape[1]) and heard == [1]
    assert sum(counted) == released.chunks(mixture.shape[1])


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_rate_length_and_channels_are_kept(
    place: Path, weights: dict[str, Path], reprosep: Command, rate: int, channels: int
) -> None:
    write_song(place / "song.wav", rate, channels)
    assert reprosep("separate", "song.wav", "--weights", "tiny").status == 0
    for target in TARGETS:
        found = soundfile.info(f"song_{target}.wav")
        assert (found.samplerate, found.channels, found.frames) == (rate, min(channels, 2), round(SECONDS * rate))


def test_some_targets_alone(place: Path, weights: dict[str, Path], reprosep: Command) -> None:
    answer = reprosep("separate", "song.wav", "--weights", "tiny", "--targets", "bass", "--output", "only.flac")
    assert answer.status == 0 and answer.out.split() == ["only.flac"]
    assert "separating bass: " in answer.err
    answer = reprosep("separate", "song.wav", "--weights", "tiny", "--targets", "bass", "--targets", "vocals")
    assert answer.out.split() == ["song_vocals.wav", "song_bass.wav"]
    told = reprosep("separate", "song.wav", "--weights", "tiny", "--targets", "base")
    assert told.sentence() == (
        "--targets: nothing estimates 'base' (did you mean 'bass'?); allowed: vocals, drums, bass, other"
    )


def test_published_files_need_no_import(place: Path, files: dict[str, Path], reprosep: Command) -> None:
    assert reprosep("separate", "song.wav", "--weights", "tiny", "--model-folder", "published").status == 0
    one = Path("song_drums.wav").read_bytes()
    reprosep("get", "tiny", "--from", "published", "--to", "imported")
    for options in (["--weights", "tiny", "--model-folder", "imported"], ["--model-folder", "imported"]):
        answer = reprosep("separate", "song.wav", *options)
        assert answer.status == 0 and answer.err.count("non-commercial") == 1
        assert Path("song_drums.wav").read_bytes() == one


def test_weights_of_ones_own_training(place: Path, reprosep: Command) -> None:
    """As the openunmix package leaves them; nothing is known of their terms, and nothing is told."""
    for seed, target in enumerate(("vocals", "drums")):
        save(place / "mine" / f"{target}.pth", open_unmix(seed), old=False)
    settings = {"sample_rate": 8000.0, "nfft": 256, "nhop": 64, "nb_channels": 2}
    (place / "mine" / "separator.json").write_text(json.dumps(settings))
    answer = reprosep("separate", "song.wav", "--model-folder", "mine", "--output", "out")
    assert answer.status == 0, answer.err
    assert answer.out.split() == ["out/drums.wav", "out/vocals.wav"] and "cite" not in answer.err


def test_a_mono_network_with_gates(place: Path, reprosep: Command) -> None:
    """IASS hears each channel by itself, and its heads gate."""
    path = save(place / "published" / "vox.pth", iass(0))
    register(place / "registry", "iass", entry({"vocals": path}, layout="iass", network=IASS))
    write_song(place / "song.wav", 44100, 2)
    sounds = {}
    for gate in ("none", "raw", "median"):
        answer = reprosep(
            "separate",
            "song.wav",
            "--weights",
            "iass",
            "--model-folder",
            "published",
            "--gate",
            gate,
            "--clip",
            "float",
        )
        assert answer.status == 0, answer.err
        sounds[gate] = soundfile.read("song_vocals.wav")[0]
    assert sounds["none"].shape == (round(SECONDS * 44100), 2)
    assert len({sound.tobytes() for sound in sounds.values()}) > 1


def test_they_are_fetched_where_they_are_not_there(
    place: Path, files: dict[str, Path], server: Server, reprosep: Command
) -> None:
    urls = {target: server.serve(f"/{path.name}", path.read_bytes()) for target, path in files.items()}
    register(place / "registry", "tiny", entry(files, urls))
    for _ in range(2):
        answer = reprosep("separate", "song.wav", "--weights", "tiny")
        assert answer.status == 0, answer.err
        assert answer.err.count("please cite") == 1
    assert len(server.log) == len(TARGETS)


# ---- formats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "suffix", "subtype"),
    [
        ("wav", "wav", "PCM_16"),
        ("wav24", "wav", "PCM_24"),
        ("float", "wav", "FLOAT"),
        ("flac", "flac", "PCM_16"),
        ("flac24", "flac", "PCM_24"),
        ("mp3", "mp3", "MPEG_LAYER_III"),
        ("ogg", "ogg", "VORBIS"),
        ("opus", "opus", "OPUS"),
        ("m4a", "m4a", None),
    ],
)
def test_every_format(
    place: Path, weights: dict[str, Path], reprosep: Command, form: str, suffix: str, subtype: str | None
) -> None:
    write_song(place / "song.wav", 44100)
    assert (
        reprosep("separate", "song.wav", "--weights", "tiny", "--output", "reference", "--format", "float").status == 0
    )
    answer = reprosep("separate", "song.wav", "--weights", "tiny", "--output", "out", "--format", form)
    assert answer.status == 0, answer.err
    assert answer.out.split() == [f"out/{target}.{suffix}" for target in TARGETS]
    for target in TARGETS:
        found, rate = read_sound(f"out/{target}.{suffix}")
        expected = read_sound(f"reference/{target}.wav")[0]
        if subtype:
            assert soundfile.info(f"out/{target}.{suffix}").subtype == subtype
        assert rate == (48000 if form == "opus" else 44100) and found.shape[1] == 2
        assert abs(len(found) / rate - SECONDS) < 0.05
        loud = float(np.sqrt(np.mean(expected**2)))
        assert float(np.sqrt(np.mean(found**2))) == pytest.approx(loud, rel=0.2)


# ---- what is beyond full scale -----------------------------------------------------------------------------------


@pytest.fixture
def louder(weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets that are 2.4, 1.2, 0.6 and 0.3 times the song."""
    gains = np.float32([2.4, 1.2, 0.6, 0.3])[:, None, None]
    monkeypatch.setattr(Released, "separator", lambda *_: lambda mixture, *_: gains * mixture[None])
    soundfile.write("song.wav", np.sin(np.arange(RATE) * 0.3)[:, None] * [[1, 1]], RATE)


@pytest.mark.usefixtures("louder")
@pytest.mark.parametrize("form", ["wav", "wav24", "flac", "mp3", "m4a", "opus"])
def test_all_targets_are_rescaled_together_and_told(
    form: str, reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    answer = reprosep("separate", "song.wav", "--weights", "tiny", "--output", "out", "--format", form)
    assert "song.wav: estimates reach 2.40 times full scale; written 7.69 dB lower, all alike" in caplog.text
    peaks = [np.abs(read_sound(path)[0][800:-800]).max() for path in answer.out.split()]
    np.testing.assert_allclose(peaks, [0.99, 0.495, 0.2475, 0.12375], rtol=0.15)
    assert max(peaks) < 1.1


@pytest.mark.usefixtures("louder")
@pytest.mark.parametrize("options", [["--format", "float"], ["--clip", "float"]])
def test_floating_point_keeps_the_level(
    options: list[str], reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    assert reprosep("separate", "song.wav", "--weights", "tiny", *options).status == 0
    assert "full scale" not in caplog.text
    assert np.abs(soundfile.read("song_vocals.wav")[0]).max() == pytest.approx(2.4, rel=1e-3)


@pytest.mark.usefixtures("louder")
def test_cutting_is_told_of_every_file(reprosep: Command, caplog: pytest.LogCaptureFixture) -> None:
    assert reprosep("separate", "song.wav", "--weights", "tiny", "--clip", "clamp", "--format", "m4a").status == 0
    assert caplog.text.count("of its samples are beyond full scale") == 2


# ---- several runs ------------------------------------------------------------------------------------------------


def test_several_runs_at_once(trained: Line, reprosep: Command) -> None:
    runs = ["--run", "mm_vocals_iass_s42", "--run", "musdb_drums_open-unmix_s42", "--results", trained.results]
    answer = reprosep("separate", "song.wav", *runs, "--format", "flac")
    assert answer.status == 0, answer.err
    assert answer.out.split() == ["song_vocals.flac", "song_drums.flac"]
    assert "separating vocals, drums: 3/3" in answer.err
    alone = reprosep("separate", "song.wav", *runs, "--targets", "drums", "--output", "drums.flac")
    assert alone.out.split() == ["drums.flac"]
    assert np.array_equal(soundfile.read("drums.flac")[0], soundfile.read("song_drums.flac")[0])
    twice = reprosep("separate", "song.wav", *runs, "--run", trained.results / "runs" / "mm_vocals_iass_s42")
    assert twice.sentence() == "--run: two runs estimate 'vocals', expected each target once; leave one of them out"


# ---- one sentence ------------------------------------------------------------------------------------------------


def test_no_network_and_no_weights(
    place: Path, files: dict[str, Path], reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    content = entry(files, {target: f"http://zenodo.example/{path.name}" for target, path in files.items()})
    register(place / "registry", "tiny", content)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = reprosep("separate", "song.wav", "--weights", "tiny").sentence()
    assert told.startswith("--weights: tiny is not in resources/weights/tiny and could not be fetched (")
    assert "the name of the server is not known" in told
    assert "run `reprosep get tiny` where there is a network and copy the folder, or take vocals-" in told
    assert told.endswith("from https://example.org/tiny by hand and run `reprosep get tiny --from FOLDER`")
    assert not list(place.glob("song_*"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--weights, --run: none is given, expected one of them"),
        (["--weights", "tiny", "--run", "a"], "--weights, --run: both are given, expected one of them"),
        (["--weights", "tinny"], "unknown weights 'tinny' (did you mean 'tiny'?); allowed: tiny"),
        (["--weights", "tiny", "--model-folder", "nowhere"], "--model-folder: nowhere is no folder"),
        (["--weights", "tiny", "--model-folder", "empty"], "--model-folder: no vocals-"),
        (["--model-folder", "empty"], "--model-folder: empty holds neither weights that `reprosep get` imported nor"),
        (["--weights", "tiny", "--format", "wav32"], "--format: unknown format 'wav32' (did you mean 'wav24'?)"),
        (["--weights", "tiny", "--format", "flac", "--clip", "float"], "--clip: float with --format flac"),
        (
            ["--weights", "tiny", "--format", "mp3", "--output", "a.flac", "--targets", "bass"],
            "--output: a.flac is named '.flac', but --format mp3 writes '.mp3'",
        ),
        (["--weights", "tiny", "--output", "a.flac"], "--output: a.flac is named as one sound file, and there are 4"),
        (["--weights", "tiny", "--output", "resources/weights/tiny"], "resources/weights/tiny/vocals.wav: lies in"),
    ],
)
def test_what_is_asked_for_wrongly(
    place: Path, weights: dict[str, Path], reprosep: Command, options: list[str], words: str
) -> None:
    (place / "empty").mkdir()
    before = sorted(place.rglob("*"))
    assert reprosep("separate", "song.wav", *options).sentence().startswith(words)
    assert sorted(place.rglob("*")) == before


def test_a_damaged_file_is_told_before_anything_is_computed(
    place: Path, weights: dict[str, Path], reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Released, "separator", lambda *_: pytest.fail("computed"))
    path = place / "resources/weights/tiny/other.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    told = reprosep("separate", "song.wav", "--weights", "tiny").sentence()
    assert told.startswith("resources/weights/tiny/other.safetensors: no weights that `reprosep get` wrote, or damaged")
    published = weights["other"]
    published.write_bytes(published.read_bytes()[:-1] + b"\x07")
    told = reprosep("separate", "song.wav", "--weights", "tiny", "--model-folder", "published").sentence()
    assert told.startswith(f"published/{published.name}: has the checksum sha256:")


def test_own_weights_of_two_sizes(place: Path, reprosep: Command) -> None:
    wide = {**OPEN_UNMIX, "size": {**OPEN_UNMIX["size"], "hidden": 32}}  # type: ignore[dict-item]
    save(place / "mine" / "bass.pth", open_unmix(0))
    save(place / "mine" / "vocals.pth", open_unmix(0, wide))
    (place / "mine" / "separator.json").write_text('{"sample_rate": 8000, "nfft": 256, "nhop": 64, "nb_channels": 2}')
    told = reprosep("separate", "song.wav", "--model-folder", "mine").sentence()
    assert told.startswith(
        "mine/vocals.pth: weights of open-unmix with channels 2, hidden 32, layers 2, those of 'bass'"
    )
