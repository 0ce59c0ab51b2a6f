"""What is measured, in this order: first what everything else depends on."""

from __future__ import annotations

from importlib import import_module

from measuring.section import Section

ORDER = (
    "machine",
    "agreement",
    "items",
    "waiting",
    "resuming",
    "company",
    "lstms",
    "iass_steps",
    "six_targets",
    "stops",
    "validation",
    "scoring",
    "precision",
    "separation",
)


def all_sections() -> list[Section]:
    """Every section, imported."""
    return [import_module(f"sections.{name}").SECTION for name in ORDER]
