"""Trained runs on songs of the user: separated, or told who plays when."""
