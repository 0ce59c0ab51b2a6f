"""Which instruments play when: their table, the artist-conditional split, and the seconds that detectors learn from."""
