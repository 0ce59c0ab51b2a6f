"""The examples in the docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["bsseval", "bsseval_v3", "si_sdr", "usdr", "drop_in"])
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"reprosep.metrics.{name}"))
    assert result.attempted >= 3
    assert result.failed == 0
