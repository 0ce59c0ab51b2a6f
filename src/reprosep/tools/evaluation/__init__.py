"""Scores of folders of estimates: `reprosep evaluate`."""
