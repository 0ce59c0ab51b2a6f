"""A real OpenSSH server on the loopback, as the present user, with keys of its own."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_SECONDS_TO_START = 10.0


@dataclass
class Server:
    """Where it listens, the key that it lets in, and the process, so that it can be taken away."""

    port: int
    key: Path
    user: str
    process: subprocess.Popen[bytes]

    def url(self, folder: Path) -> str:
        """The address of a folder for `dvc remote add`."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{folder}"

    def stop(self) -> None:
        """End it with all connections, unless it is ended."""
        if self.process.poll() is not None:
            return
        for member in [*psutil.Process(self.process.pid).children(recursive=True), self.process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()


@contextlib.contextmanager
def openssh(folder: Path, port: int | None = None) -> Iterator[Server]:
    """Run sshd until the block ends; its keys and log are in `folder`."""
    binary = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(binary).exists():
        raise FileNotFoundError("sshd: not found; install it with `apt-get install openssh-server`")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host", "user"):
        if not (folder / name).exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = port or _free_port()
    Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile {folder / 'pid'}\n"
        f"AuthorizedKeysFile {folder / 'user.pub'}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    process = subprocess.Popen([binary, "-D", "-f", folder / "config", "-E", folder / "log"])
    server = Server(port, folder / "user", getpass.getuser(), process)
    try:
        _wait_for(server)
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Server) -> None:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end and server.process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("sshd did not answer; its log says why")
