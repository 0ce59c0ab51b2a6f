"""Findings: one clear sentence for each thing that is wrong with a corpus, and the names of all checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from reprosep.base.errors import UserError, near_match

CHECKS = {
    "no-folder": "the folder of the corpus is there",
    "nested-folder": "the layout begins in that folder, not one level deeper",
    "wrong-format": "recordings are in the published format (wav where wav is expected, not stems.mp4)",
    "no-split": "every split has its folder",
    "unknown-split": "no folder looks like a misspelled split",
    "no-song": "there is at least one song",
    "partial-unzip": "no archive lies there half unpacked",
    "no-licence": "the licence lies beside the recordings",
    "missing-song": "every published song is there",
    "split-song": "every song that corpora.*.split names is there",
    "extra-song": "no song is there that was not published",
    "wrong-split": "every song is in its published split",
    "song-name": "song folders are named as published",
    "bad-metadata": "metadata files are there, readable and complete",
    "unknown-instrument": "every instrument label has a class in workflow/instruments.yaml",
    "no-file": "every stem has its file",
    "extra-file": "no stem file is there that the metadata do not name",
    "unreadable": "every file is a sound file that can be read",
    "empty-file": "no file is empty",
    "truncated": "every file is as long as its header says",
    "sample-rate": "sample rates are as published",
    "channels": "numbers of channels are as published",
    "length": "the stems of a song have one length",
    "silent": "no stem is silent from start to end",
    "clipped": "no stem is clipped",
    "not-a-number": "every sample is a finite number",
    "not-the-sum": "the mixture is the sum of its stems",
    "duplicate": "no recording is there twice",
    "checksum": "files have the bytes that were published or rendered",
    "left-out": "a note on files and folders that nobody reads, and on songs of a split file that are not there",
    "known-defect": "a note on errata of the publishers; nothing is stopped by it",
}
LEFT_OUT = "left-out"
NOTES = (LEFT_OUT, "known-defect")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `song` is '' when it concerns the whole corpus."""

    check: str
    song: str
    path: str
    sentence: str

    @property
    def remedy(self) -> str:
        """What to do: the part of the sentence behind its last semicolon."""
        return self.sentence.rpartition("; ")[2]

    @property
    def problem(self) -> str:
        """What is wrong: the part before, without the path that the sentence begins with."""
        return self.sentence.rpartition("; ")[0].removeprefix(f"{self.path}: ")

    def record(self) -> dict[str, str]:
        """The finding as plain values."""
        return {**asdict(self), "remedy": self.remedy}


def from_error(error: UserError, song: str, path: str, check: str) -> Finding:
    """The finding that an error of a reader stands for; `check` when the error does not name its own."""
    return Finding(error.check or check, song, path, str(error))


def check_names(where: str, names: Iterable[str]) -> None:
    """Raise :class:`UserError` when one of the names is no check."""
    for name in names:
        if name not in CHECKS:
            raise UserError(f"{where}: no check '{name}'{near_match(name, CHECKS)}; allowed: {', '.join(CHECKS)}")


def stopping(findings: Iterable[Finding], accepted: Collection[str]) -> list[Finding]:
    """The findings that stop a reproduction: neither notes nor accepted by the user."""
    return [finding for finding in findings if finding.check not in (*NOTES, *accepted)]
