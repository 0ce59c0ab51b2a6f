"""Results beside published ones: which cells are equal, within seed noise, or different."""
