"""One training: examples, loss, loop, checkpoints."""
