"""The weightings against the authors' own constants, worked out from the energies in their settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reprosep.experiments.sources.weights import (
    batch_energy_weights,
    dynamic_weights,
    energy_weights,
    inverse_energy_weights,
)

# Mean energies of chunks in the authors' settings.py.
TWO = {"vocals": 173.4346, "accompaniment": 687.5261}
FOUR = {"vocals": 173.4346, "drums": 218.6938, "bass": 252.7046, "other": 216.4932}


@pytest.mark.parametrize(
    ("energies", "first", "second"),
    [
        (TWO, [3.9642, 1], [15.715, 1]),
        (FOUR, [1.4571, 1.1555, 1, 1.1673], [2.1230, 1.3352, 1, 1.3625]),
    ],
)
def test_energy_weights_are_the_authors(energies: dict[str, float], first: list[float], second: list[float]) -> None:
    np.testing.assert_allclose(energy_weights(list(energies.values())), first, atol=1e-4)
    np.testing.assert_allclose(energy_weights(list(energies.values()), power=2), second, rtol=1e-4)


@pytest.mark.parametrize(("energies", "expected"), [(TWO, [0.7986, 0.2014]), (FOUR, [0.3048, 0.2417, 0.2092, 0.2442])])
def test_inverse_energy_weights_are_the_authors(energies: dict[str, float], expected: list[float]) -> None:
    np.testing.assert_allclose(inverse_energy_weights(list(energies.values())), expected, atol=1e-4)


def test_dynamic_weights() -> None:
    assert dynamic_weights([], 2.0, 2).tolist() == [1.0, 1.0]
    assert dynamic_weights([[3.0, 4.0]], 2.0, 2).tolist() == [1.0, 1.0]
    found = dynamic_weights([[9.0, 9.0], [2.0, 4.0], [1.0, 4.0]], 2.0, 2)
    plain = np.exp([0.5 / 2, 1.0 / 2])
    np.testing.assert_allclose(found, 2 * plain / plain.sum())
    assert found.sum() == pytest.approx(2)
    # A source that no longer improves weighs more; a high temperature makes all alike.
    assert found[1] > found[0]
    np.testing.assert_allclose(dynamic_weights([[2.0, 4.0], [1.0, 4.0]], 1e6, 2), [1, 1], atol=1e-5)


def test_batch_energy_weights() -> None:
    energies = torch.rand(4)
    torch.testing.assert_close(batch_energy_weights(energies), energies.max() / energies)
    torch.testing.assert_close(batch_energy_weights(energies, reference=1), energies[1] / energies)
    assert float(batch_energy_weights(energies).min()) == 1.0


def test_a_silent_source_has_no_weight() -> None:
    found = batch_energy_weights(torch.tensor([2.0, 0.0, 1.0]))
    assert torch.isfinite(found).all() and found[1] == 0
