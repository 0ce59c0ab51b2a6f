"""The embedded stand-in corpora: composed from a seed, rendered, sung, written in the real layouts."""
