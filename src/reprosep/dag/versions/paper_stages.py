"""The stages of papers: tables, figures and claims of each, and the report of all."""

from __future__ import annotations

from reprosep.dag.versions.run_stages import RunStages
from reprosep.dag.versions.stage import Job, Stage
from reprosep.experiments.cells import corpora_counted, corpora_with_spectra
from reprosep.papers.content import Paper
from reprosep.papers.run import Run, gating_run


class PaperStages(RunStages):
    """The stages of the papers of one scale."""

    def _paper(self, name: str) -> Stage:
        folder, paper = f"{self.root}/papers/{name}", self.papers[name]
        tables = [f"{folder}/{name}.csv" for name in paper.tables]
        tables += [f"{folder}/{name}-common-frames.csv" for name, one in paper.tables.items() if one.kind == "scores"]
        metrics = [f"{folder}/metrics.json", f"{folder}/claims.json"]
        others = [f"{folder}/{file}" for file in ("songs.csv", "parameters.json", "claims.csv", "spot-check.csv")]
        made = [*tables, *others, *_figures(folder, paper), f"{folder}/listen/index.json"]
        players = [] if self.is_real() else [f"{folder}/listen"]
        own = [identifier for identifier, (_, owner) in self.runs.items() if owner == name]
        trained = [identifier for identifier in own if identifier in self.trained]
        read = [f"{self.root}/scores/{identifier}.parquet" for identifier in own]
        read += [f"{self.root}/scores/{i}.activity.parquet" for i in trained if len(self.system(i).variants()) > 1]
        read += [f"{self.root}/runs/{identifier}/best.safetensors" for identifier in trained]
        read += self._data_of(self.runs[identifier][0] for identifier in own)
        read += [f"{self.root}/scores/{gate.id}.parquet" for gate in map(self._gate, own) if gate]
        if any(table.kind == "costs" for table in paper.tables.values()):
            read += [f"{self.root}/runs/{identifier}/run.json" for identifier in trained]
        drawn = [figure.bind.corpus for figure in paper.figures.values() if figure.kind == "energies"]
        read += [f"{self.root}/{corpus}/energies.parquet" for corpus in drawn]
        read += [f"{self.root}/{corpus}/catalog.parquet" for corpus in corpora_counted(self.params, paper)]
        read += [f"{self.root}/{corpus}/spectra.parquet" for corpus in corpora_with_spectra(self.params, paper)]
        steps = ["tables", "figures", "claims", "listen", "spot_check"]
        title = f"Tables, figures and claims of paper {name}"
        outs, job = [*made[:-1], *players], Job(papers=(name,))
        return self._stage(f"papers-{name}", title, [*made, *metrics], read, steps, outs, metrics, job)

    def _gate(self, identifier: str) -> Run | None:
        """The detector's run by whose gate a run is scored, too."""
        run = self.runs[identifier][0]
        return gating_run(self.params, run.corpus, self.system(identifier), run.seed)

    def _report(self) -> Stage:
        made = f"{self.root}/report.html"
        papers = [self._paper(name) for name in self.papers]
        read = [path for stage in papers for path in (*stage.outs, *stage.metrics)]
        read += [
            f"{self.root}/papers/{name}/calibration.csv" for name, paper in self.papers.items() if paper.calibration
        ]
        read += [
            f"{self.root}/runs/{identifier}/{file}"
            for identifier in self.trained
            for file in ("run.json", "epochs.csv")
        ]
        read += [f"{self.root}/scores/{identifier}.parquet" for identifier in self.runs]
        read += [f"workflow/papers/{name}.yaml" for name in self.papers]
        used = dict.fromkeys(run.corpus for run, _ in self.runs.values())
        asking = [corpus for corpus in used if self.params.corpora[corpus].labels == "published"]
        read += [f"{self.root}/{corpus}/activity" for corpus in asking]
        outs = [] if self.is_real() else [made]
        return self._stage("report", "The report, one page", [made], read, ["report"], outs)


def _figures(folder: str, paper: Paper) -> list[str]:
    drawn = [f"{folder}/{name}.{suffix}" for name in paper.figures for suffix in ("svg", "png")]
    return drawn + [f"{folder}/{name}.csv" for name, figure in paper.figures.items() if figure.kind != "spectrograms"]
