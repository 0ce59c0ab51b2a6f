"""One training, from initial weights to the best epoch, resumable at every step.

The loop is part of the method, so it is written out: Adam or SGD, plateau or one-cycle learning rate, validation after
every epoch, early stopping and best weights by the validation's losses. What is trained, on which batches and by which
losses, is said by the classes that complete this one, one in each kind's folder of :mod:`reprosep.experiments`.

References
----------
Hung and Lerch 2020, Section 4 (Adam 1e-3, early stopping after 100 epochs); the authors' training logs (weight decay
1e-5, plateau factor 0.3, patience 80, cooldown 10). Open-Unmix v1 (early stopping after 140 epochs). Kadandale et al.
2020, their released code (SGD with momentum).
"""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.base.progress import ProgressReport
from reprosep.models.inference import parameter_count
from reprosep.papers.run import Run
from reprosep.papers.system import Network
from reprosep.params.scale import Params
from reprosep.training.checkpoint import (
    BEST,
    LAST,
    copied,
    load_state,
    packed,
    random_state,
    set_random_state,
    write_state,
    write_weights,
)
from reprosep.training.compilation import compiled
from reprosep.training.costs import Costs, Meter
from reprosep.training.devices import Devices, bfloat16_is_native
from reprosep.training.feed import Batches, Feed
from reprosep.training.graphs import GraphedPasses, graphed
from reprosep.training.optimizers import optimizer_of
from reprosep.training.state_writer import StateWriter
from reprosep.training.step_clock import StepClock
from reprosep.training.weight_gradients import speed_up_weight_gradients

_MINUTE = 60.0  # seconds
_LONG_WRITE, _MOST_OF_TIME = 1.0, 0.1  # seconds of writing a state, and the share of the time, that are too much
NetworkType = TypeVar("NetworkType", bound=Network)


@dataclass
class Outcome:
    """What a finished training reports."""

    epochs: list[dict[str, float]]
    best_epoch: int
    best_valid_loss: float
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
    losses: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.double))


class Training(ABC, Generic[NetworkType]):
    """The state of one training; :meth:`run` takes it to its end.

    Attributes
    ----------
    losses
        Names of the columns of the epoch log that hold the losses of the training, the one that is minimised first.
    judged_by, stalled_by
        Columns by which the best epoch is chosen, and whose lowest value early stopping waits for.
    """

    losses: tuple[str, ...]
    judged_by: str
    stalled_by: str

    def __init__(self, params: Params, run: Run, system: NetworkType, batches: Batches, items: int) -> None:
        """`items` make an epoch if the parameters do not say otherwise."""
        settings = params.training
        self.params, self.examples, self.system = params, batches, system
        self.name, self.devices, self.stop = run.id, Devices(), StopRequest()
        self.device, self.feed = batches.device, Feed(batches)
        self.clock = StepClock(self.device)
        wants_bfloat16 = settings.precision == "bfloat16" or (
            settings.precision == "auto" and bfloat16_is_native(self.device)
        )
        self.precision = "bfloat16" if wants_bfloat16 else "float32"
        self.batch_size, self.batch_share = settings.batch_size, settings.batch_size // self.devices.count
        self.steps = max((settings.items_per_epoch or items) // self.batch_size, 1)
        assert run.seed is not None
        torch.manual_seed(run.seed)
        model = self.build().to(self.device)
        self.model: Any = self.devices.prepare(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        speed_up_weight_gradients(self.model, self.precision, self.device)
        planned = settings.epochs * self.steps * self.batch_size
        parallel = self.devices.parallel(self.model)
        self.network = compiled(parallel, settings, self.device, planned)
        is_compiled = self.network is not parallel
        self.passes = graphed(self._passes, settings, self.device, is_compiled, self.devices.count)
        if self.devices.rank:  # the first process draws what a single one does, the others go their own ways
            torch.manual_seed(run.seed + (self.devices.rank << 32))
        self.early_stopping = system.early_stopping or settings.early_stopping
        self.learning_rate = system.learning_rate_factor * settings.optimizer.learning_rate
        self.optimizer = optimizer_of(self.model, settings.optimizer, self.learning_rate)
        self.scheduler = self._scheduler()
        self.epochs: list[dict[str, float]] = []
        self.part = self._nothing_done()
        self.best_epoch, self.best_valid_loss, self.costs = 0, float("inf"), Costs()
        self._best: dict[str, Tensor] | None = None  # weights of the best epoch that are not written yet
        self._kept, self._keeping = time.monotonic(), 0.0  # when the last state was written, and how long that took
        self._unkept = False  # whether an epoch ended since
        self._writer = StateWriter(self.device)

    # ---- what is trained -----------------------------------------------------------------------------------------

    @abstractmethod
    def build(self) -> nn.Module:
        """The network, initialised from torch's random state."""

    @abstractmethod
    def begin(self) -> None:
        """What a training does once, before its first step."""

    @abstractmethod
    def losses_of(self, batch: Any) -> tuple[Tensor, Tensor]:
        """The loss of a batch that is minimised, and the values of :attr:`losses`, on the device."""

    @property
    @abstractmethod
    def validated_seconds(self) -> float:
        """Seconds of music that are validated in an epoch."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """The validation's losses by column of the epoch log."""

    # ---- the loop ------------------------------------------------------------------------------------------------

    def _nothing_done(self) -> Part:
        return Part(losses=torch.zeros(len(self.losses), dtype=torch.double, device=self.device))

    def _scheduler(self) -> Any:
        settings = self.params.training
        if settings.schedule == "one-cycle":
            return torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, self.learning_rate, total_steps=settings.epochs * self.steps
            )
        plateau = settings.plateau
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer,
            factor=plateau.factor,
            patience=plateau.patience,
            cooldown=plateau.cooldown,
            threshold=plateau.threshold,
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
            self.begin()
            self._heed()
        yield len(self.epochs) * self.steps + self.part.steps
        self.meter = Meter(self.device)
        keep = partial(self._keep, folder, recipe)
        try:
            while len(self.epochs) < self.params.training.epochs and not self._has_stalled():
                yield from self._epoch(keep)
                self._judge()
                self._note_best()
                self._keep_where_worth_it(keep)
            if self.devices.highest(self._unkept)[0]:
                keep()
            self.devices.first(self._writer.wait)
        except Preempted:
            keep()
            self.devices.first(self._writer.wait)
            raise

    def outcome(self) -> Outcome:
        """What a finished training reports."""
        parameters = parameter_count(self.model)
        items = len(self.epochs) * self.steps * self.batch_size
        return Outcome(self.epochs, self.best_epoch, self.best_valid_loss, parameters, items, self.costs)

    def _has_stalled(self) -> bool:
        losses = [epoch[self.stalled_by] for epoch in self.epochs]
        lowest = 1 + min(range(len(losses)), key=losses.__getitem__) if losses else 0
        return len(losses) - lowest >= self.early_stopping

    def _judge(self) -> None:
        if not self.best_epoch:
            raise UserError(
                f"run '{self.name}': the validation error of epoch {len(self.epochs)} is "
                f"{self.epochs[-1][self.judged_by]}, no number; lower training.optimizer.learning_rate"
            )

    def _epoch(self, keep: Callable[[], None]) -> Iterator[int]:
        """One epoch, or the rest of one, step by step."""
        part = self.part
        self.model.train()
        if isinstance(self.passes, GraphedPasses):
            self.passes.begin()
        while part.steps < self.steps:
            with self.clock.running():
                if self._heed(time.monotonic() - self._kept > _MINUTE * self.params.machine.checkpoint_minutes):
                    keep()
                losses = self.step(len(self.epochs) * self.steps + part.steps)
                part.losses = part.losses + losses.double() / self.steps
            part.steps += 1
            yield 1
        with self.clock.running():
            losses = self.devices.total(part.losses) / self.devices.count
            sums = dict(zip(self.losses, losses.tolist(), strict=True))  # waits for the device
        part.seconds += self.clock.read()
        with self.clock.running():
            valid = self.validate()
            self._heed()
        learning_rate = self.optimizer.param_groups[0]["lr"]
        if self.params.training.schedule == "plateau":
            watched = self.params.training.plateau.of
            self.scheduler.step(sums[self.losses[0]] if watched == "train" else valid[self.judged_by])
        seconds = part.seconds + self.clock.read()
        self.meter.add(self.costs, seconds, self.devices.count)
        log = {"epoch": len(self.epochs) + 1, **sums, **valid, "learning_rate": learning_rate}
        speed = self.steps * self.batch_size / part.seconds
        self.epochs.append({**log, "seconds": seconds, "items_per_second": speed})
        self.part, self._unkept = self._nothing_done(), True
        if valid[self.judged_by] < self.best_valid_loss:
            self.best_valid_loss, self.best_epoch = valid[self.judged_by], len(self.epochs)

    def _heed(self, due: bool = False) -> bool:
        """Stop when any process was told to, all at the same place; what is known by then is in the state.

        Returns whether any process says that a checkpoint is due.
        """
        told, is_due = self.devices.highest(self.stop.number, due)
        if told:
            where = f"in epoch {len(self.epochs) + 1} after {self.part.steps} of {self.steps} steps"
            name = signal.Signals(told).name
            raise Preempted(f"run '{self.name}': stopped by {name} {where}; the same command goes on from there")
        return bool(is_due)

    def step(self, step: int) -> Tensor:
        """Step `step` since the beginning: one batch, one update; its losses on the device."""
        first = step * self.batch_size + self.devices.rank * self.batch_share
        losses = self.passes(self.feed.batch(first, self.batch_share, first + self.batch_size))
        self.optimizer.step()
        if self.params.training.schedule == "one-cycle":
            self.scheduler.step()
        return losses

    def _passes(self, batch: Any) -> Tensor:
        """Forward and backward pass of a batch; its losses on the device."""
        loss, losses = self.losses_of(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return losses.detach()

    def autocast(self) -> Any:
        """Where networks compute, in the precision of this training."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def _note_best(self) -> None:
        """Take a copy of the weights of the best epoch, to be written with the next state."""
        if self.best_epoch == len(self.epochs) and not self.devices.rank:
            self._best = copied(self.model)

    def _keep_where_worth_it(self, keep: Callable[[], None]) -> None:
        """After an epoch: unless writing takes too large a share of the time, as that of large networks would."""
        since = time.monotonic() - self._kept
        is_dear = self._keeping > max(_LONG_WRITE, _MOST_OF_TIME * since)
        if self.devices.highest(not is_dear or since > _MINUTE * self.params.machine.checkpoint_minutes)[0]:
            keep()

    def _keep(self, folder: Path, recipe: str) -> None:
        """Write the state and, before it, the weights of the best and of the last epoch: they are never older."""
        start, state = time.monotonic(), self._state(recipe)
        self.devices.first(partial(self._write, folder, state))
        self._kept, self._unkept = time.monotonic(), False
        self._keeping = self._kept - start

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        weights, self._best = {BEST: self._best}, None
        if not self.part.steps:
            weights[LAST] = copied(self.model)
        self._writer.write(partial(_write, folder, weights, packed(state)))

    def _state(self, recipe: str) -> dict[str, Any]:
        self.part.seconds += self.clock.read()
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
            "best_valid_loss": self.best_valid_loss,
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
        self.part = Part(**state["part"], losses=state["losses"][self.devices.rank].to(self.device))
        self.best_valid_loss, self.costs = state["best_valid_loss"], Costs(**state["costs"])
        return True


def _write(folder: Path, weights: Mapping[str, dict[str, Tensor] | None], state: BytesIO) -> None:
    """The state last, so that no weights are older."""
    for name, tensors in weights.items():
        if tensors is not None:
            write_weights(folder / name, tensors)
    write_state(folder, state)
