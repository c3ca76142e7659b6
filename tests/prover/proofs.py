"""Commands of ``ringfence`` run in a folder of their own, with a cheap wallet, for whoever needs real proofs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from facts.sealed_file import Cost
from ringfence.cli.entry import run

ROOT = Path(__file__).parents[2]
CHEAP = Cost(14)

Content = dict[str, Any]


@contextmanager
def working_in(folder: Path, cache: Path) -> Iterator[None]:
    """Commands run in ``folder``, with circuits and keys in ``cache``."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with patch.dict(os.environ, RINGFENCE_CACHE=str(cache)), patch("prover.wallet.DEFAULT_COST", CHEAP):
            yield
    finally:
        os.chdir(before)


@dataclass(frozen=True)
class Desk:
    """A trader's folder."""

    folder: Path
    cache: Path

    def run(self, *arguments: object, code: int = 0) -> Content:
        """Run a command with ``--json`` and return what it wrote; it has to end with ``code``."""
        with working_in(self.folder, self.cache), patch("sys.stdout", StringIO()) as told:
            ended = run([*map(str, arguments), "--json"])
        assert ended == code, told.getvalue()
        return cast("Content", json.loads(told.getvalue()))

    def tell(self, *arguments: object, code: int = 0) -> None:
        """Run a command that says nothing; it has to end with ``code``."""
        with working_in(self.folder, self.cache):
            assert run([*map(str, arguments)]) == code

    def write(self, name: str, content: Content | str) -> Path:
        """A document in the folder."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def commit(self, document: object, *, code: int = 0) -> Content:
        """Commit to a document."""
        return self.run("commit", document, *self.passphrase, code=code)

    def prove(self, document: object, *more: object, name: str = "perp", code: int = 0) -> Content:
        """Prove a statement about a committed document."""
        key = () if "--zkey" in more else ("--development",)
        return self.run("prove", name, "--input", document, *key, *self.passphrase, *more, code=code)

    def verify(self, *more: object, code: int = 0) -> Content:
        """Verify the proof in the folder."""
        return self.run("verify", "--development", *more, code=code)

    @property
    def passphrase(self) -> tuple[str, str]:
        """The option that says where the passphrase is."""
        path = self.folder / "passphrase"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text("a passphrase of the tests\n")
        return "--passphrase-file", str(path)


def document(**position: object) -> Content:
    """A bitcoin long at ten times leverage under Binance's rules, with changes."""
    content: Content = json.loads((ROOT / "examples" / "long-btc.json").read_text())
    content["position"] |= position
    return content
