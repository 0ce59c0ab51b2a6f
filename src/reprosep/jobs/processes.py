"""Several processes for one training: torchrun's launcher starts one per device and says how they ended.

``reprosep train`` with ``training.gpu`` above 1 starts them on this machine. Across machines the user starts torchrun
on each with its own rendezvous options; a process that finds torchrun's variables is one of them and starts no others.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import torch
import torch.distributed as dist
import yaml
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ErrorHandler, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from reprosep.base.errors import PREEMPTED, USER_ERROR, Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.params.scale import Params, dump

_OURS = "reprosep"  # run id of processes that this program started, not the user
_SECONDS_BETWEEN_SIGNALS = 0.2
_PR_SET_PDEATHSIG = 1


def launch(params: Params, identifier: str, stop: StopRequest) -> None:
    """Train a run with ``training.gpu`` processes on this machine.

    Raises
    ------
    Preempted, UserError
        What the processes raised; :class:`UserError` too when one of them died.
    """
    count = params.training.gpu
    check_devices(count)
    with tempfile.TemporaryDirectory(prefix="reprosep-train-") as folder:
        file = Path(folder) / "params.yaml"
        file.write_text(yaml.safe_dump(dump(params), sort_keys=False))
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=count,
            run_id=_OURS,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
            signals_to_handle="SIGQUIT",  # the others are passed on below, and the processes stop by themselves
        )
        logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # the sentences below say it
        with _passed_on(stop):
            try:
                elastic_launch(config, sys.executable)("-m", "reprosep.cli", "train", identifier, "-p", str(file))
            except ChildFailedError as error:
                raise _verdict(identifier, error.failures, stop) from None


def check_devices(count: int) -> None:
    """That this machine has `count` devices, if it has any; :class:`UserError` otherwise."""
    if torch.cuda.is_available() and torch.cuda.device_count() < count:
        raise UserError(
            f"training.gpu: {count} devices are wanted on this machine, {torch.cuda.device_count()} are visible; "
            "lower it, or see CUDA_VISIBLE_DEVICES"
        )


@contextmanager
def _passed_on(stop: StopRequest) -> Iterator[None]:
    """Pass a request to stop on to the processes until they have ended: those that had it do not mind another."""
    over = threading.Event()

    def pass_on() -> None:
        while not over.wait(_SECONDS_BETWEEN_SIGNALS):
            for process in psutil.Process().children() if stop.reason else []:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.Signals[stop.reason])

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _verdict(identifier: str, failures: dict[int, ProcessFailure], stop: StopRequest) -> Exception:
    """What the processes told, or how the first of them died."""
    for kind in (Preempted, UserError):
        for failure in failures.values():
            name, _, sentence = _message(failure).partition(": ")
            if name == kind.__name__:
                return kind(sentence)
    if stop.reason:
        return Preempted(f"run '{identifier}': stopped by {stop.reason}; the same command goes on from its checkpoint")
    # The others fail when one is gone: a killed one comes first, then the earliest.
    rank, first = min(failures.items(), key=lambda item: (item[1].exitcode >= 0, item[1].timestamp))
    how = first.signal_name() if first.exitcode < 0 else f"exit status {first.exitcode}"
    return UserError(
        f"run '{identifier}': process {rank} of several ended with {how}; mend what messages above say of it, if any, "
        "and start the same command again: it goes on from the last checkpoint"
    )


def _message(failure: ProcessFailure) -> str:
    data = failure.error_file_data.get("message", "") if isinstance(failure.error_file_data, dict) else ""
    return str(data.get("message", "")) if isinstance(data, dict) else ""


@contextmanager
def one_of_several(params: Params) -> Iterator[None]:
    """Join the other processes while the block runs; its errors are told to the one that started them."""
    _end_with_parent()
    try:
        count = int(os.environ["WORLD_SIZE"])
        if count != params.training.gpu:
            raise UserError(
                f"training.gpu: {params.training.gpu}, but torchrun started {count} processes; make them equal"
            )
        check_devices(int(os.environ["LOCAL_WORLD_SIZE"]))
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo")
        yield
        dist.destroy_process_group()
    except (UserError, Preempted) as error:
        ErrorHandler().record_exception(error)  # where the launcher reads it
        if os.environ["TORCHELASTIC_RUN_ID"].startswith(_OURS):  # and prints it, once for all processes
            raise SystemExit(PREEMPTED if isinstance(error, Preempted) else USER_ERROR) from error
        raise


def _end_with_parent() -> None:
    """Be told to stop when the launcher dies, so that no two trainings write one checkpoint (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
