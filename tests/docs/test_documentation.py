"""README.md and docs/: commands that there are, links that lead somewhere, and a site that asks nobody else."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

import documented
from documented import Block, blocks, commands, inline_commands, pages, problem
from reprosep.base.project import repository
from reprosep.papers.loading import load_paper

ROOT = repository()
MOST_README_BYTES = 6000
MOST_PICTURE_BYTES = 150_000
_PATH = re.compile(r"(?<!`)`((?:workflow|src|docs|tests|envs|results-published|\.ci)/[^`\s<>*{}]*)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
_BUILD_SECONDS = 300


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", pages(), ids=page_name)


@every_page
def test_every_block_says_whether_it_is_run(page: Path) -> None:
    unmarked = [block.line for block in blocks(page.read_text(encoding="utf-8")) if not block.mark]
    assert not unmarked, (
        f"{page_name(page)}, lines {unmarked}: write <!-- run: smoke --> or <!-- not run: why --> above"
    )


@every_page
def test_every_command_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = [block.text for block in blocks(text)] + inline_commands(text)
    problems = [found for block in shown for words in commands(block) if (found := problem(words))]
    assert not problems, f"{page_name(page)}: {problems}"


@every_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    missing = [name for name in named if not (ROOT / name).exists() and "." in Path(name).name]
    assert not missing, f"{page_name(page)}: {missing}"


def test_links_of_the_readme_lead_somewhere() -> None:
    for target, anchor in _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target
        if anchor:
            assert anchor in anchors((ROOT / target).read_text(encoding="utf-8")), f"{target}#{anchor}"


def anchors(text: str) -> set[str]:
    """Those of the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= MOST_README_BYTES
    assert (ROOT / "docs/images/report.png").stat().st_size <= MOST_PICTURE_BYTES


TEXT = """
<!-- run: smoke -->
```sh
make demo   # installs
A=1 .venv/bin/reprosep verify demo && \\
    reprosep check -p params.yaml
```

```sh
make nothing
```

<!-- not run: -->
```bash
reprosep evaluate a b --outptu c
```

    reprosep nonsense | head -1

```python
make = 1
```
Say `reprosep verify
demo` or `make it`.
"""


def test_blocks_are_found_with_their_marks() -> None:
    found = list(blocks(TEXT))
    assert [(block.line, block.mark) for block in found] == [(3, "run: smoke"), (9, ""), (14, ""), (18, "")]
    assert [block.is_run for block in found] == [True, False, False, False]


def test_commands_are_told_apart() -> None:
    first, *_ = blocks(TEXT)
    verify, check = [".venv/bin/reprosep", "verify", "demo"], ["reprosep", "check", "-p", "params.yaml"]
    assert list(commands(first.text)) == [["make", "demo"], verify, check]
    assert inline_commands(TEXT) == ["reprosep verify demo", "make it"]


def test_what_is_not_there_is_named() -> None:
    def problems(block: Block) -> list[str | None]:
        return [problem(words) for words in commands(block.text)]

    first, target, option, verb = blocks(TEXT)
    assert problems(first) == [None, None, None]
    assert problems(target) == ["make has no target 'nothing'"]
    assert problems(option) == ["reprosep evaluate has no option '--outptu'"]
    assert problems(verb) == ["reprosep has no verb 'nonsense'", None]


@pytest.fixture
def generators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules that make pages, importable as while building."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "generate"))
    yield
    for name in set(sys.modules) - before:
        if str(ROOT / "docs" / "generate") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.usefixtures("generators")
def test_the_page_of_the_command_line_has_every_verb_and_option() -> None:
    page = importlib.import_module("cli_page").cli_page()
    sections = dict(re.findall(r"^### reprosep ([\w -]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    for verb in documented.verbs() - {"bench"}:
        assert all(f"`{option}`" in sections[verb] for option in documented.options_of(verb) - {"--help"}), verb
    assert "bench verdicts" in sections


@pytest.mark.usefixtures("generators")
def test_the_page_of_parameters_has_every_key_with_its_values() -> None:
    page = importlib.import_module("parameter_page").parameter_page(ROOT)
    rows = re.findall(r"^\| `([\w.-]+)` \| (.*?) \| (.*) \| (.*?) \|$", page, re.MULTILINE)
    assert all(allowed.strip() for *_, allowed in rows)
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    named = {name for name, *_ in rows}
    for section, content in values.items():
        if section != "corpora" and isinstance(content, dict):
            assert {key for key in content if not isinstance(content[key], dict)} <= named, section
    assert ("hop", "`512`", "samples \\[1024\\]", "whole number &gt; 0, ≤ 65536") in rows
    assert "Those that enough songs of mm hold" in page, "a comment of several lines"


@pytest.mark.usefixtures("generators")
@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "workflow/papers").glob("*.yaml")))
def test_the_page_of_a_paper_has_its_claims_and_deviations(name: str) -> None:
    text_of = importlib.import_module("md_text").plain
    page, paper = importlib.import_module("paper_pages").paper_page(ROOT, name), load_paper(name)
    assert all(text_of(claim.quote) in page and f"`{claim.id}`" in page for claim in paper.statements)
    assert all(f"| **{text_of(one.subject)}** |" in page for one in paper.deviations)
    assert all(text_of(table.caption) in page for table in paper.tables.values())


@pytest.mark.usefixtures("generators")
def test_a_printed_number_is_shown_as_printed() -> None:
    page = importlib.import_module("paper_pages").paper_page(ROOT, "iass")
    assert "| Vocals IASS | 6.46 | 14.70 | 6.98 | 14.30 |" in page
    assert "(1) Bass, IASS: 5.26 contradicts Table 4" in page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning, such as a link or an anchor that leads nowhere, is an error."""
    if not importlib.util.find_spec("material") or not importlib.util.find_spec("mkdocstrings"):
        pytest.skip("needs the packages of envs/requirements-docs.lock, which `make docs` installs")
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return folder


class Loaded(HTMLParser):
    """What a page loads by itself: addresses of its scripts, styles, pictures, fonts and frames."""

    _ATTRIBUTES = ("src", "srcset", "poster", "data")

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in self._ATTRIBUTES if name in values]
        if tag == "link" and values.get("rel") not in ("canonical", "prev", "next", "author"):
            self.addresses.append(values.get("href") or "")


def loaded_by(html: str) -> list[str]:
    """The addresses at other hosts that a page asks for by itself."""
    parser = Loaded()
    parser.feed(html)
    return [one for one in parser.addresses if re.match(r"(?:[a-z]+:)?//", one)]


def test_no_page_asks_another_host(site: Path) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert texts and {name: found for name, text in texts.items() if (found := loaded_by(text))} == {}
    styles = [path for path in site.rglob("*.css") if re.search(r"url\(['\"]?(?:https?:)?//|@import", path.read_text())]
    assert styles == []


def test_what_is_loaded_is_found() -> None:
    scripts = '<script src="https://a/b.js"></script><link rel="stylesheet" href="//c/d.css">'
    page = f'{scripts}<a href="https://e">e</a><img src="f">'
    assert loaded_by(page) == ["https://a/b.js", "//c/d.css"]


def test_the_site_has_the_generated_pages(site: Path) -> None:
    for page in ("reference/cli", "reference/parameters", "reference/api", "papers/iass", "papers/sisec2018"):
        assert (site / f"{page}.html").is_file(), page
    api = (site / "reference/api.html").read_text(encoding="utf-8")
    assert "bsseval_v4" in api and ":class:" not in api
