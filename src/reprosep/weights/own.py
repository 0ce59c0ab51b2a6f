"""A folder of weights as the `openunmix` package's own training leaves and reads it.

``separator.json`` says the sample rate and the transform, ``<target>.pth`` or ``<target>-<digits>.pth`` has the weights
of a target; sizes follow from their shapes.

References
----------
github.com/sigsep/open-unmix-pytorch, README, "Load user-trained models".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from torch import Tensor

from reprosep.base.errors import UserError
from reprosep.base.files import read_record
from reprosep.base.validation import explain
from reprosep.weights.foreign import read_state
from reprosep.weights.networks import imported
from reprosep.weights.registry import Network, load_layout

SETTINGS = "separator.json"
_LAYERS = "lstm.weight_ih_l"


def own_targets(folder: Path) -> dict[str, Path]:
    """The files of weights of a folder, by target."""
    files = sorted(folder.glob("*.pth"))
    named = {path.stem.split("-")[0]: path for path in files}
    if len(named) < len(files):
        raise UserError(f"{folder}: several files of weights for one target; leave one of each there")
    if not named:
        raise UserError(f"{folder}: no <target>.pth beside {SETTINGS}; name a folder with weights")
    return named


def own_network(folder: Path, state: Mapping[str, Tensor], path: Path) -> Network:
    """The network that `state`, of the file `path`, is of.

    Raises
    ------
    UserError
        When ``separator.json`` does not say sample rate and transform, or the tensors are not Open-Unmix's.
    """
    settings = read_record(folder / SETTINGS, sample_rate=(int, float), nfft=int, nhop=int)
    try:
        bins, (hidden, inputs) = len(state["input_mean"]), state["fc1.weight"].shape
        layers = sum(name.startswith(_LAYERS) and not name.endswith("_reverse") for name in state)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: no weights of Open-Unmix, expected 'input_mean' and 'fc1.weight' in it") from error
    rate, n_fft = int(settings["sample_rate"]), settings["nfft"]
    bandwidth = (bins - 0.5) * rate / n_fft  # in the middle, so that no rounding moves a bin over it
    size = {"model": "open-unmix", "channels": inputs // max(bins, 1), "hidden": hidden, "layers": layers}
    stft = {"n_fft": n_fft, "hop": settings["nhop"], "bandwidth": bandwidth}
    try:
        return Network.model_validate({"size": size, "sample_rate": rate, "stft": stft})
    except ValidationError as error:
        raise UserError(f"{path}: {explain(error, Network, SETTINGS)}") from error


def own_weights(folder: Path, path: Path) -> tuple[Network, dict[str, Tensor]]:
    """The network of a target and its tensors by our names; raises as :func:`own_network` and :func:`.imported`."""
    state = read_state(path)
    network = own_network(folder, state, path)
    return network, imported(path, state, load_layout("open-unmix"), network)
