"""The image in which steps run: how it may be named."""

from __future__ import annotations

import re

_SCHEMES = ("docker", "oras", "library", "shub", "https", "http")  # what Apptainer pulls
_SOURCE = re.compile(rf"({'|'.join(_SCHEMES)})://[^\s'\"$`;\\]+")
_FILE = re.compile(r"[^\s'\"$`;\\:]+\.(sif|simg|img)")


def image_reference(text: str) -> str:
    """`text`, where it names an image that Apptainer can pull or open, or none; ValueError for any other."""
    if text and not _SOURCE.fullmatch(text) and not _FILE.fullmatch(text):
        raise ValueError(
            f"machine.container: found '{text}', expected docker://registry/name:tag, the path of a .sif file, or '' "
            "for no container (without spaces and quotes)"
        )
    return text
