"""The checksum of a FLAC file's samples is looked at when they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reprosep.audio.flac import Checksum
from reprosep.audio.io import read_sound, sound_blocks
from reprosep.base.errors import UserError


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@settings(max_examples=20, deadline=None)
@given(
    samples=arrays.arrays(
        np.float32, st.tuples(st.integers(1, 300), st.integers(1, 3)), elements=st.floats(-1, 1, width=32)
    )
)
def test_any_samples_fit(tmp_path_factory: pytest.TempPathFactory, subtype: str, samples: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("flac") / "a"
    soundfile.write(path, samples, 8000, subtype=subtype, format="FLAC")
    assert Checksum.of(path)
    assert read_sound(path)[0].shape == samples.shape
    assert sum(len(block) for block in sound_blocks(path, 0, 7)) == len(samples)


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000, 12345])
def test_another_rate_in_the_header_is_told(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a", np.zeros(5000), rate, format="FLAC")
    assert read_sound(tmp_path / "a")[1] == rate
    content = bytearray((tmp_path / "a").read_bytes())
    content[19] ^= 1  # of its 20 bits
    (tmp_path / "a").write_bytes(content)
    if rate == 12345:  # the frames say that the header's counts
        assert read_sound(tmp_path / "a")[1] != rate
    else:
        with pytest.raises(UserError, match=rf"a: damaged, its header says \d+ Hz and its first frame {rate} Hz"):
            read_sound(tmp_path / "a")


def test_another_sound_in_a_frame_is_told(tmp_path: Path) -> None:
    """A frame of another file of the same length decodes without an error."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (4096 * 3, 1))
    for name, sound in (("a", noise), ("b", noise * 0.25)):
        soundfile.write(tmp_path / name, sound, 8000, format="FLAC")
    a, b = (bytearray((tmp_path / name).read_bytes()) for name in "ab")
    (tmp_path / "mixed").write_bytes(a[:42] + b[42:])
    with pytest.raises(UserError, match="mixed: damaged, its samples do not fit the checksum in its header; copy"):
        read_sound(tmp_path / "mixed")
