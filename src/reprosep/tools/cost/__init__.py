"""What a scale costs before it is run: disk, and training hours by measured time per item."""
