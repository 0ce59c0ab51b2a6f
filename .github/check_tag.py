"""Is a release's tag the version of the code? check_tag.py v0.1.0: exit status 0, or 1 with one sentence.

Reads the version without importing the package, which needs nothing to be installed, and sees that CHANGELOG.md has a
heading for it.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(tag: str) -> str:
    """What is wrong with a tag; '' where nothing is."""
    source = (ROOT / "src" / "reprosep" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    version = found[1] if found else "nothing"
    if tag != f"v{version}":
        return f"tag {tag}: src/reprosep/__init__.py has __version__ {version}, expected the tag v{version}; mend one"
    if f"\n## [{version}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return f"tag {tag}: CHANGELOG.md has no heading '## [{version}]'; move what is unreleased below one"
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]) or 0)
