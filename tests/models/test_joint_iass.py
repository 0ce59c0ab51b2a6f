"""One IASS for several targets: what it shares, its shapes, and that a network of one target is what it was."""

from __future__ import annotations

import pytest
import torch

from reprosep.models.iass import IASS
from reprosep.models.inference import for_inference, parameter_count
from reprosep.models.joint_iass import JointIASS
from reprosep.models.whole_song import estimate_song

PAPER = {"bins": 1487, "all_bins": 2049, "channels": 1, "blocks": 3, "width": 16}
SMALL = {"bins": 65, "all_bins": 129, "channels": 1, "blocks": 2, "width": 4}


def test_it_has_a_sixth_of_the_values_of_six_networks() -> None:
    one, six = parameter_count(JointIASS(6, **PAPER)), 6 * parameter_count(IASS(**PAPER))
    assert six == 6 * 3_205_682
    assert 5.5 < six / one < 6


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("head", [True, False])
def test_every_target_has_an_estimate_and_an_activity(channels: int, head: bool) -> None:
    model = JointIASS(3, **{**SMALL, "channels": channels}, activity_head=head)
    mixture = torch.rand(2, channels, 129, 20)
    estimate, logits = model(mixture)
    assert estimate.shape == (2, 3, channels, 129, 20)
    assert (logits is None) if not head else (logits.shape == (2, 3, 20))


def test_targets_do_not_share_what_they_are_told_by() -> None:
    """The gradient of one target's estimate and activity reaches its own mean and output, and all that is shared."""
    model = JointIASS(3, **SMALL).eval()
    estimate, logits = model(torch.rand(1, 1, 129, 12))
    (estimate[:, 1].sum() + logits[:, 1].sum()).backward()
    assert model.output_mean.grad is not None and model.output_mean.grad[1].any()
    assert not model.output_mean.grad[[0, 2]].any()
    last = model.head[-1].weight.grad
    assert last[1].any() and not last[[0, 2]].any()
    assert model.linear.weight.grad.any() and model.encoders[0].down.weight.grad.any()


def test_a_song_in_chunks_is_a_song_in_one_pass() -> None:
    torch.manual_seed(0)
    model = for_inference(JointIASS(3, **SMALL))
    song = torch.rand(1, 129, 100)
    with torch.inference_mode():
        whole, logits = model(song[None])
    parts = list(estimate_song(model, lambda a, b: song[..., a:b], 100, 30))
    torch.testing.assert_close(torch.cat([part for _, part, _ in parts], dim=-1), whole[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(torch.cat([one for *_, one in parts], dim=-1), logits[0], rtol=1e-4, atol=1e-5)
