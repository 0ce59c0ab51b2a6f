"""General MIDI programs, counted from 0, of the classes that Slakh2100 has.

References
----------
Manilow et al., Slakh (WASPAA 2019); its metadata.
"""

from __future__ import annotations

PROGRAMS = {"piano": range(0, 8), "guitar": range(24, 32), "bass": range(32, 40)}
DRUMS = 128  # Slakh's program number of drums
