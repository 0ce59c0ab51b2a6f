"""Does the stated uncertainty cover by how much museval differs from us and from itself, on coded sound above all?"""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import museval.metrics
import numpy as np
import pytest
import soundfile
from scipy import signal

from reprosep.audio.io import read_sound
from reprosep.base.project import repository
from reprosep.metrics import METRICS, References
from reprosep.results.spot_check import largest_difference
from scores import int16, mixed_estimates, stems

RATE = 44100
MULTITRACK = repository().parent / "shared" / "data" / "multitrack"


def museval_scores(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """SDR, ISR, SIR and SAR, ``(metric, source, frame)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.stack(museval.metrics.bss_eval(references, estimates, window=RATE, hop=RATE)[:4])


def differences(references: np.ndarray, estimates: np.ndarray) -> tuple[float, float]:
    """Of museval's scores in dB: from ours, and from its own with the sources in another order."""
    (scores,) = References(references, RATE).score(estimates)
    ours = np.stack([getattr(scores, metric) for metric in METRICS])
    theirs = museval_scores(references, estimates)
    turned = museval_scores(references[::-1], estimates[::-1])[:, ::-1]
    return largest_difference(ours, theirs), largest_difference(turned, theirs)


def coded(references: np.ndarray, folder: Path, codec: str = "libmp3lame", rate: str = "64k") -> np.ndarray:
    """Each source encoded and decoded to floating point."""
    decoded = []
    for number, samples in enumerate(references):
        wav, lossy = folder / f"{number}.wav", folder / f"{number}.{'mp3' if codec == 'libmp3lame' else 'm4a'}"
        soundfile.write(str(wav), samples, RATE, subtype="PCM_16")
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(wav), "-c:a", codec, "-b:a", rate, str(lossy)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(f"this ffmpeg has no encoder {codec}")
        decoded.append(read_sound(lossy)[0][: len(samples)])
    return np.stack(decoded).astype(float)


def nearly_mono(sources: int, seconds: int) -> np.ndarray:
    """Sources whose channels differ by a tenth, as with a little reverberation: 16 bits."""
    references = stems(sources, 2, seconds * RATE)
    mono = references.mean(axis=2, keepdims=True)
    return int16(mono + 0.1 * (references - mono))


def panned(references: np.ndarray) -> np.ndarray:
    """Each source mono and panned, 16 bits: its channels differ by the rounding alone."""
    gains = np.linspace(0.3, 0.7, len(references))[:, None, None]
    mono = references.mean(axis=2, keepdims=True)
    return int16(np.concatenate([gains * mono, (1 - gains) * mono], axis=2))


def band_limited(references: np.ndarray) -> np.ndarray:
    """Without anything above 16 kHz, as a decoder leaves it, but the rounding to 20 bits."""
    sections = signal.butter(24, 16000, output="sos", fs=RATE)
    return np.asarray(np.round(signal.sosfiltfilt(sections, references, axis=1) * 2**19) / 2**19)


needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")


MATERIAL: dict[str, Callable[[np.ndarray, Path], np.ndarray]] = {
    "band-limited": lambda made, _: band_limited(made),
    "panned": lambda made, _: panned(made),
    "mp3": coded,
}


@pytest.mark.parametrize("kind", ["band-limited", "panned", pytest.param("mp3", marks=needs_ffmpeg)])
def test_the_uncertainty_covers_what_is_made(kind: str, tmp_path: Path) -> None:
    references = MATERIAL[kind](nearly_mono(2, 3), tmp_path)
    found = References(references).conditioning
    assert found.channel_share < found.share / 5
    assert max(differences(references, mixed_estimates(references))) < found.uncertainty < np.inf


@pytest.mark.parametrize("make", [lambda made: made, panned])
def test_recordings_of_16_bits_are_well_posed(make: Callable[[np.ndarray], np.ndarray]) -> None:
    found = References(make(nearly_mono(2, 3))).conditioning
    assert not found.ill_posed
    assert found.uncertainty < 1e-4


def test_of_mono_sources_both_shares_are_one() -> None:
    found = References(stems(3, 1, 2 * RATE)).conditioning
    assert found.channel_share == pytest.approx(found.share, rel=1e-6)


def test_shares_of_rounding_alone_say_nothing() -> None:
    spectra = np.fft.rfft(stems(2, 1, 2 * RATE) * np.hanning(2 * RATE)[:, None] ** 2, axis=1)
    spectra[:, spectra.shape[1] // 2 :] = 0
    found = References(np.fft.irfft(spectra, 2 * RATE, axis=1)).conditioning
    assert found.ill_posed
    assert found.uncertainty == np.inf


@needs_ffmpeg
@pytest.mark.parametrize(
    ("codec", "rate"), [("libmp3lame", "64k"), pytest.param("aac", "128k", marks=pytest.mark.slow)]
)
def test_the_uncertainty_covers_a_real_song(codec: str, rate: str, tmp_path: Path) -> None:
    folder = MULTITRACK / "1.Hydrogen"
    if not folder.is_dir():
        pytest.skip("needs five real songs in ../shared/data/multitrack")
    span = slice(10 * RATE, 14 * RATE)
    recordings = np.stack([read_sound(path)[0][span] for path in sorted(folder.glob("*.ogg"))])
    references = coded(recordings, tmp_path, codec, rate)
    found = References(references).conditioning
    assert max(differences(references, mixed_estimates(references))) < found.uncertainty < np.inf
    assert not References(int16(references)).conditioning.ill_posed
