"""One training on two processes has the curve of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conftest import Line
from processes import SETTINGS, assert_same_curve_in_double
from reprosep.base.errors import UserError
from reprosep.jobs.processes import one_of_several
from synthetic import make_params
from trainings import IASS


@pytest.mark.slow
def test_two_processes_have_the_curve_of_one(linked: Callable[..., Line]) -> None:
    assert_same_curve_in_double(linked({"training": SETTINGS}), IASS)


def test_torchrun_with_another_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    params = make_params({"training": {"gpu": 2}})
    with pytest.raises(UserError, match=r"training.gpu: 2, but torchrun started 4 processes"), one_of_several(params):
        pass
