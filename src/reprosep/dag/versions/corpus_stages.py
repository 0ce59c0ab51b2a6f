"""The stages of corpora: one per corpus and step, from recordings to mixtures."""

from __future__ import annotations

from collections.abc import Iterable

from reprosep.dag.versions.contents import Contents
from reprosep.dag.versions.stage import Job, Stage
from reprosep.experiments.cells import corpora_counted, corpora_with_spectra
from reprosep.mixtures.clips import clips_needed
from reprosep.params.data import Corpus
from reprosep.params.reading import recordings_of


class CorpusStages(Contents):
    """The stages of the corpora of one scale."""

    def of_corpora(self) -> list[Stage]:
        """All of them, step by step."""
        read = self._read()
        heard, with_energies = self._heard(), self._with_energies()
        steps = [
            (self._corpus, self._listed(read)),
            (self._catalog, self._listed(read)),
            (self._activity, read),
            (self._mixtures, [name for name in read if name in heard]),
            (self._clips, self._with_clips()),
            (self._seconds, self._with_detectors()),
            (self._energies, [name for name in read if name in with_energies]),
            (self._spectra, self._with_spectra()),
        ]
        return [make(name) for make, corpora in steps for name in corpora]

    def _read(self) -> list[str]:
        """The corpora that runs read."""
        named = {corpus for name in self.runs for corpus in self._corpora_of(name)}
        return [name for name in self.params.corpora if name in named]

    def _listed(self, read: list[str]) -> list[str]:
        """Those that runs, tables or figures read."""
        named = {*read, *self._counted(), *self._with_spectra()}
        return [name for name in self.params.corpora if name in named]

    def _heard(self) -> set[str]:
        """Those of which separated songs are scored."""
        separating = [name for name in self.runs if not self.system(name).is_detector]
        return {corpus for name in separating for corpus in self._scored_on(name)}

    def _with_energies(self) -> set[str]:
        """The corpora whose sources are separated all at once."""
        return {run.corpus for name, (run, _) in self.runs.items() if self.system(name).sources}

    def _with_clips(self) -> list[str]:
        """The corpora of whose clips networks are trained."""
        named = {one.corpus for name in self.trained for one in self.system(name).clips}
        return [name for name in self.params.corpora if name in named]

    def _with_detectors(self) -> list[str]:
        """The corpora on which detectors are trained."""
        named = {self.runs[name][0].corpus for name in self.trained if self.system(name).is_detector}
        return [name for name in self.params.corpora if name in named]

    def _counted(self) -> list[str]:
        """The corpora that tables and figures count, and those whose catalogs they have."""
        papers = self.papers.values()
        return self._with_sources(name for paper in papers for name in corpora_counted(self.params, paper))

    def _with_spectra(self) -> list[str]:
        """The corpora whose spectra figures compare, and those whose recordings they have."""
        papers = self.papers.values()
        return self._with_sources(name for paper in papers for name in corpora_with_spectra(self.params, paper))

    def _with_sources(self, named: Iterable[str]) -> list[str]:
        wanted = {one for name in named for one in (name, recordings_of(self.params, name))}
        return [name for name in self.params.corpora if name in wanted]

    def _shared(self, name: str, file: str) -> list[str]:
        """A file of the corpus whose recordings a corpus has, where that is another."""
        source = recordings_of(self.params, name)
        return [] if source == name else [f"{self.root}/{source}/{file}"]

    def _corpus(self, name: str) -> Stage:
        made = f"{self.root}/{name}/recordings.json"
        corpus = self.params.corpora[name]
        own = [] if corpus.standin or corpus.versions else corpus.roots
        own = [*own, *self._shared(name, "recordings.json")]
        job = Job(corpus=name)
        return self._stage(f"corpora@{name}", f"Recordings of corpus {name}", [made], own, ["recordings"], job=job)

    def _catalog(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        made = [f"{folder}/{file}" for file in ("examination.parquet", "catalog.parquet", "audio/index.parquet")]
        versioned = [*made[:2], *([] if self.is_real(name) else [f"{folder}/audio"])]
        read = [f"{folder}/recordings.json", *_published(self.params.corpora[name])]
        read += [path for file in ("examination.parquet", "catalog.parquet") for path in self._shared(name, file)]
        steps = ["examination", "catalog", "store"]
        title = f"Every stem of corpus {name}, examined, listed and decoded once"
        return self._stage(f"catalog@{name}", title, made, read, steps, versioned, job=Job(corpus=name))

    def _activity(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"When every stem of corpus {name} plays"
        read, made = self._tables(name)[:-1], [f"{folder}/activity/index.parquet"]
        read += _label_folders(self.params.corpora[name])
        return self._stage(
            f"activity@{name}", title, made, read, ["activity"], [f"{folder}/activity"], job=Job(corpus=name)
        )

    def _mixtures(self, name: str) -> Stage:
        made = [self._mixture(name, target) for target in self.params.corpora[name].targets]
        folder = f"{self.root}/{name}/mixtures"
        title = f"Validation and test mixtures of corpus {name} as recipes"
        job = Job(corpus=name, shape=(f"corpora.{name}.targets",))
        return self._stage(f"mixtures@{name}", title, made, self._tables(name), ["mixtures"], [folder], job=job)

    def _clips(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/clips"
        targets = [target for target in self.params.corpora[name].targets if clips_needed(self.params, name, target)]
        made = [f"{folder}/{target}.parquet" for target in targets]
        title, read = f"Clips of corpus {name} to train on", self._tables(name)
        job = Job(corpus=name, shape=("papers",))
        return self._stage(f"clips@{name}", title, made, read, ["clips"], [folder], job=job)

    def _seconds(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/seconds"
        title = f"Seconds of corpus {name} that activity detectors learn from"
        made = [f"{folder}/{file}" for file in ("split.csv", "labels.parquet", "index.parquet")]
        outs = made if self.is_real(name) else [folder]
        return self._stage(f"seconds@{name}", title, made, self._tables(name), ["seconds"], outs, job=Job(corpus=name))

    def _energies(self, name: str) -> Stage:
        made = [f"{self.root}/{name}/energies.parquet"]
        title = f"Energy of every source of corpus {name} in every chunk"
        return self._stage(f"energies@{name}", title, made, self._tables(name), ["energies"], job=Job(corpus=name))

    def _spectra(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"Average spectrum of every mixture of corpus {name}"
        read = [f"{folder}/recordings.json", f"{folder}/catalog.parquet", *self._shared(name, "spectra.parquet")]
        return self._stage(
            f"spectra@{name}", title, [f"{folder}/spectra.parquet"], read, ["spectra"], job=Job(corpus=name)
        )


def _published(corpus: Corpus) -> list[str]:
    """Where the registry and the split of a corpus are."""
    return [*(["workflow/corpora"] if corpus.versions else []), *([corpus.split_file] if corpus.split_file else [])]


def _label_folders(corpus: Corpus) -> list[str]:
    """Where published labels of a corpus may change: its roots, too, unless what is in them is published itself."""
    own = corpus.roots if corpus.labels == "published" and not (corpus.standin or corpus.versions) else []
    return [*corpus.label_folders, *own]
