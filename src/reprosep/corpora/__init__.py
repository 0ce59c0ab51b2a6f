"""Recordings, from a folder in a published layout to the catalog."""
