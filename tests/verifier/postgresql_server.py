"""A PostgreSQL server of the tests' own, where its programs are on this machine."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import pytest

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"
START_SECONDS = 120
"""However busy the machine is."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM = 1 << 30
QUIET = ("-c", "listen_addresses=", "-c", "autovacuum=off", "-c", "max_connections=400")
"""Nobody calls over a network, and no schema of a test lives long enough to be swept."""


def find_programs() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``."""
    folders = [*sorted(DEBIAN.glob("*/bin"), reverse=True)]
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    return next((each for each in folders if all((each / name).exists() for name in ("initdb", "postgres"))), None)


def find_owner() -> str | None:
    """PostgreSQL does not run as root; whom it runs as instead, if it must."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    return OWNER if any(entry.pw_name == OWNER for entry in pwd.getpwall()) else None


def choose_disk() -> Path | None:
    """Where a server has its files: in memory where there is room, for it is the process that tests kill."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


PROGRAMS = find_programs()
ABSENT = "POSTGRESQL IS NOT TESTED: no initdb and postgres on this machine"


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, programs: Path, owner: str, driver: Any) -> None:  # noqa: ANN401 - a module
        self._driver = driver
        self._folder = folder
        self._programs = programs
        self._owner = owner
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = 0
        self._run("initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D", folder / "data")

    def start(self) -> None:
        """Start, and wait until it answers."""
        arguments = ("-D", str(self._folder / "data"), "-k", str(self._folder), *QUIET)
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - a program of this machine
            [*self._as_owner("postgres"), *arguments], stdout=log, stderr=log, cwd=self._folder
        )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._driver.connect(self._url()).close()
            except self._driver.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop at once, as a machine that fails would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS)
            self._process = None

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Not there for a while, and there again for whoever comes next."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def new_schema(self) -> str:
        """The address of a schema in which there is nothing."""
        self._schemas += 1
        name = f"store_{os.getpid()}_{self._schemas}"
        with self._driver.connect(self._url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return self._url(f"-csearch_path={name}")

    def _url(self, options: str = "") -> str:
        extra = f"&options={quote(options, safe='')}" if options else ""
        return f"postgresql:///postgres?host={quote(str(self._folder), safe='')}&user={self._owner}{extra}"

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_owner(program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)  # noqa: S603

    def _as_owner(self, program: str) -> list[str]:
        """Another program changes the user: Python would fork for it, and what else runs here may not survive that."""
        command = [str(self._programs / program)]
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={self._owner}", f"--regid={self._owner}", "--clear-groups", *command]


@contextmanager
def run_server() -> Iterator[Server]:
    """A server for as long as it is needed; the test is skipped, loudly, where there is none."""
    owner = find_owner()
    if PROGRAMS is None or owner is None:
        pytest.skip(ABSENT)
    driver = pytest.importorskip("psycopg", reason="POSTGRESQL IS NOT TESTED: no psycopg in this environment")
    folder = Path(mkdtemp(prefix="ringfence-postgresql-", dir=choose_disk()))
    if os.geteuid() == 0:
        shutil.chown(folder, owner)
    server = Server(folder, PROGRAMS, owner, driver)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One for all tests of a process: a server costs as much as a dozen schemas."""
    with run_server() as running:
        yield running
