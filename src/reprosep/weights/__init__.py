"""Weights that others have trained and published: what is known of them, how they are had and read."""
