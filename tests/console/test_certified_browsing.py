"""The console over TLS in a browser: with a certificate that may see it, with one that may not, and with none."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.console.browser import CHROMIUM, needs_browser
from tests.console.front import FRONT, needs_tools
from tests.console.opened import Opened, certified, opened
from tests.verifier.claims import Watch
from tests.verifier.running import BRIDGE, READER, VENUE_DESK, Running, Trial

pytestmark = [needs_tools, needs_browser, pytest.mark.native, pytest.mark.slow]


@dataclass
class Site:
    """A console over TLS that an acceptor has started, and browsers that come to it."""

    running: Running
    console: Opened
    folder: Path

    def visit(self, who: str, *words: str) -> "subprocess.Popen[str]":
        """A browser of its own."""
        authority = self.folder / "authority.pem"
        authority.write_bytes(self.running.trial.authority.certificate)
        profile = self.folder / f"profile-{who}"
        command = ["node", "test/certified.mjs", self.console.addresses[0], str(profile), CHROMIUM, who, *words]
        told = {**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=FRONT, env=told, stdin=pipe, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - a tool of this project

    def certificate(self, caller: str) -> tuple[str, str]:
        """The files of a caller."""
        pair = self.running.trial.pair(caller)
        files = self.folder / f"{caller}.pem", self.folder / f"{caller}.key"
        for path, content in zip(files, (pair.certificate, pair.key), strict=True):
            path.write_bytes(content)
        return str(files[0]), str(files[1])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db")).serving() as running:
        running.answer(running.accept(running.claim(1001, 1002)))
        with opened(running, BRIDGE, *certified(running)) as console:
            yield Site(running, console, tmp_path)


def tell(visit: "subprocess.Popen[str]", word: str = "") -> Any:  # noqa: ANN401 - JSON
    """What a visit saw, after it was told something."""
    seen, failure = visit.communicate(word)
    assert visit.returncode == 0, failure
    return json.loads(seen)


@pytest.mark.parametrize("caller", [BRIDGE, VENUE_DESK])
def test_a_guest_with_a_role_looks_around_until_it_is_taken_back(site: Site, caller: str) -> None:
    with site.visit("guest", *site.certificate(caller)) as visit:
        assert visit.stdout is not None
        assert visit.stdout.readline() == "in\n", visit.communicate()
        site.running.trial.certificates.allow({f"dns:{READER}": ["reader"]})
        seen = tell(visit, "taken back\n")
    assert (seen["status"], seen["text"].strip()) == (
        403,
        "Your certificate has no role that may see all that is shown here.",
    )


def test_a_guest_without_a_role_is_told_so(site: Site) -> None:
    for caller in (READER, "stranger.example"):
        with site.visit("stranger", *site.certificate(caller)) as visit:
            seen = tell(visit)
        assert seen["status"] == 403
        assert seen["text"].strip() == "Your certificate has no role that may see all that is shown here."


def test_whoever_has_no_certificate_is_told_that_it_takes_one(site: Site) -> None:
    content = site.running.trial.certificates.tls.files.certificate.read_bytes()
    certificate = x509.load_pem_x509_certificate(content)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with site.visit("nobody", base64.b64encode(sha256(key).digest()).decode()) as visit:
        seen = tell(visit)
    assert seen["status"].endswith("net::ERR_BAD_SSL_CLIENT_AUTH_CERT")
    assert "ERR_BAD_SSL_CLIENT_AUTH_CERT" in seen["text"]
