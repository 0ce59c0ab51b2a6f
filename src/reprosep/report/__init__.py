"""The report, one self-contained page, and what is published of results."""
