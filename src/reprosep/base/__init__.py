"""What everything rests on: errors, files, locks, progress, signals, provenance. Nothing here computes a number."""
