"""Benchmarks: what reprosep does against what others do, in one run on one machine."""
