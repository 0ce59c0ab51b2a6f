"""A short training in bfloat16 against float32."""

from __future__ import annotations

from typing import Any

from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

_SYSTEMS = ("iass", "open-unmix")
_NEAR = 0.03  # by which a loss in bfloat16 may differ from that in float32
_WAYS: dict[str, dict[str, Any]] = {
    "float32": {"precision": "float32", "tf32": False},
    "TF32": {"precision": "float32", "tf32": True},
    "bfloat16": {"precision": "bfloat16", "tf32": False},
}


def measure(day: Day, findings: Findings) -> None:
    """The same items, weights and order in every precision."""
    with noise_of(day) as noise:
        for system in _SYSTEMS:
            curves = {}
            table = findings.table(
                f"{system}: losses by epochs of {day.sizes.short_steps} steps",
                *("precision", "training losses", "validation losses", "seconds of the last epoch"),
            )
            for name, settings in _WAYS.items():
                curves[name] = epochs = _trained(noise, system, name, settings)
                train, valid = (_column(epochs, key) for key in ("train_loss", "valid_mse"))
                table.row(name, train, valid, f"{epochs[-1]['seconds']:.2f}")
            for name in ("TF32", "bfloat16"):
                _judge(day, findings, f"{system} in {name}", curves["float32"], curves[name])


def _trained(noise: Noise, system: str, name: str, settings: dict[str, Any]) -> list[dict[str, float]]:
    day, batch = noise.day, noise.day.sizes.batches[0]
    size = {"epochs": day.sizes.short_epochs, "items_per_epoch": day.sizes.short_steps * batch, "batch_size": batch}
    change = {"training": {**size, **settings, "schedule": "plateau"}}
    training = noise.training(day.sizes.scale, *target_run("mm", "vocals", system), change)
    return training.run(noise.folder / f"{system}-{name}", "recipe").epochs


def _column(epochs: list[dict[str, float]], name: str) -> str:
    return ", ".join(f"{epoch[name]:.4g}" for epoch in epochs)


def _judge(day: Day, findings: Findings, what: str, one: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    for key, title in (("train_loss", "training"), ("valid_mse", "validation")):
        apart = abs(other[-1][key] / one[-1][key] - 1)
        found = f"last {title} loss {100 * apart:.2f} % from float32's"
        findings.check(f"{what}, {title}", found, f"within {100 * _NEAR:.0f} %", apart < _NEAR)
    begun, ended = other[0]["train_loss"], other[-1]["train_loss"]
    findings.check(
        f"{what} learns", f"{begun:.4g}, then {ended:.4g}", "a loss that falls", None if day.tiny else ended < begun
    )


SECTION = Section(
    name="precision",
    title="A short training in bfloat16 and in float32",
    about=(
        "Whether bfloat16, in which a GPU trains by default, learns what float32 learns: a few hundred steps on noise."
    ),
    seconds=30,
    measure=measure,
)
