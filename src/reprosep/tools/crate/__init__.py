"""A finished scale with where it comes from, as one package: a Workflow Run RO-Crate."""
