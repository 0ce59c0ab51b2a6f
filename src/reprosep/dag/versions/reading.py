"""What a stage depends on in few words: folders of code, and records that tell of several results at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from reprosep.dag.versions.run_stages import TRAININGS
from reprosep.dag.versions.stage import Stage

_CODE = PurePosixPath("src/reprosep")
_MIXED = "experiments"  # its folders are of different kinds of systems, its own files are of all


def code_folders(paths: Iterable[str]) -> list[str]:
    """Files of the project, those of one folder of the package as that folder: DVC may notice more than needed.

    It then runs the stage, in which Snakemake finds nothing to do. A file that is the only one of its folder stays.
    """
    by_folder: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        by_folder.setdefault(_folder(PurePosixPath(path)), []).append(path)
    return sorted(files[0] if len(files) == 1 else folder for folder, files in by_folder.items())


def _folder(path: PurePosixPath) -> str:
    """The folder that stands for a file; the file itself where none does."""
    if not path.is_relative_to(_CODE):
        return str(path)
    names = path.relative_to(_CODE).parts
    depth = 2 if names[0] == _MIXED else 1
    return str(_CODE.joinpath(*names[:depth]))


class Results:
    """Results by the stages that make them."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self._makers = {out: stage for stage in stages for out in stage.made}

    def named(self, stage: Stage) -> list[str]:
        """What a stage reads: several results of another stage by its records, which change whenever one of them does.

        Weights that were scored need no mention beside the records of their scores.
        """
        several = [maker for maker, paths in self._by_maker(stage.deps) if maker and len(paths) > 1]
        scored = {path for maker in several for path in maker.deps if self._is_trained(path)}
        left = self._by_maker(path for path in stage.deps if path not in scored)
        return [maker.records if maker and len(paths) > 1 else path for maker, paths in left for path in paths[:1]]

    def _by_maker(self, paths: Iterable[str]) -> list[tuple[Stage | None, list[str]]]:
        """Paths by the stages that make them, in their order; what no stage makes, each by itself."""
        groups: dict[str, tuple[Stage | None, list[str]]] = {}
        for path in paths:
            maker = self._maker(path)
            groups.setdefault(maker.name if maker else path, (maker, []))[1].append(path)
        return list(groups.values())

    def _maker(self, path: str) -> Stage | None:
        """The stage that makes a file, or a folder that it lies in."""
        above = [path, *(str(parent) for parent in PurePosixPath(path).parents)]
        return next((self._makers[one] for one in above if one in self._makers), None)

    def _is_trained(self, path: str) -> bool:
        maker = self._maker(path)
        return maker is not None and maker.group in TRAININGS
