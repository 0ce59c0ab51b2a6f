"""The wheel carries the project's rules, tables and registries; everything else is in pyproject.toml."""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("params.yaml", "Snakefile", "workflow", "results-published", "CITATION.cff", "LICENSE")


class BuildWithProject(build_py):
    """Puts them beside the modules, as ``reprosep/_project``, where :func:`reprosep.base.project.repository` looks."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        place = Path(self.build_lib) / "reprosep" / "_project"
        self.mkpath(str(place))
        for name in CARRIED:
            if Path(name).is_dir():
                copytree(name, place / name, ignore=ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                self.copy_file(name, str(place / name))


setup(cmdclass={"build_py": BuildWithProject})
