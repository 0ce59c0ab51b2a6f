"""Scores of runs: a scorer for each way in which a paper scores its systems, and all songs of many runs."""
