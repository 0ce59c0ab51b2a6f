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

from reprosep.base.files import whole_file, write_json

_OF_MACHINE = ("seconds", "items_per_second")
_JUDGED = ("valid_mse", "valid_loss")


def write_live_log(folder: Path, epochs: list[dict[str, float]]) -> None:
    """Write the log of a training; what depends on the machine (seconds) stays in ``epochs.csv``."""
    names = [name for name in epochs[-1] if name not in ("epoch", *_OF_MACHINE)]
    for name in names:
        table = pd.DataFrame({"step": range(len(epochs)), name: [epoch[name] for epoch in epochs]})
        with whole_file(folder / "plots" / "metrics" / f"{name}.tsv") as temporary:
            table.to_csv(temporary, sep="\t", index=False)
    last = {name: epochs[-1][name] for name in names}
    best = min(epoch[name] for epoch in epochs for name in _JUDGED if name in epoch)
    write_json(folder / "metrics.json", {**last, "best_valid_loss": best, "step": len(epochs) - 1})
