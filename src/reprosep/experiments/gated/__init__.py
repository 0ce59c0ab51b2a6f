"""Trained networks of one target behind other gates of their own activity heads."""
