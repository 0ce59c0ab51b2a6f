"""Network architectures, one file each, and nothing but the network."""
