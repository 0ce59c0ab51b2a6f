"""The profiles have options that Snakemake, or the plugin that they are for, knows; those that are plans say so."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser

from reprosep.base.project import repository

PROFILES = sorted((repository() / "workflow/profiles").glob("*/config.yaml"))
PLANS = ("aws-batch", "google-batch", "kubernetes")
# Of plugins that are no dependencies: option -> the module that has it. Names as of kubernetes 0.5.1,
# aws-batch 0.2.1, googlebatch 0.5.1, s3 0.3.6 and gcs 1.1.4.
OPTIONAL = {
    "kubernetes": ("snakemake_executor_plugin_kubernetes", {"namespace"}),
    "aws-batch": ("snakemake_executor_plugin_aws_batch", {"region", "task-timeout"}),
    "googlebatch": ("snakemake_executor_plugin_googlebatch", {"project", "region", "container", "machine-type"}),
    "storage-s3": ("snakemake_storage_plugin_s3", {"endpoint-url"}),
    "storage-gcs": ("snakemake_storage_plugin_gcs", {"project"}),
}


def known() -> set[str]:
    """Options of Snakemake and of the plugins that are installed, and of the optional ones that are not."""
    options = {option for action in get_argument_parser()._actions for option in action.option_strings}
    for prefix, (module, names) in OPTIONAL.items():
        if find_spec(module) is None:
            options |= {f"--{prefix}-{name}" for name in names}
    return options


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_key_is_an_option(path: Path) -> None:
    keys = {f"--{key}" for key in yaml.safe_load(path.read_text())}
    assert keys - known() == set()


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_says_that_it_is_untested(name: str) -> None:
    lines = (repository() / f"workflow/profiles/{name}/config.yaml").read_text().splitlines()
    assert lines[0].startswith("# A plan, untested: no job of this project has ever run on ")
    assert "the jobs do not yet" in " ".join(lines[:3])


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_has_what_its_executor_asks_for(name: str) -> None:
    """Executors that share no files need a storage; what names an account is a word in capitals, to be replaced."""
    profile = yaml.safe_load((repository() / f"workflow/profiles/{name}/config.yaml").read_text())
    provider = profile["default-storage-provider"]
    assert profile["default-storage-prefix"] == f"{provider}://BUCKET/reprosep"
    assert profile["executor"] in ("kubernetes", "aws-batch", "googlebatch")
