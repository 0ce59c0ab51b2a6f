"""Validation of whole songs."""

from __future__ import annotations

from typing import Any

from measuring.clock import seconds_of
from measuring.differences import told
from measuring.findings import Findings
from measuring.noise import noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import one_of_every_network

_ROUNDING = 1e-4  # relative, of a loss over songs or items in float32
_TOGETHER = (1, 8)  # chunks of a song at a time


def measure(day: Day, findings: Findings) -> None:
    """One run of every network: how long, and whether it is the processor's."""
    table = findings.table(
        "Validation on noise", *("run", "chunks at once", "ms per second of music", "four minutes take")
    )
    with noise_of(day) as noise:
        for run, system in one_of_every_network(day, day.sizes.scale):
            found: dict[str, dict[str, float]] = {}
            for together in _TOGETHER if day.on_gpu and system.kind == "target" else _TOGETHER[-1:]:
                change: dict[str, Any] = {
                    "separation": {"chunks_at_once": together},
                    "training": {"batch_size": 4, "precision": "float32"},
                }
                training = noise.training(day.sizes.scale, run, system, change)
                training.begin()
                found["device"] = training.validate()
                each = seconds_of(training.validate, day.device, 1) / training.validated_seconds
                table.row(run.id, str(together), f"{1000 * each:.2f}", f"{240 * each:.2f} s")
            on_processor = noise.training(day.sizes.scale, run, system, change, on="cpu")
            on_processor.model.load_state_dict(training.model.state_dict())
            found["processor"] = on_processor.validate()
            apart = max(
                abs(found["device"][name] - value) / max(abs(value), 1e-12)
                for name, value in found["processor"].items()
            )
            what = f"{run.id}, processor against {day.device_name}"
            findings.check(what, f"{told(apart)} apart", f"less than {_ROUNDING:g}", apart < _ROUNDING)


SECTION = Section(
    name="validation",
    title="Validation",
    about="How long a song takes to validate after every epoch, and whether its error is the processor's.",
    seconds=25,
    measure=measure,
)
