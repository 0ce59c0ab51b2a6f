"""The stages of papers: tables, figures and claims of each, and the report of all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from reprosep.claims.reads import reads_of_claims
from reprosep.dag.dependencies import paper_keys
from reprosep.dag.versions.run_stages import RunStages
from reprosep.dag.versions.stage import Stage
from reprosep.results.reads import reads_of_figures, reads_of_tables

_STEPS = ("tables", "figures", "claims", "listen", "spot_check")


class PaperStages(RunStages):
    """The stages of the papers of one scale."""

    def _paper(self, name: str) -> Stage:
        folder = f"{self.root}/papers/{name}"
        made = [str(path) for path in (*self.plan.table_files(name), *self.plan.figure_files(name))]
        made += [f"{folder}/{file}" for file in ("songs.csv", "parameters.json", "claims.csv", "spot-check.csv")]
        metrics = [f"{folder}/metrics.json", f"{folder}/claims.json"]
        players = [] if self.is_real() else [f"{folder}/listen"]
        read = self._read_by_paper(name, known=[*made, f"{folder}/listen"])
        corpora = dict.fromkeys(run.corpus for run, owner in self.runs.values() if owner == name)
        return self.stage(
            f"papers-{name}",
            f"Tables, figures and claims of paper {name}",
            [*made, f"{folder}/listen/index.json", *metrics],
            read,
            self.steps(*_STEPS),
            outs=[*made, *players],
            metrics=metrics,
            paper={name: paper_keys(*_STEPS)},
            corpora=corpora,
        )

    def _read_by_paper(self, name: str, known: Iterable[str]) -> list[str]:
        """What a paper's results are made from, without what is `known` or lies below it."""
        own = [identifier for identifier, (_, owner) in self.runs.items() if owner == name]
        files = [f"scores/{identifier}.parquet" for identifier in own]
        files += [file for identifier in own for file in self.plan.scoring_reads(identifier).files]
        content = self.papers[name]
        tables, claims = reads_of_tables(self.params, content), reads_of_claims(self.params, content)
        files += [*tables, *reads_of_figures(self.params, name, content), *claims]
        known = {*known}
        paths = [PurePosixPath(path) for path in self.versioned(files)]
        return [str(path) for path in paths if not known & {str(path), *map(str, path.parents)}]

    def _report(self) -> Stage:
        made = f"{self.root}/report.html"
        papers = [self._paper(name) for name in self.papers]
        read = [path for stage in papers for path in (*stage.outs, *stage.metrics)]
        read += [f"{self.root}/papers/{name}/calibration.csv" for name in self.plan.calibrated]
        read += [f"{self.root}/runs/{identifier}/epochs.csv" for identifier in self.trained]
        read += self.versioned(str(path.relative_to(self.root)) for path in self.plan.read_by_report())
        read += [f"workflow/papers/{name}.yaml" for name in self.papers]
        outs = [] if self.is_real() else [made]
        return self.stage("report", "The report, one page", [made], read, self.steps("report"), outs=outs)
