"""The papers' statements, checked: what a claim compares, how sure the difference is, and its verdict."""
