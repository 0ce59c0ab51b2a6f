"""Published weights as they separate a user's song: the mixture is transformed once, and heard by one network after the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.base.errors import UserError
from reprosep.base.listing import displayed
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.separating import Advance, Separator
from reprosep.experiments.target.estimate import Estimate, estimate
from reprosep.models.inference import for_inference
from reprosep.models.placement import CPU
from reprosep.papers.system import VARIANTS, Variant
from reprosep.params.work import Separation
from reprosep.separation.gate import gate_for
from reprosep.separation.wiener import filtered_waves
from reprosep.weights.get import Request, get_weights, is_complete, published_in, verified, verify
from reprosep.weights.networks import described, filled
from reprosep.weights.own import SETTINGS, own_targets, own_weights
from reprosep.weights.registry import FOLDER, SUFFIX, IASSSize, Network, Weights, load_weights_entry
from reprosep.weights.store import read_imported

SOURCES = ("vocals", "drums", "bass", "other")
"""Of MUSDB18: what its mixtures are the sum of."""

_ATTEMPTS = 2  # in a row at an address: whoever waits for a song wants to know soon that there is no network


@dataclass(frozen=True)
class Released:
    """A set of weights: its name, where it is, the network of its targets, and what reads the weights of each.

    `terms` are licence and citation in one line, empty where they are not known.
    """

    id: str
    folder: Path
    network: Network
    readers: Mapping[str, Callable[[], dict[str, Tensor]]]
    settings: Separation
    terms: str = ""

    @property
    def targets(self) -> list[str]:
        """What it estimates."""
        return list(self.readers)

    @property
    def channels(self) -> int:
        """Channels of the waves that the networks take."""
        return self.network.size.channels

    @property
    def sample_rate(self) -> int:
        """Of these, in Hz."""
        return self.network.sample_rate

    def variants(self) -> tuple[Variant, ...]:
        """With every gate where the networks have activity heads, else without."""
        size = self.network.size
        return VARIANTS if isinstance(size, IASSSize) and size.activity_head else ("none",)

    def chunks(self, samples: int) -> int:
        """Chunks of frames of a wave of so many samples, over all targets."""
        frames = samples // self.network.stft.hop + 1
        return -(-frames // self.settings.chunk_frames) * len(self.targets)

    def chosen(self, targets: Sequence[str]) -> Released:
        """The same for some of its targets."""
        readers = {target: self.readers[target] for target in self.targets if target in targets}
        return replace(self, readers=readers)

    def separator(self, device: torch.device = CPU) -> Separator:
        """Estimates ``(target, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""

        def estimates(wave: np.ndarray, variant: Variant, advance: Advance) -> np.ndarray:
            spectrum = ChunkedSpectrum(wave, self.network.stft.n_fft, self.network.stft.hop)
            mixture, silent = self._magnitudes(spectrum), np.zeros(spectrum.frames, bool)
            waves = []
            for target in self.targets:
                found = self._estimate(target, spectrum, mixture, device, advance)
                waves.append(found.wave(gate_for(variant, found.probability, silent, self.settings)))
            return np.stack(waves)

        return estimates

    def filtered(self, device: torch.device = CPU) -> Separator:
        """The same behind a Wiener filter of all that the networks estimate.

        What targets other than MUSDB18's leave of a mixture is filtered as one source more.
        """
        residual = {*self.targets} != {*SOURCES}

        def estimates(wave: np.ndarray, variant: Variant, advance: Advance) -> np.ndarray:
            spectrum = ChunkedSpectrum(wave, self.network.stft.n_fft, self.network.stft.hop)
            mixture, silent = self._magnitudes(spectrum), np.zeros(spectrum.frames, bool)
            found = [self._estimate(target, spectrum, mixture, device, advance) for target in self.targets]
            gates = [gate_for(variant, one.probability, silent, self.settings) for one in found]
            magnitudes = [one.magnitudes for one in found]
            return filtered_waves(spectrum, magnitudes, gates, self.settings.wiener, residual)

        return estimates

    def _magnitudes(self, spectrum: ChunkedSpectrum) -> Tensor:
        chunk = self.settings.chunk_frames
        starts = range(0, spectrum.frames, chunk)
        return torch.cat([spectrum.chunk(a, min(a + chunk, spectrum.frames)).abs() for a in starts], dim=-1)

    def _estimate(
        self, target: str, spectrum: ChunkedSpectrum, mixture: Tensor, device: torch.device, advance: Advance
    ) -> Estimate:
        model = for_inference(filled(self.network, self.readers[target]())).to(device)
        return estimate(model, spectrum, lambda a, b: mixture[..., a:b], self.settings, advance)


def find_released(name: str | None, folder: Path | None) -> Released:
    """Published weights of the registry, which are fetched where they are not there; or those of a folder.

    Parameters
    ----------
    name
        In the registry; None: what the folder holds says what it is.
    folder
        A folder with these weights, imported or as published, or with own weights of Open-Unmix (:mod:`.weights.own`);
        None: where `reprosep get` puts them.

    Raises
    ------
    UserError
        When the weights are not there and cannot be fetched, or are not what they should be.
    """
    if folder is not None and not folder.is_dir():
        raise UserError(f"--model-folder: {folder} is no folder; name one that holds weights")
    if name is None:
        assert folder is not None
        return _of_folder(folder)
    entry = load_weights_entry(name)
    if folder is None:
        return _fetched(name, entry)
    if is_complete(name, folder):
        return _imported(folder, name)
    return _as_published(name, entry, folder)


def _fetched(name: str, entry: Weights) -> Released:
    folder = FOLDER / name
    if is_complete(name, folder):
        return _imported(folder, name)
    try:
        get_weights(Request(name, attempts=_ATTEMPTS))
    except UserError as error:
        files = ", ".join(file.name for file in entry.files.values())
        raise UserError(
            f"--weights: {name} is not in {folder} and could not be fetched ({_short(error)}); run "
            f"`reprosep get {name}` where there is a network and copy the folder, or take {files} from {entry.page} by "
            f"hand and run `reprosep get {name} --from FOLDER`"
        ) from error
    return _imported(folder, name)


def _short(error: UserError) -> str:
    """What went wrong, without how to mend it."""
    return str(error).split("; run the same command again")[0].split(" (")[0]


def _of_folder(folder: Path) -> Released:
    """What a folder holds, by itself."""
    if (folder / SETTINGS).is_file():
        return _own(folder)
    if any(folder.glob(f"*{SUFFIX}")):
        return _imported(folder, None)
    raise UserError(
        f"--model-folder: {folder} holds neither weights that `reprosep get` imported nor {SETTINGS} and <target>.pth "
        "as Open-Unmix leaves them, nor config.json as `reprosep publish --to` writes it; name another folder, or say "
        "with --weights which published weights it holds"
    )


def _imported(folder: Path, name: str | None) -> Released:
    """Imported weights: all of a folder are of one set."""
    files = {path.stem: read_imported(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
    if name is not None:
        files = {target: files[target] for target in load_weights_entry(name).files}
    first = next(iter(files.values()))
    for one in files.values():
        if (one.origin.name, one.network) != (name or first.origin.name, first.network):
            raise UserError(
                f"{displayed(str(one.path))}: is of {one.origin.title}, expected {name or first.origin.title}; "
                "a folder holds one set of weights, move the others away"
            )
        one.check()
    readers = {target: one.tensors for target, one in files.items()}
    terms = first.origin.licence.told(first.origin.title, first.origin.citation)
    return _released(first.origin.name, folder, first.network, readers, terms)


def _as_published(name: str, entry: Weights, folder: Path) -> Released:
    found = published_in(folder, entry)
    if missing := [file.name for target, file in entry.files.items() if target not in found]:
        raise UserError(
            f"--model-folder: no {', '.join(missing)} in {folder}, expected the files of {entry.title}, as "
            f"{entry.page} has them; put them there, or leave --model-folder out to fetch them"
        )
    for target, path in found.items():
        verify(path, entry.files[target], entry)
    readers = {target: _reader(entry, target, path) for target, path in found.items()}
    return _released(name, folder, entry.network, readers, entry.licence.told(entry.title, entry.citation))


def _reader(entry: Weights, target: str, path: Path) -> Callable[[], dict[str, Tensor]]:
    return lambda: verified(entry, target, path)


def _own(folder: Path) -> Released:
    """Own weights of Open-Unmix: all of one size."""
    read = {target: (path, *own_weights(folder, path)) for target, path in own_targets(folder).items()}
    first = next(network for _, network, _ in read.values())
    for path, network, _ in read.values():
        if network != first:
            raise UserError(
                f"{displayed(str(path))}: weights of {described(network)}, those of '{next(iter(read))}' are of "
                f"{described(first)}; a folder holds weights of one network, move the others away"
            )
    return _released(folder.name, folder, first, {target: _given(tensors) for target, (*_, tensors) in read.items()})


def _given(tensors: dict[str, Tensor]) -> Callable[[], dict[str, Tensor]]:
    return lambda: tensors


def _released(
    name: str,
    folder: Path,
    network: Network,
    readers: Mapping[str, Callable[[], dict[str, Tensor]]],
    terms: str = "",
) -> Released:
    content = read_yaml(repository() / "params.yaml")["separation"]
    return Released(name, folder, network, readers, Separation.model_validate(content), terms)
