"""The pages that are generated, for MkDocs: none of them is a file of the project."""

from __future__ import annotations

from pathlib import Path

from cli_page import cli_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from paper_pages import paper_names, paper_page
from parameter_page import parameter_page
from results_pages import published_results, results_page

PICTURES = {"images/frames.svg": "workflow/report/frames.svg"}  # of other folders, shown in a page


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them to the pages of docs/."""
    root = Path(config.config_file_path).parent
    pages = {"reference/cli.md": cli_page(), "reference/parameters.md": parameter_page(root)}
    pages |= {f"papers/{name}.md": paper_page(root, name) for name in paper_names(root)}
    pages |= {f"papers/results/{'-'.join(key)}.md": results_page(path) for key, path in published_results(root).items()}
    for uri, content in pages.items():
        files.append(File.generated(config, uri, content=content))
    for uri, source in PICTURES.items():
        files.append(File.generated(config, uri, content=(root / source).read_bytes()))
    return files
