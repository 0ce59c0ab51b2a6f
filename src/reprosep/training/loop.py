"""One training, from initial weights to the best epoch, resumable at every epoch.

The loop is part of the method, so it is written out: Adam, plateau or one-cycle learning rate, validation on whole
songs after every epoch, early stopping on the validation MSE, best weights by the same.

References
----------
Hung and Lerch 2020, Section 4 (Adam 1e-3, early stopping after 100 epochs); the authors' training logs (weight decay
1e-5, plateau factor 0.3, patience 80, cooldown 10).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from reprosep.errors import UserError
from reprosep.files import digest, whole_file
from reprosep.mixing import Recipe
from reprosep.models.build import build_model, parameter_count
from reprosep.models.whole_song import estimate_song
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.progress import ProgressReport
from reprosep.training.checkpoint import BEST, LAST, load_state, load_weights, save_state, save_weights
from reprosep.training.examples import Examples
from reprosep.training.losses import activity_loss, separation_loss


@dataclass
class Outcome:
    """What a finished training reports."""

    epochs: list[dict[str, float]]
    best_epoch: int
    best_valid_mse: float
    parameters: int
    items: int
    device_seconds: float


def bfloat16_is_native(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 rather than emulates it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class Training:
    """The state of one training; :meth:`run` takes it to its end."""

    def __init__(self, params: Params, run: Run, system: System, examples: Examples, recipes: list[Recipe]) -> None:
        settings = params.training
        self.params, self.examples, self.recipes, self.system = params, examples, recipes, system
        self.name = run.id
        self.device = torch.device("cuda" if settings.gpu and torch.cuda.is_available() else "cpu")
        wants_bfloat16 = settings.precision == "bfloat16" or (
            settings.precision == "auto" and bfloat16_is_native(self.device)
        )
        self.precision = "bfloat16" if wants_bfloat16 else "float32"
        self.batch_size = settings.batch_size
        songs = examples.pool.stems.loc[examples.pool.stems["target"] == run.target, "song"].nunique()
        items = settings.items_per_epoch or settings.items_per_song * songs
        self.steps = max(items // self.batch_size, 1)
        assert run.seed is not None
        torch.manual_seed(run.seed)
        model = build_model(system, params, params.corpora[run.corpus].channels)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), settings.optimizer.learning_rate, weight_decay=settings.optimizer.weight_decay
        )
        self.scheduler = self._scheduler()
        self.epochs: list[dict[str, float]] = []
        self.best_epoch, self.best_valid_mse, self.device_seconds = 0, float("inf"), 0.0

    def _scheduler(self) -> Any:
        settings = self.params.training
        if settings.schedule == "one-cycle":
            return torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, settings.optimizer.learning_rate, total_steps=settings.epochs * self.steps
            )
        plateau = settings.plateau
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=plateau.factor, patience=plateau.patience, cooldown=plateau.cooldown
        )

    def run(self, folder: Path, recipe: str) -> Outcome:
        """Train to the end, or from the last whole epoch of an interrupted training of the same recipe."""
        if not self._resume(folder, recipe):
            self.model.set_statistics(*self.examples.statistics())
        settings = self.params.training
        with ProgressReport("training", settings.epochs * self.steps) as progress:
            progress.advance(len(self.epochs) * self.steps)
            while len(self.epochs) < settings.epochs and not self._has_stalled():
                self._epoch(progress)
                if not self.best_epoch:
                    raise UserError(
                        f"run '{self.name}': the validation error of epoch {len(self.epochs)} is "
                        f"{self.epochs[-1]['valid_mse']}, no number; lower training.optimizer.learning_rate"
                    )
                if self.best_epoch == len(self.epochs):
                    save_weights(folder / BEST, self.model)
                save_weights(folder / LAST, self.model)
                save_state(folder, self._state(recipe))
        parameters = parameter_count(self.model)
        items = len(self.epochs) * self.steps * self.batch_size
        return Outcome(self.epochs, self.best_epoch, self.best_valid_mse, parameters, items, self.device_seconds)

    def _has_stalled(self) -> bool:
        return len(self.epochs) - self.best_epoch >= self.params.training.early_stopping

    def _epoch(self, progress: ProgressReport) -> None:
        start = time.monotonic()
        sums = {"train_loss": 0.0, "train_mse": 0.0, "train_bce": 0.0}
        self.model.train()
        for step in range(self.steps):
            for name, value in self.step(len(self.epochs) * self.steps + step).items():
                sums[name] += value / self.steps
            progress.advance(note=f"epoch {len(self.epochs) + 1}")
        trained = time.monotonic() - start
        valid = self.validate()
        learning_rate = self.optimizer.param_groups[0]["lr"]
        if self.params.training.schedule == "plateau":
            self.scheduler.step(valid)
        seconds = time.monotonic() - start
        self.device_seconds += seconds
        log = {"epoch": len(self.epochs) + 1, **sums, "valid_mse": valid, "learning_rate": learning_rate}
        self.epochs.append({**log, "seconds": seconds, "items_per_second": self.steps * self.batch_size / trained})
        if valid < self.best_valid_mse:
            self.best_valid_mse, self.best_epoch = valid, len(self.epochs)

    def step(self, step: int) -> dict[str, float]:
        """Step `step` since the beginning: one batch, one update; the losses of it."""
        batch = self.examples.batch(step * self.batch_size, self.batch_size).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            estimate, logit = self.model(batch.mixture.contiguous(memory_format=torch.channels_last))
        mse = separation_loss(estimate, batch.target)
        bce = activity_loss(logit, batch.labels) if logit is not None else torch.zeros((), device=self.device)
        loss = mse + self.system.activity_weight * bce
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.params.training.schedule == "one-cycle":
            self.scheduler.step()
        return {"train_loss": loss.item(), "train_mse": mse.item(), "train_bce": bce.item()}

    def validate(self) -> float:
        """Mean over songs of the MSE over the whole song; the gate plays no part in it."""
        losses = []
        for song in self.examples.songs(self.recipes):
            mixture, target = song.mixture[0].to(self.device), song.target[0].numpy()
            part_of = partial(_frames, mixture)
            parts = estimate_song(self.model, part_of, mixture.shape[-1], self.params.separation.chunk_frames)
            squares = sum(
                float(((part - target[..., first : first + part.shape[-1]]) ** 2).sum(dtype="float64"))
                for first, part, _ in parts
            )
            losses.append(squares / target.size)
        return sum(losses) / len(losses)

    def _state(self, recipe: str) -> dict[str, Any]:
        return {
            "recipe": recipe,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "best_valid_mse": self.best_valid_mse,
            "device_seconds": self.device_seconds,
        }

    def _resume(self, folder: Path, recipe: str) -> bool:
        state = load_state(folder, recipe)
        if state is None or not (folder / BEST).exists():
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"])
        self.epochs, self.best_epoch = state["epochs"], state["best_epoch"]
        self.best_valid_mse, self.device_seconds = state["best_valid_mse"], state["device_seconds"]
        return True


def _frames(magnitudes: torch.Tensor, first: int, end: int) -> torch.Tensor:
    return magnitudes[..., first:end]


def recipe_digest(params: Params, run: Run, system: System, data: list[str], code: str) -> str:
    """What a training is a function of: parameters, run, data and code; a checkpoint of another is not resumed."""
    names = ("audio", "stft", "activity", "mixing", "models", "training")
    sections = {name: getattr(params, name).model_dump() for name in names}
    return digest([sections, run.id, system.model_dump(), data, code], length=32)


def write_epochs(path: Path, epochs: list[dict[str, float]]) -> None:
    """The per-epoch log as CSV."""
    with whole_file(path) as temporary:
        pd.DataFrame(epochs).to_csv(temporary, index=False)


def load_best(folder: Path, params: Params, system: System, channels: int) -> Any:
    """The network of a finished run with its best weights, ready to estimate."""
    model = build_model(system, params, channels)
    load_weights(folder / BEST, model)
    return model.eval()
