"""The multichannel Wiener filter: estimates of all sources of a mixture, made to agree with each other and with it.

Every source j is modelled in every bin as Gaussian with covariance ``v_j R_j``: a power ``v_j`` per bin and frame, and
a spatial covariance ``R_j``, a channel × channel matrix per bin that says where the source is. Sources are independent,
so that the mixture has the covariance

    C = sum_j v_j R_j + sqrt(eps) I

and the best linear estimate of a source from the mixture x is ``y_j = v_j R_j C^-1 x``. The filter repeats two steps,
the expectation-maximisation of Duong et al. as Nugraha et al. simplify it (the covariance of the last estimates in the
place of the posterior one):

    v_j = mean over channels of |y_j|^2
    R_j = sum over frames of y_j y_j^H / (eps + sum over frames of v_j)
    y_j = v_j R_j C^-1 x

The first estimates are the networks' magnitudes with the mixture's phase, or the mixture behind the ratio mask of the
magnitudes (``softmask``). Where they leave something of the mixture out, it may be a source of its own (``residual``).
After an iteration all sources together are the mixture but for ``sqrt(eps) C^-1 x``. Of one channel R_j is 1, and the
filter the ratio mask of the powers.

Shape: magnitudes ``(source, channel, bin, frame)``, mixtures complex ``(channel, bin, frame)``, estimates as magnitudes
but complex and with the residual, if there is one, as the last source.

Conventions
-----------
As the package `openunmix` (``filtering.wiener``) and `norbert` have them: mixtures whose largest bin is above 10 are
scaled down to that first, ``eps`` is 1e-10, and R is that of a window of frames, 300 in Open-Unmix: sources may move
between windows, not within. Two things differ. `openunmix` sets empty bins of the mixture to one before it takes
residuals; here silence stays silence. And it filters with the precision of its input; here with double precision.

References
----------
Nugraha, Liutkus and Vincent: Multichannel audio source separation with deep neural networks. IEEE/ACM TASLP 24(9),
2016.
Duong, Vincent and Gribonval: Under-determined reverberant audio source separation using a full-rank spatial covariance
model. IEEE TASLP 18(7), 2010.
Liutkus and Stöter: norbert, 2019. Stöter et al.: Open-Unmix, JOSS 4(41), 2019.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.params.work import WienerFilter

_EPS = 1e-10  # of openunmix; the filter's own noise has the power sqrt(eps)
_BINS = 128  # filtered at a time: what they need fits into a processor's cache, which makes it twice as fast
_LARGEST = 10.0  # magnitude of the mixture down to which it is scaled, so that eps means the same for every level


def wiener_filter(magnitudes: Tensor, mixture: Tensor, settings: WienerFilter, residual: bool) -> Tensor:
    """Estimates of all sources in one window of frames, with the precision of `mixture`.

    Raises
    ------
    ValueError
        When there is a single source and no residual: the filter would give it the whole mixture.
    """
    if len(magnitudes) + residual < 2:
        raise ValueError("a Wiener filter needs two sources, or one and a residual")
    scale = (mixture.abs().max() / _LARGEST).clamp_min(1)
    bands = zip(magnitudes.to(mixture.real.dtype).split(_BINS, dim=2), mixture.split(_BINS, dim=1), strict=True)
    return torch.cat([_filtered_band(*band, settings, residual, scale) for band in bands], dim=2)


def _filtered_band(
    magnitudes: Tensor, mixture: Tensor, settings: WienerFilter, residual: bool, scale: Tensor
) -> Tensor:
    """The estimates in some bins, each of which is filtered by itself."""
    estimates = _first_estimates(magnitudes, mixture, settings.softmask)
    if residual:
        estimates = torch.cat([estimates, mixture[None] - estimates.sum(dim=0, keepdim=True)])
    if not settings.iterations:
        return estimates
    estimates, scaled = estimates / scale, mixture / scale
    for _ in range(settings.iterations):
        estimates = _iterated(estimates, scaled)
    return estimates * scale


def _first_estimates(magnitudes: Tensor, mixture: Tensor, softmask: bool) -> Tensor:
    if softmask:
        return mixture * (magnitudes / (_EPS + magnitudes.sum(dim=0)))
    size = mixture.abs()
    return magnitudes * torch.where(size > 0, mixture / size, 1)  # the phase of an empty bin is 0


def _iterated(estimates: Tensor, mixture: Tensor) -> Tensor:
    """The estimates after one iteration."""
    power = torch.view_as_real(estimates).square().sum(dim=-1).mean(dim=1)  # (source, bin, frame)
    covariance = torch.einsum("jcbt,jdbt->jcdb", estimates, estimates.conj())
    covariance /= _EPS + power.sum(dim=-1)[:, None, None]
    total = torch.einsum("jbt,jcdb->cdbt", power.to(covariance.dtype), covariance)
    for channel in range(len(mixture)):
        total[channel, channel] += _EPS**0.5
    whitened = _solved(total, mixture)
    return power[:, None] * torch.einsum("jcdb,dbt->jcbt", covariance, whitened)


def _solved(matrices: Tensor, vectors: Tensor) -> Tensor:
    """``C^-1 x`` for C ``(channel, channel, bin, frame)`` and x ``(channel, bin, frame)``."""
    if len(vectors) == 1:
        return vectors / matrices[0]
    if len(vectors) == 2:  # Cramer's rule: many times faster than a factorisation per bin
        (a, b), (c, d) = matrices
        x, y = vectors
        return torch.stack([d * x - b * y, a * y - c * x]) / (a * d - b * c)
    solved = torch.linalg.solve(matrices.permute(2, 3, 0, 1), vectors.permute(1, 2, 0)[..., None])
    return solved[..., 0].permute(2, 0, 1)


def filtered_frames(magnitudes: Tensor, mixture: Tensor, settings: WienerFilter, residual: bool) -> Tensor:
    """Estimates of the sources, complex64, window by window and in double precision; without the residual."""
    windows = zip(
        magnitudes.split(settings.window_frames, dim=-1), mixture.split(settings.window_frames, dim=-1), strict=True
    )
    parts = [wiener_filter(own, mix.to(torch.complex128), settings, residual) for own, mix in windows]
    return torch.cat(parts, dim=-1)[: len(magnitudes)].to(torch.complex64)


def filtered_waves(
    spectrum: ChunkedSpectrum,
    magnitudes: Sequence[np.ndarray],
    gates: Sequence[np.ndarray | None],
    settings: WienerFilter,
    residual: bool,
) -> np.ndarray:
    """Waves ``(source, channel, sample)``, float32, of magnitudes ``(channel, bin, frame)`` of every source in a song.

    The frames of a source are weighted by its gate ``(frame,)`` first, if it has one. Held at once: the magnitudes and
    waves of all sources, and one window of everything else.
    """

    def gated(one: np.ndarray, gate: np.ndarray | None, first: int, end: int) -> np.ndarray:
        own = one[:, :, first:end]
        return own if gate is None else own * gate[first:end].astype(np.float32)

    def window(first: int, end: int) -> Tensor:
        own = np.stack([gated(*pair, first, end) for pair in zip(magnitudes, gates, strict=True)])
        return filtered_frames(torch.from_numpy(own), spectrum.chunk(first, end), settings, residual).flatten(0, 1)

    waves = spectrum.synthesis(window, len(magnitudes) * magnitudes[0].shape[0], settings.window_frames)
    return waves.reshape(len(magnitudes), -1, spectrum.samples)
