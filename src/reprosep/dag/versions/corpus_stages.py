"""The stages of corpora: one per corpus and step, from recordings to mixtures."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from reprosep.claims.reads import corpora_with
from reprosep.dag.versions.contents import Contents
from reprosep.dag.versions.stage import Stage
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import corpora_of, scored_on
from reprosep.papers.kinds import CATALOG, SPECTRA
from reprosep.params.data import Corpus
from reprosep.params.reading import recordings_of


class CorpusStages(Contents):
    """The stages of the corpora of one scale."""

    def corpus_stages(self) -> list[Stage]:
        """All of them, step by step."""
        read = self._read()
        heard = self._heard()
        steps = [
            (self._corpus, self._listed(read)),
            (self._catalog, self._listed(read)),
            (self._activity, read),
            (self._notes, self._holding("notes/")),
            (self._mixtures, [name for name in read if name in heard]),
            (self._clips, self._holding("clips/")),
            (self._seconds, self._holding("seconds/")),
            (self._energies, self._holding("energies.parquet")),
            (self._spectra, self._with_spectra),
        ]
        return [make(name) for make, corpora in steps for name in corpora]

    def _read(self) -> list[str]:
        """The corpora that runs read."""
        named = {corpus for name in self.runs for corpus in corpora_of(self.params, *self.plan.runs[name])}
        return [name for name in self.params.corpora if name in named]

    def _listed(self, read: list[str]) -> list[str]:
        """Those that runs, tables or figures read."""
        named = {*read, *self._counted, *self._with_spectra}
        return [name for name in self.params.corpora if name in named]

    def _heard(self) -> set[str]:
        """Those of which separated songs are scored."""
        separating = [name for name in self.runs if kind_of(self.system(name)).separates]
        return {corpus for name in separating for corpus in scored_on(self.params, *self.plan.runs[name])}

    def _holding(self, part: str) -> list[str]:
        """The corpora of which trainings read a file, or files in a folder, of that name."""
        files = {file for name in self.trained for file in self.plan.training_reads(name).files}
        return [name for name in self.params.corpora if any(file.startswith(f"{name}/{part}") for file in files)]

    @cached_property
    def _counted(self) -> list[str]:
        """The corpora that tables and figures count, and those whose catalogs they have."""
        return self._with_sources(CATALOG)

    @cached_property
    def _with_spectra(self) -> list[str]:
        """The corpora whose spectra figures compare, and those whose recordings they have."""
        return self._with_sources(SPECTRA)

    def _with_sources(self, file: str) -> list[str]:
        papers = self.papers.items()
        named = [one for name, paper in papers for one in corpora_with(self.params, name, paper, file)]
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
        return self._corpus_stage(f"corpora@{name}", f"Recordings of corpus {name}", [made], own, ["recordings"])

    def _catalog(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        made = [f"{folder}/{file}" for file in ("examination.parquet", "catalog.parquet", "audio/index.parquet")]
        versioned = [*made[:2], *([] if self.is_real(name) else [f"{folder}/audio"])]
        read = [f"{folder}/recordings.json", *_published(self.params.corpora[name])]
        read += [path for file in ("examination.parquet", "catalog.parquet") for path in self._shared(name, file)]
        steps = ["examination", "catalog", "store"]
        title = f"Every stem of corpus {name}, examined, listed and decoded once"
        return self._corpus_stage(f"catalog@{name}", title, made, read, steps, outs=versioned)

    def _activity(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"When every stem of corpus {name} plays"
        read, made = self.tables(name)[:-1], [f"{folder}/activity/index.parquet"]
        read += _label_folders(self.params.corpora[name])
        return self._corpus_stage(f"activity@{name}", title, made, read, ["activity"], outs=[f"{folder}/activity"])

    def _notes(self, name: str) -> Stage:
        corpus, folder = self.params.corpora[name], f"{self.root}/{name}"
        title, read = f"Notes of every stem of corpus {name}", [f"{folder}/catalog.parquet"]
        made = [f"{folder}/notes/{file}.parquet" for file in ("index", "notes")]
        own = corpus.roots if corpus.notes != "none" and not (corpus.standin or corpus.versions) else []
        read += [*corpus.note_folders, *own]
        return self._corpus_stage(f"notes@{name}", title, made, read, ["notes"], outs=[f"{folder}/notes"])

    def _mixtures(self, name: str) -> Stage:
        made = [str(path) for path in self.plan.mixtures(name)]
        folder = f"{self.root}/{name}/mixtures"
        title = f"Validation and test mixtures of corpus {name} as recipes"
        more: Any = {"outs": [folder], "shape": [f"corpora.{name}.targets"]}
        return self._corpus_stage(f"mixtures@{name}", title, made, self.tables(name), ["mixtures"], **more)

    def _clips(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/clips"
        targets = [target for target in self.params.corpora[name].targets if self.plan.clip_counts(name, target)]
        made = [f"{folder}/{target}.parquet" for target in targets]
        title, read = f"Clips of corpus {name} to train on", self.tables(name)
        return self._corpus_stage(f"clips@{name}", title, made, read, ["clips"], outs=[folder], shape=["papers"])

    def _seconds(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/seconds"
        title = f"Seconds of corpus {name} that activity detectors learn from"
        made = [f"{folder}/{file}" for file in ("split.csv", "labels.parquet", "index.parquet")]
        outs = made if self.is_real(name) else [folder]
        return self._corpus_stage(f"seconds@{name}", title, made, self.tables(name), ["seconds"], outs=outs)

    def _energies(self, name: str) -> Stage:
        made = [f"{self.root}/{name}/energies.parquet"]
        title = f"Energy of every source of corpus {name} in every chunk"
        return self._corpus_stage(f"energies@{name}", title, made, self.tables(name), ["energies"])

    def _spectra(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"Average spectrum of every mixture of corpus {name}"
        read = [f"{folder}/recordings.json", f"{folder}/catalog.parquet", *self._shared(name, "spectra.parquet")]
        return self._corpus_stage(f"spectra@{name}", title, [f"{folder}/spectra.parquet"], read, ["spectra"])

    def _corpus_stage(
        self, name: str, title: str, made: list[str], read: list[str], steps: list[str], **more: Any
    ) -> Stage:
        """The stage of a corpus, whose name ends in that of the corpus, that does some steps."""
        corpus = name.partition("@")[2]
        return self.stage(name, title, made, read, self.steps(*steps, corpus=corpus), corpora=[corpus], **more)


def _published(corpus: Corpus) -> list[str]:
    """Where the registry and the split of a corpus are."""
    return [*(["workflow/corpora"] if corpus.versions else []), *([corpus.split_file] if corpus.split_file else [])]


def _label_folders(corpus: Corpus) -> list[str]:
    """Where published labels of a corpus may change: its roots, too, unless what is in them is published itself."""
    own = corpus.roots if corpus.labels == "published" and not (corpus.standin or corpus.versions) else []
    return [*corpus.label_folders, *own]
