"""reprosep: papers on music source separation, reproduced with one command."""

__version__ = "0.1.0"
