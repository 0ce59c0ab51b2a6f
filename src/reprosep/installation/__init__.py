"""Installation of the pinned packages into ``.venv``: what ``make`` calls before anything else.

Only Python's own library is used, and of reprosep only :mod:`.base.errors`: nothing is installed yet. Every way in
which it can fail is one sentence; pip's own words are in ``.venv.log``.
"""
