"""Why pip failed, as one sentence, read from what it printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_CUT = (
    r"IncompleteRead|incomplete-download|Connection broken|RemoteDisconnected|ConnectionReset|Connection aborted|"
    r"EOF occurred"
)
_UNREACHABLE = (
    r"NewConnectionError|NameResolutionError|Failed to resolve|ConnectTimeoutError|Failed to establish a new|"
    r"connection-timeout|connection-failed|Network is unreachable"
)
_DAMAGED = r"DO NOT MATCH THE HASHES|BadZipFile|has an invalid wheel|is not a valid wheel|is invalid\.?$"
_STATUS = r"(?:HTTP error |OSError\('Tunnel connection failed: )(\d{3})"
_NOT_BUILT = r"Failed (?:building wheel for|to build) (?:installable wheels for some [^(]*\()?'?([\w.-]+)"
_CLASH = r"Cannot install ([^\n]+?) because these package versions have conflicting dependencies"
_FILE = r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.!+-]+?\.(?:whl|tar\.gz|zip))(?:\.metadata)?(?: |$)"


@dataclass(frozen=True)
class Failure:
    """A sentence without an end; `again` when the same command may succeed, `afresh` when only without pip's cache."""

    sentence: str
    again: bool = False
    afresh: bool = False


def failure(output: str, code: int) -> Failure:
    """What the output of a pip that ended with `code` says."""
    if code < 0:
        return Failure(f"pip was ended by signal {-code}" + (" (too little memory?)" if code == -9 else ""))
    for reason in _REASONS:
        if known := reason(output):
            return known
    errors = re.findall(r"^ERROR: (.+)$", output, re.MULTILINE)
    last = (errors or output.split("\n\n")[-1].splitlines() or [f"it ended with {code} and without a word"])[-1]
    return Failure(f"pip failed: {_short(last)}")


def _no_space(output: str) -> Failure | None:
    if match := re.search(r"No space left on device|Disk quota exceeded", output):
        return Failure(f"{match[0].lower()} while {_package(output)} was installed; make space")
    return None


def _not_permitted(output: str) -> Failure | None:
    if match := re.search(r"\[Errno (?:13|1|30)\] ([^:\n]+): '([^']+)'", output):
        return Failure(f"{match[2]}: {match[1].lower()}")
    return None


def _damaged(output: str) -> Failure | None:
    if re.search(_DAMAGED, output, re.MULTILINE):
        return Failure(f"{_package(output)} arrived damaged (checksum or archive is wrong)", again=True, afresh=True)
    return None


def _not_trusted(output: str) -> Failure | None:
    if re.search(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", output):
        return Failure(
            f"the certificate of {_host(output)} is not trusted while {_package(output)} was fetched; behind a proxy "
            f"that reads the traffic, set PIP_CERT to its certificate"
        )
    return None


def _refused(output: str) -> Failure | None:
    if match := re.search(_STATUS, output):
        sentence = f"{_host(output)} answered {match[1]} when {_package(output)} was fetched"
        return Failure(sentence + "; the proxy wants a login" * (match[1] == "407"), again=match[1][0] == "5")
    return None


def _network(output: str) -> Failure | None:
    if re.search(r"Cannot connect to proxy|ProxyError", output):
        return Failure(f"{_package(output)} cannot be fetched: the proxy (HTTPS_PROXY or pip's own) does not answer")
    if re.search(_CUT, output):
        return Failure(f"the connection was cut while {_package(output)} was fetched", again=True)
    if re.search(r"ReadTimeoutError|Read timed out", output):
        return Failure(f"{_host(output)} did not go on answering while {_package(output)} was fetched", again=True)
    if re.search(_UNREACHABLE, output):
        return Failure(f"{_package(output)} cannot be fetched: no connection to {_host(output)}; is there a network?")
    return None


def _no_such_version(output: str) -> Failure | None:
    if not (match := re.search(r"No matching distribution found for ([^\s]+)", output)):
        return None
    listed = re.search(r"\(from versions: ([^)]*)\)", output)
    versions = [v for v in (listed[1].split(", ") if listed else []) if v != "none"]
    has = f"it has {', '.join(versions[-3:])}" if versions else "it has no version of it, or does not answer"
    return Failure(f"pip's index has no {match[1]} for this Python and machine ({has})")


def _not_built(output: str) -> Failure | None:
    match = re.search(_NOT_BUILT, output)
    if not match and "subprocess-exited-with-error" not in output:
        return None
    name = match[1] if match else _package(output)
    causes = re.findall(r"^\s*((?:error: |\w*Error: )[^\n]+)$", output, re.MULTILINE)
    causes = [cause for cause in causes if "subprocess-exited-with-error" not in cause]
    why = f": {_short(causes[-1])}" if causes else ""
    return Failure(f"{name} has no ready-made package for this Python and machine and could not be built{why}")


def _conflict(output: str) -> Failure | None:
    if match := re.search(_CLASH, output):
        return Failure(f"the pinned versions do not go together: {_short(match[1])}")
    return None


# What explains the others comes first: a full disk or a dead network looks to pip like a package without versions.
_REASONS: tuple[Callable[[str], Failure | None], ...] = (
    _no_space,
    _damaged,
    _not_trusted,
    _refused,
    _not_built,
    lambda output: _network(output) if _ended_by_network(output) else None,
    _no_such_version,
    _conflict,
    _not_permitted,
    _network,
)


def _ended_by_network(output: str) -> bool:
    """Whether the last connection failed: pip warns of those that it could mend, too."""
    return "(from versions: none)" in output or "No matching distribution" not in output


def _package(output: str) -> str:
    """The package that pip was at."""
    if match := re.search(r"No matching distribution found for ([^\s]+)", output):
        return match[1]
    return next((name for line in reversed(output.splitlines()) if (name := _at(line))), "a package")


def _at(line: str) -> str:
    matches = [re.match(pattern, line) for pattern in (_FILE, r"Collecting ([^\s]+)", r".*/simple/([^/'\s]+)/")]
    return next((match[1] for match in matches if match), "")


def _host(output: str) -> str:
    addresses = re.findall(r"host='([^']+)'|https?://(?:[^/@\s]*@)?([^/\s:]+)", output)
    names = [first or second for first, second in addresses]
    return names[-1] if names else "the index"


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."
