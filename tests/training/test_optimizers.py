"""Optimizers: torch's arithmetic, without torch's compiler in the process."""

from __future__ import annotations

import subprocess
import sys
from typing import Literal

import pytest
import torch
from torch import nn

from reprosep.params.work import Optimizer
from reprosep.training.optimizers import optimizer_of

STEPS = """
import sys, torch
from reprosep.params.work import Optimizer
from reprosep.training.optimizers import optimizer_of
model = torch.nn.Linear(3, 2)
optimizer = optimizer_of(model, Optimizer(kind="{kind}", momentum=0.0, learning_rate=0.1, weight_decay=0.0), 0.1)
torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=5)
optimizer.zero_grad()
model(torch.ones(1, 3)).sum().backward()
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""


def settings(kind: Literal["adam", "sgd"]) -> Optimizer:
    return Optimizer(kind=kind, learning_rate=1e-2, weight_decay=1e-2, momentum=0.9 if kind == "sgd" else 0.0)


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_steps_are_torchs(kind: Literal["adam", "sgd"]) -> None:
    ours, theirs = nn.Linear(5, 4), nn.Linear(5, 4)
    theirs.load_state_dict(ours.state_dict())
    own = optimizer_of(ours, settings(kind), 1e-2)
    if kind == "adam":
        other: torch.optim.Optimizer = torch.optim.Adam(theirs.parameters(), lr=1e-2, weight_decay=1e-2, fused=True)
    else:
        other = torch.optim.SGD(theirs.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-2, fused=True)
    for step in range(7):
        batch = torch.randn(6, 5, generator=torch.Generator().manual_seed(step))
        for model, optimizer in ((ours, own), (theirs, other)):
            optimizer.zero_grad()
            model(batch).square().sum().backward()
            optimizer.step()
    for mine, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, expected) and mine.requires_grad


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_no_step_loads_the_compiler(kind: str) -> None:
    code = STEPS.format(kind=kind)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
