"""The epoch log of a training in DVCLive's layout, which `dvc plots`, `dvc exp show` and editors' extensions read.

``metrics.json`` holds the last epoch, ``plots/metrics/<name>.tsv`` one metric by step. The files are written without
importing dvclive, which would cost every training job most of a second.

References
----------
https://dvc.org/doc/dvclive/how-it-works (step from 0, one TSV per metric with the columns step and name).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reprosep.files import whole_file, write_json

_NAMES = ("train_loss", "train_mse", "train_bce", "valid_mse", "learning_rate")


def write_live_log(folder: Path, epochs: list[dict[str, float]]) -> None:
    """Write the log of a training; what depends on the machine (seconds) stays in ``epochs.csv``."""
    for name in _NAMES:
        table = pd.DataFrame({"step": range(len(epochs)), name: [epoch[name] for epoch in epochs]})
        with whole_file(folder / "plots" / "metrics" / f"{name}.tsv") as temporary:
            table.to_csv(temporary, sep="\t", index=False)
    last = {name: epochs[-1][name] for name in _NAMES}
    best = min(epoch["valid_mse"] for epoch in epochs)
    write_json(folder / "metrics.json", {**last, "best_valid_mse": best, "step": len(epochs) - 1})
