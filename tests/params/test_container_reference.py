"""How the image of the steps may be named."""

from __future__ import annotations

import pytest

from reprosep.params.container import image_reference


@pytest.mark.parametrize(
    "text",
    ["", "docker://registry.example/group/reprosep:cuda", "oras://x/y", "reprosep.sif", "/images/rs.sif", "../a/b.sif"],
)
def test_what_apptainer_takes(text: str) -> None:
    assert image_reference(text) == text


@pytest.mark.parametrize(
    "text",
    ["ubuntu:22.04", "reprosep", "docker:/x", "docker://a b", "x.sif; rm -rf ~", "$HOME/x.sif", "dokcer://x", " "],
)
def test_anything_else_is_told_with_what_was_expected(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"machine\.container: found '.*', expected docker://registry/name:tag, the path"
    ):
        image_reference(text)
