"""Detectors of instrument activity: their instruments, their split, and the seconds that they learn from."""
