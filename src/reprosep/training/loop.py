"""One training, from initial weights to the best epoch, resumable at every step.

The loop is part of the method, so it is written out: Adam, plateau or one-cycle learning rate, validation on whole
songs after every epoch, early stopping on the validation MSE, best weights by the same.

References
----------
Hung and Lerch 2020, Section 4 (Adam 1e-3, early stopping after 100 epochs); the authors' training logs (weight decay
1e-5, plateau factor 0.3, patience 80, cooldown 10).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reprosep.errors import Preempted, UserError
from reprosep.mixing import Recipe
from reprosep.models.build import build_model, parameter_count
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.preemption import StopRequest
from reprosep.progress import ProgressReport
from reprosep.training.checkpoint import (
    BEST,
    LAST,
    load_state,
    random_state,
    save_state,
    save_weights,
    set_random_state,
)
from reprosep.training.compilation import compiled
from reprosep.training.costs import Costs, Meter
from reprosep.training.devices import Devices, bfloat16_is_native
from reprosep.training.examples import Examples
from reprosep.training.feed import Feed
from reprosep.training.losses import activity_loss, separation_loss
from reprosep.training.validation import estimate_of, song_error

_MINUTE = 60.0  # seconds
_LOSSES = ("train_loss", "train_mse", "train_bce")


@dataclass
class Outcome:
    """What a finished training reports."""

    epochs: list[dict[str, float]]
    best_epoch: int
    best_valid_mse: float
    parameters: int
    items: int
    costs: Costs


@dataclass
class Part:
    """What is done of the epoch in progress: steps, seconds, and this process's losses over the epoch's steps.

    The losses stay on the device until somebody asks, so that no step waits for the one before.
    """

    steps: int = 0
    seconds: float = 0.0
    losses: Tensor = field(default_factory=lambda: torch.zeros(len(_LOSSES), dtype=torch.double))


class Training:
    """The state of one training; :meth:`run` takes it to its end."""

    def __init__(self, params: Params, run: Run, system: System, examples: Examples, recipes: list[Recipe]) -> None:
        settings = params.training
        self.params, self.examples, self.recipes, self.system = params, examples, recipes, system
        self.name, self.devices, self.stop = run.id, Devices(), StopRequest()
        self.device, self.feed = examples.device, Feed(examples)
        wants_bfloat16 = settings.precision == "bfloat16" or (
            settings.precision == "auto" and bfloat16_is_native(self.device)
        )
        self.precision = "bfloat16" if wants_bfloat16 else "float32"
        self.batch_size, self.batch_share = settings.batch_size, settings.batch_size // self.devices.count
        songs = examples.pool.stems.loc[examples.pool.stems["target"] == run.target, "song"].nunique()
        items = settings.items_per_epoch or settings.items_per_song * songs
        self.steps = max(items // self.batch_size, 1)
        assert run.seed is not None
        torch.manual_seed(run.seed)
        model = build_model(system, params, params.corpora[run.corpus].channels).to(self.device)
        self.model: Any = self.devices.prepare(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        planned = settings.epochs * self.steps * self.batch_size
        self.network = compiled(self.devices.parallel(self.model), settings, self.device, planned)
        if self.devices.rank:  # the first process draws what a single one does, the others go their own ways
            torch.manual_seed(run.seed + (self.devices.rank << 32))
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            settings.optimizer.learning_rate,
            weight_decay=settings.optimizer.weight_decay,
            fused=True,
        )
        self.scheduler = self._scheduler()
        self.epochs: list[dict[str, float]] = []
        self.part = Part()
        self.best_epoch, self.best_valid_mse, self.costs = 0, float("inf"), Costs()

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

    def run(self, folder: Path, recipe: str, stop: StopRequest | None = None) -> Outcome:
        """Train to the end, or from where an interrupted training of the same recipe was.

        Raises
        ------
        Preempted
            After a request to stop, as soon as the state is written.
        """
        steps = self.running(folder, recipe, stop)
        settings = self.params.training
        with ProgressReport("training", settings.epochs * self.steps, next(steps), shown=not self.devices.rank) as bar:
            for done in steps:
                bar.advance(done, note=f"epoch {len(self.epochs) + 1}")
        return self.outcome()

    def running(self, folder: Path, recipe: str, stop: StopRequest | None = None) -> Iterator[int]:
        """The same, step by step: yields the steps that were done before, then 1 after each step."""
        self.stop = self.stop if stop is None else stop
        if not self._resume(folder, recipe):
            self.model.set_statistics(*self.examples.statistics(self.devices, self.stop))
            self._heed()
        yield len(self.epochs) * self.steps + self.part.steps
        self.meter = Meter(self.device)
        keep = partial(self._keep, folder, recipe)
        try:
            while len(self.epochs) < self.params.training.epochs and not self._has_stalled():
                yield from self._epoch(keep)
                self._judge()
                self.devices.first(partial(self._keep_weights, folder))
                keep()
        except Preempted:
            keep()
            raise

    def outcome(self) -> Outcome:
        """What a finished training reports."""
        parameters = parameter_count(self.model)
        items = len(self.epochs) * self.steps * self.batch_size
        return Outcome(self.epochs, self.best_epoch, self.best_valid_mse, parameters, items, self.costs)

    def _has_stalled(self) -> bool:
        return len(self.epochs) - self.best_epoch >= self.params.training.early_stopping

    def _judge(self) -> None:
        if not self.best_epoch:
            raise UserError(
                f"run '{self.name}': the validation error of epoch {len(self.epochs)} is "
                f"{self.epochs[-1]['valid_mse']}, no number; lower training.optimizer.learning_rate"
            )

    def _epoch(self, keep: Callable[[], None]) -> Iterator[int]:
        """One epoch, or the rest of one, step by step."""
        part, kept = self.part, time.monotonic()
        self.model.train()
        while part.steps < self.steps:
            self._heed()
            start = time.monotonic()
            if self.devices.any(start - kept > _MINUTE * self.params.machine.checkpoint_minutes):
                keep()
                kept = start
            losses = self.step(len(self.epochs) * self.steps + part.steps)
            part.losses = part.losses.to(self.device) + losses.double() / self.steps
            part.steps += 1
            part.seconds += time.monotonic() - start
            yield 1
        start = time.monotonic()
        losses = self.devices.total(part.losses.to(self.device)) / self.devices.count
        sums = dict(zip(_LOSSES, losses.tolist(), strict=True))  # waits for the device
        part.seconds += time.monotonic() - start
        start = time.monotonic()
        valid = self.validate()
        learning_rate = self.optimizer.param_groups[0]["lr"]
        if self.params.training.schedule == "plateau":
            self.scheduler.step(valid)
        seconds = part.seconds + time.monotonic() - start
        self.meter.add(self.costs, seconds, self.devices.count)
        log = {"epoch": len(self.epochs) + 1, **sums, "valid_mse": valid, "learning_rate": learning_rate}
        speed = self.steps * self.batch_size / part.seconds
        self.epochs.append({**log, "seconds": seconds, "items_per_second": speed})
        self.part = Part()
        if valid < self.best_valid_mse:
            self.best_valid_mse, self.best_epoch = valid, len(self.epochs)

    def _heed(self) -> None:
        """Stop when told to; what is known by then is in the state."""
        if self.stop.reason:
            where = f"in epoch {len(self.epochs) + 1} after {self.part.steps} of {self.steps} steps"
            raise Preempted(
                f"run '{self.name}': stopped by {self.stop.reason} {where}; the same command goes on from there"
            )

    def step(self, step: int) -> Tensor:
        """Step `step` since the beginning: one batch, one update; its losses, ``(3,)`` on the device."""
        first = step * self.batch_size + self.devices.rank * self.batch_share
        batch = self.feed.batch(first, self.batch_share, first + self.batch_size)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            estimate, logit = self.network(batch.mixture.contiguous(memory_format=torch.channels_last))
        mse = separation_loss(estimate, batch.target)
        bce = activity_loss(logit, batch.labels) if logit is not None else torch.zeros((), device=self.device)
        loss = mse + self.system.activity_weight * bce
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.params.training.schedule == "one-cycle":
            self.scheduler.step()
        return torch.stack([loss, mse, bce]).detach()

    def validate(self) -> float:
        """Mean over songs of the MSE over the whole song; the gate plays no part in it."""
        mine = self.devices.share(len(self.recipes))
        songs = self.stop.until(self.examples.songs([self.recipes[number] for number in mine]))
        errors = torch.zeros(len(self.recipes), dtype=torch.double, device=self.device)
        for number, song in zip(mine, songs, strict=False):  # one place per song, so that sums have one order
            parts = self.stop.until(estimate_of(song, self.model, self.params))
            errors[number] = song_error(song, parts)
        errors = self.devices.total(errors)
        self._heed()
        return sum(errors.tolist()) / len(errors)

    def _keep_weights(self, folder: Path) -> None:
        if self.best_epoch == len(self.epochs):
            save_weights(folder / BEST, self.model)
        save_weights(folder / LAST, self.model)

    def _keep(self, folder: Path, recipe: str) -> None:
        state = self._state(recipe)
        self.devices.first(partial(save_state, folder, state))

    def _state(self, recipe: str) -> dict[str, Any]:
        return {
            "recipe": recipe,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": self.devices.all_of(random_state(self.device)),
            "epochs": self.epochs,
            "part": {"steps": self.part.steps, "seconds": self.part.seconds},
            "losses": self.devices.all_of(self.part.losses.cpu()),
            "best_epoch": self.best_epoch,
            "best_valid_mse": self.best_valid_mse,
            "costs": asdict(self.costs),
        }

    def _resume(self, folder: Path, recipe: str) -> bool:
        state = self.devices.first(partial(load_state, folder, recipe))
        if state is None:
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        set_random_state(state["random"][self.devices.rank], self.device)
        self.epochs, self.best_epoch = state["epochs"], state["best_epoch"]
        self.part = Part(**state["part"], losses=state["losses"][self.devices.rank])
        self.best_valid_mse, self.costs = state["best_valid_mse"], Costs(**state["costs"])
        return True
