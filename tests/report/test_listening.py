"""Players of one song have one gain, by which the loudest of them does not clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reprosep.audio.io import read_sound
from reprosep.report.listening import _write_excerpts
from synthetic_results import make_params


def test_no_excerpt_clips(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tone = 0.5 * np.sin(np.arange(16000) * 0.05)[None].astype(np.float32)
    written = _write_excerpts(make_params(), tmp_path, "Song", {"mixture": tone, "bass_net": 4 * tone})
    assert not caplog.text
    quiet, loud = (np.abs(read_sound(tmp_path / written[name]["file"])[0]).max() for name in ("mixture", "bass_net"))
    assert 0.85 < loud < 0.97 and loud / quiet == pytest.approx(4, rel=0.05)
