"""A console as it is run: the command, as a process, in front of a verifier that serves."""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from facts.anchor import ANCHOR_FORMAT
from tests.packaging.sources import REPOSITORY
from tests.ringfence.client.calling import anchor_of, settings_of
from tests.serving.knocking import Reply
from tests.verifier.running import Running

COMMAND = [sys.executable, "-c", "from ringfence.cli.entry import main; main()"]
OPEN = re.compile(r"open (?:once|with a certificate): (\S+)")
STARTS = count()
"""Each has a terminal of its own."""
SECONDS = 120.0
"""On a machine that has much else to do."""


@dataclass
class Opened:
    """A console, and the browser of whoever started it."""

    process: "subprocess.Popen[str]"
    told: Path
    cookie: str = ""

    @property
    def addresses(self) -> list[str]:
        """Those that stood in the terminal so far."""
        return OPEN.findall(self.told.read_text(encoding="utf-8"))

    @property
    def port(self) -> int:
        port = urlsplit(self.addresses[0]).port
        assert port is not None
        return port

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        connection = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={**({"cookie": self.cookie} if self.cookie else {}), **named})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def enter(self) -> Reply:
        """Open the newest address."""
        split = urlsplit(self.addresses[-1])
        answer = self.get(f"{split.path}?{split.query}", cookie="")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def words(self, seconds: float = SECONDS) -> Generator[tuple[str, Any], None, None]:
        """What the stream says, until nobody looks any more or so long."""
        connection = self.connect()
        deadline = time.monotonic() + seconds
        try:
            connection.request("GET", "/api/stream", headers={"cookie": self.cookie})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            topic = ""
            while time.monotonic() < deadline:
                line = response.readline().decode()
                if not line:
                    return
                if line.startswith("event: "):
                    topic = line.removeprefix("event: ").strip()
                elif line.startswith("data: "):
                    yield topic, json.loads(line.removeprefix("data: "))
        finally:
            connection.close()

    def hear(self, wanted: str, **fields: object) -> Any:  # noqa: ANN401 - whatever JSON it is
        """The first word on a topic that says this."""
        for topic, word in self.words():
            if topic == wanted and all(word.get(name) == value for name, value in fields.items()):
                return word
        raise AssertionError(f"nothing on {wanted} with {fields}")


def certified(running: Running) -> list[str]:
    """The options by which a console is reached over TLS, with the authority and the callers of the verifier."""
    certificates = running.trial.certificates
    files = {f"tls.{name}": getattr(certificates.tls, name) for name in ("certificate", "key", "client_authorities")}
    return [f"--set={name}={path}" for name, path in {**files, "console.callers": certificates.callers}.items()]


@contextmanager
def opened(running: Running, caller: str, *options: str) -> Iterator[Opened]:
    """The command, with the certificate of a caller."""
    folder = running.trial.folder
    settings = settings_of(running, caller)
    anchor = anchor_of(running)
    (folder / "anchor.json").write_text(
        json.dumps(
            {
                "format": ANCHOR_FORMAT,
                "verifier": anchor.verifier,
                "domain": anchor.domain,
                "keys": [key.hex() for key in anchor.keys],
                "signers": [f"0x{signer.hex()}" for signer in anchor.signers],
                "log": {"origin": anchor.log_keys[0].origin, "keys": [key.public_key.hex() for key in anchor.log_keys]},
            }
        ),
        encoding="utf-8",
    )
    named = {name: str(getattr(settings, name)) for name in ("address", "authorities", "certificate", "key")}
    lines = ["[connection]", *(f"{name} = {json.dumps(value)}" for name, value in named.items())]
    config = folder / f"{caller}.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = ("--config", str(config), "--anchor", str(folder / "anchor.json"), "--listen", "127.0.0.1:0", *options)
    with started(folder / f"{caller}-{next(STARTS)}.log", *given) as found:
        yield found


@contextmanager
def started(
    told: Path, *options: str, command: Sequence[str] = ("console",), folder: Path = REPOSITORY
) -> Iterator[Opened]:
    """The command with these options, until it has ended by itself."""
    with (
        told.open("w", encoding="utf-8") as log,
        subprocess.Popen([*COMMAND, *command, *options], cwd=folder, stderr=log, text=True) as process,  # noqa: S603 - this interpreter
    ):
        found = Opened(process, told)
        try:
            deadline = time.monotonic() + SECONDS
            while not found.addresses:
                assert process.poll() is None, told.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, told.read_text(encoding="utf-8")
                time.sleep(0.02)
            if "token=" in found.addresses[0]:
                found.enter()
            yield found
        finally:
            process.terminate()
            assert process.wait(SECONDS) == 0, told.read_text(encoding="utf-8")
