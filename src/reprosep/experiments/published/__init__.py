"""Methods that others scored: their published scores, frame by frame."""
