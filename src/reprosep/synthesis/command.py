"""``reprosep render``: the parameters of ``rendering:`` with the options given, and the data set made by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.base.outputs import check_folder
from reprosep.base.project import repository
from reprosep.params.files import merged
from reprosep.params.reading import parse
from reprosep.params.scale import merge
from reprosep.synthesis.dataset import Request, Summary, make_dataset


def render(
    midi: Path,
    output: Path,
    songs: int,
    seed: int,
    *,
    flakh: bool,
    workers: int,
    params: list[Path],
    options: dict[str, Any],
) -> Summary:
    """Make a data set; `options` are keys of ``rendering:``, those that are None as the parameters say.

    `params` change the project's own ``params.yaml``, so that no file has to be in the working folder.
    """
    content = merged([repository() / "params.yaml", *params])
    given = {key: value for key, value in options.items() if value is not None}
    rendering = parse(merge(content, {"rendering": given})).rendering
    check_folder(output, [midi, *([Path(rendering.patches)] if rendering.patches else [])])
    return make_dataset(Request(midi, output, songs, seed, rendering, flakh, workers))
