"""A training item that is written is the one that the training saw, also beyond full scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Line
from reprosep.experiments.target.item import training_item
from reprosep.mixtures.mixing import Mixer


def test_a_training_item_is_written_as_it_was_seen(
    prepared: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prepared.folder)
    loud = np.random.default_rng(1).uniform(-2.4, 2.4, (2, 1, 800)).astype(np.float32)
    monkeypatch.setattr(Mixer, "render", lambda *_: loud)
    training_item(prepared.params, "mm_vocals_iass_s42", 0, tmp_path)
    for name, wave in zip(("target", "mixture"), loud, strict=True):
        found, _ = soundfile.read(str(tmp_path / f"mm_vocals_iass_s42_0_{name}.wav"), dtype="float32", always_2d=True)
        np.testing.assert_array_equal(found.T, wave)
