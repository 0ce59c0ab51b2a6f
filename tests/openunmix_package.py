"""The `openunmix` package, to be compared with, where its torchaudio is not to be had."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest


def openunmix(module: str) -> Any:
    """A module of the package; its import of torchaudio, which it needs for loading sound only, is stubbed."""
    if "torchaudio" not in sys.modules:
        try:
            import torchaudio  # noqa: F401
        except (ImportError, OSError):
            sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    return pytest.importorskip(f"openunmix.{module}", reason="needs the openunmix package")
