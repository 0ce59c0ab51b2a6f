"""Sections of the networks: their sizes, and the weights of their losses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from reprosep.params.section import Fraction, Section

Width = Annotated[int, Field(gt=0, le=65536)]
Level = Annotated[float, Field(ge=-1000, le=1000)]


class Weighting(Section):
    temperature: Annotated[float, Field(gt=0, le=1000)]
    batch_reference: Literal["fixed", "largest"]


class IassSize(Section):
    width: Width
    output_mean: Level


class OpenUnmixSize(Section):
    hidden: Annotated[int, Field(gt=0, le=65536, multiple_of=2)]
    layers: Annotated[int, Field(gt=0, le=100)]
    output_mean: Level


class UNetSize(Section):
    widths: Annotated[list[Width], Field(min_length=2)]
    bins: Width
    align_corners: bool
    dropout: Fraction
    initial_mask: Level | None


class CUNetSize(UNetSize):
    hidden: Annotated[list[Width], Field(min_length=3, max_length=3)]
    conditions: Literal["code", "paper"]


class BlstmSize(Section):
    hidden: Width
    layers: Annotated[int, Field(gt=0, le=100)]
    dropout: Fraction
    normalise: bool
    window: Literal["sqrt-hann", "hann"]


class FcSize(Section):
    hidden: Annotated[list[Width], Field(min_length=1)]
    dropout: Fraction


class CnnSize(Section):
    widths: Annotated[list[Width], Field(min_length=1)]
    dropout: Fraction


class CrnnSize(CnnSize):
    hidden: Width


class Models(Section):
    iass: IassSize
    open_unmix: Annotated[OpenUnmixSize, Field(alias="open-unmix")]
    u_net: Annotated[UNetSize, Field(alias="u-net")]
    c_u_net: Annotated[CUNetSize, Field(alias="c-u-net")]
    blstm: BlstmSize
    fc: FcSize
    cnn: CnnSize
    crnn: CrnnSize

    def of_sources(self, model: str) -> Any:
        """The size of a network that masks sources, by its name: all of them have `bins` and `align_corners`."""
        return getattr(self, model.replace("-", "_"))
