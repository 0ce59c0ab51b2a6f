"""Recipes of mixtures, and the sound that a recipe stands for."""
