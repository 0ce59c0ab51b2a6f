"""Typed parameters: the only reader of params.yaml.

Every key is checked before anything runs; what is wrong is one sentence with the key's path, the value found, what is
allowed, and a near match when there is one.
"""
