"""A folder in which a page is typed from top to bottom, as its reader would.

A command of ``ringfence`` runs in this process, as its entry point runs it; whatever else there is runs in a shell; and
what serves until it is ended is a process of its own, as in another terminal, until the page ends.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from ringfence.cli.bridging.programs import find_port
from ringfence.cli.entry import run
from tests.documentation.pages import Block, Command
from tests.documentation.untyped import TOLD
from tests.packaging.sources import REPOSITORY
from tests.ringfence.cli.trial import COMMAND

SECONDS: Final = 600
"""No command of a page takes longer, however busy the machine is."""
SERVERS: Final = {
    re.compile(r"ringfence (?:verifier|prover) serve\b"): "serving on",
    re.compile(r"ringfence sandbox publish .*--every"): "published",
    re.compile(r"ringfence console\b"): "open once",
    re.compile(r"ringfence (?:watch|watch-chain|attest-gate|relay|post-roots)\b"): "",
}
"""What does not end by itself, with what it says when it is there for others."""
ENDS_BY_ITSELF = re.compile(r"--(?:once|check|print-config)\b")
ASSIGNED = re.compile(r'([A-Z]+)="([^"]*)"')
NAMED = re.compile(r'(\w+)\(\) \{ ringfence "\$@" ([^;]*); \}')
"""A name for ``ringfence`` with options, which every shell takes alike."""
FOR_A_SHELL = re.compile(r"[|<>&;$`()*~]")
DRAWN = re.compile(
    r"(?<!\w)(?:0x)?(?:[0-9a-f]{16,}(?:\.\.\.|…)?|[0-9a-f]{8,}(?:\.\.\.|…))(?!\w)"  # hashes and ids
    r"|\d{4}-\d\d-\d\dT[\d:]+Z|\d\d:\d\d:\d\d|\b1[78]\d{8}\b"  # moments
    r"|(?<=token=)\S+"  # what opens a page once
    r"|\b\d+ seconds?\b|\b\d+\.\d+ s\b"  # how long something took, or lasts
)
"""What is new each time."""
PROGRAMS: Final = {
    "ringfence": shlex.join(COMMAND),
    "python": sys.executable,
    "make": f"{shutil.which('make')} --directory {REPOSITORY} --dry-run",
}
"""What a reader has on the path. ``make`` says what it would do: it makes what runs this, and runs this."""

ADDRESS = re.compile(r"127\.0\.0\.1:(\d{4,5})\b")
MACHINE = re.compile(r"(?<![\w./:-])/(?=(?:etc|mnt|opt|run|srv|var)/)|(?<=unix:)/(?=run/)")
UNTOLD: Final = {
    re.compile(r"ringfence sandbox (?!publish|price)\S+(?! --verifier)(?=\s|$)"): (
        "--verifier 127.0.0.1:50052 --prover 127.0.0.1:50051"
    ),
    re.compile(r"ringfence console(?= )"): "--listen 127.0.0.1:8440",
}
"""Where servers listen if nobody says so: two pages may be typed at once, so that here it has to be said."""


class Terminal:
    """Where a page is typed, with what keeps running for it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capture = capture
        self._variables: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self._ports: dict[str, str] = {}
        self._names: dict[str, object] = {"__name__": "documentation"}
        self._ends = ExitStack()
        self._titled: dict[str, Serving] = {}
        self._last = ""
        shutil.copytree(REPOSITORY / "examples", folder / "examples")  # as a reader has it in the clone
        programs = folder / "bin"
        programs.mkdir()
        for name, command in PROGRAMS.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o700)
        self._environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}

    def go_through(self, block: Block) -> None:
        """Do with a block what its reader does: write the file, run the program, type the commands."""
        if block.file and not (self._folder / block.file).exists():
            (self._folder / block.file).write_text(self.rewrite(block.text))
        elif block.language == "python":
            exec(compile(self.rewrite(block.text), block.place, "exec"), self._names)  # noqa: S102 - our own pages
        elif block.title == TOLD:
            code, said = self.run(f"{self._last} --json")
            assert code == 0, said
            require_part(json.loads(block.text), json.loads(said))
        elif block.language == "console" and not block.commands:
            self._titled[block.title].wait_for("", block.text, self.as_on_page)
        for command in block.commands:
            self.type(command, block.title)

    def type(self, command: Command, title: str = "") -> None:
        """Type one command; it ends as the page says, and prints what the page shows."""
        line = self._last = self.rewrite(command.line)
        if assigned := ASSIGNED.fullmatch(line):
            self._variables[f"${assigned[1]}"] = assigned[2]
        elif named := NAMED.fullmatch(line):
            self._named[named[1]] = named[2]
        elif (sign := find_sign(line)) is not None:
            serving = self._titled[title] = Serving(line, self._folder, self._environment)
            self._ends.callback(serving.end)
            serving.wait_for(sign, command.shown, self.as_on_page)
        else:
            code, said = self.run(line)
            assert code == command.exit, f"{line}\n{said}"
            require_shown(command.shown, self.as_on_page(said))

    def run(self, line: str) -> tuple[int, str]:
        """What a command ends with, and what it says."""
        if line.startswith("ringfence ") and not FOR_A_SHELL.search(line.partition(" # ")[0]):
            self._capture.readouterr()
            code = run(shlex.split(line, comments=True)[1:])
            return code, "".join(self._capture.readouterr())
        ended = subprocess.run(  # noqa: S603 - what our own pages say
            ["/bin/bash", "-o", "pipefail", "-c", line],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        return ended.returncode, ended.stdout.decode()

    def rewrite(self, text: str) -> str:
        """The one rule: addresses of this machine are free ones, and the folders of a machine are below this folder."""
        for name, value in self._variables.items():
            text = re.sub(rf"{re.escape(name)}\b", value, text)
        for name, options in self._named.items():
            text = re.sub(rf"^{name} (.*?)(?=\s+# |$)", rf"ringfence \1 {options}", text)
        for command, told in UNTOLD.items():
            text = command.sub(rf"\g<0> {told}", text)
        text = ADDRESS.sub(lambda said: f"127.0.0.1:{self.port(said[1])}", text)
        return MACHINE.sub(f"{self._folder}/machine/", text)

    def port(self, said: str) -> str:
        """The free port that stands for one on the page."""
        return self._ports.setdefault(said, str(find_port()))

    def as_on_page(self, text: str) -> str:
        """The same, backwards."""
        for said, port in self._ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{said}")
        return text.replace(f"{self._folder}/machine/", "/").replace(f"{self._folder}/", "")

    def close(self) -> None:
        """End what still serves, the last first."""
        self._ends.close()


class Serving:
    """A command in a terminal of its own."""

    def __init__(self, line: str, folder: Path, environment: dict[str, str]) -> None:
        self._line = line
        self._told = folder / f"terminal-{time.monotonic_ns()}.log"
        with self._told.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - what our own pages say
                ["/bin/bash", "-c", f"exec {line}"], cwd=folder, env=environment, stdout=log, stderr=log
            )

    def wait_for(self, sign: str, shown: str, as_on_page: Callable[[str], str]) -> None:
        """Wait until it is there for others, and has said what the page shows."""
        deadline = time.monotonic() + SECONDS
        while sign not in (said := as_on_page(self._told.read_text())) or not is_shown(shown, said):
            assert self._process.poll() is None, f"{self._line}\n{said}"
            assert time.monotonic() < deadline, f"{self._line}\n{said}"
            time.sleep(0.05)

    def end(self) -> None:
        """Tell it to end, which it does by itself."""
        self._process.terminate()
        try:
            assert self._process.wait(SECONDS) in {0, -signal.SIGTERM}, f"{self._line}\n{self._told.read_text()}"
        finally:
            self._process.kill()


@contextmanager
def opened_terminal(folder: Path, capture: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """A terminal in a folder, until the page ends."""
    terminal = Terminal(folder, capture)
    try:
        yield terminal
    finally:
        terminal.close()


def find_sign(line: str) -> str | None:
    """What a command says when it serves; nothing where it ends by itself."""
    if ENDS_BY_ITSELF.search(line):
        return None
    return next((sign for server, sign in SERVERS.items() if server.match(line)), None)


def plain(line: str) -> str:
    """A line without what is new each time, and without how it was laid out."""
    return " ".join(DRAWN.sub("", line).split())


def is_shown(shown: str, said: str) -> bool:
    """Whether what a page shows was said: whole lines (``...``: some are left out), or a document."""
    lines = [plain(line) for line in shown.splitlines() if line.strip() not in {"", "..."}]
    if shown.startswith("{"):
        return "".join(shown.split()) == "".join(said.split())
    return {*lines} <= {plain(line) for line in said.splitlines()}


def require_shown(shown: str, said: str) -> None:
    """What a page shows was said."""
    assert is_shown(shown, said), f"the page shows\n{shown}\nand this was said\n{said}"


def require_part(shown: object, told: object, path: str = "") -> None:
    """What is shown is in what is told: the fields of an object, the items of a list, else the value."""
    if isinstance(shown, dict):
        assert isinstance(told, dict), path
        for name, value in shown.items():
            require_part(value, told[name], f"{path}.{name}")
    elif isinstance(shown, list):
        assert isinstance(told, list), path
        assert len(shown) == len(told), path
        for index, value in enumerate(shown):
            require_part(value, told[index], f"{path}[{index}]")
    else:
        assert shown == told, path
