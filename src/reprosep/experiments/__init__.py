"""One folder per kind of experiment: what its runs are, what they read, how they train, estimate and are scored."""
