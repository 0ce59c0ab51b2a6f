"""One training item, as the training saw it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprosep.audio.writing import write_sound
from reprosep.base.errors import UserError
from reprosep.experiments.runs import find_run
from reprosep.mixtures.mixing import Mixer
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params


def training_item(params: Params, identifier: str, index: int, folder: Path) -> dict[str, Any]:
    """Training item `index` of a run, exactly as the training saw it: its recipe, and its sound in `folder`.

    The sound is 32-bit floating point, since a sum of stems may be beyond full scale.
    """
    run, system = find_run(params, identifier)
    if run.seed is None or not system.trained:
        raise UserError(f"'{identifier}' is not trained here and has no training items; name a trained run")
    if not isinstance(system, TargetSystem):
        raise UserError(
            f"'{identifier}' is trained on parts of whole songs, not on mixed items; name a run of another system"
        )
    mixer = Mixer.of(params.of_corpus(run.corpus), run.corpus, params.results)
    recipe = mixer.training_recipe(mixer.training_pool(run.target), run.seed, index)
    for name, wave in zip(("target", "mixture"), mixer.render(recipe, system.channel_swap), strict=True):
        write_sound(folder / f"{run.id}_{index}_{name}.wav", wave.T, params.audio.sample_rate, floating=True)
    return asdict(recipe)
