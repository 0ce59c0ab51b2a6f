"""Scores of estimates and of activity."""
