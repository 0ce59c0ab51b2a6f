"""Versions: the line as DVC's stages, and Snakemake's records of how every file was made, kept beside the files."""
