"""What the three programs have in common: how each of them reaches the servers of a trial, and whom it believes."""

import argparse
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from facts.anchor import Anchor, read_anchor
from margin.documents.reading import read_document
from margin.errors import MarginError
from ringfence.client.connection import Connection
from ringfence.client.errors import ClientError, RefusedError
from ringfence.client.heads import LastHead
from ringfence.client.settings import ConnectionSettings
from ringfence.client.verifier import Verifier

YES, NO = 0, 1


class Trial:
    """The folder of ``ringfence sandbox make``, as somebody of one role uses it."""

    def __init__(self, folder: Path, role: str) -> None:
        self.folder = folder
        self.role = role

    @property
    def anchor(self) -> Anchor:
        """Whose word counts: it is pinned beforehand and asked of nobody."""
        return read_anchor(read_document(self.folder / "clients" / "anchor.json"))

    @property
    def verifier(self) -> Verifier:
        """The verifier as it is pinned; the last head of its log that this role has seen is kept in a file."""
        anchor = self.anchor
        return Verifier(anchor, LastHead(anchor.log_keys, self.folder / "clients" / f"{self.role}.heads"))

    def connect(self, server: str = "") -> Connection:
        """A connection with this role's certificate: to the verifier, or to the prover."""
        text = (self.folder / "clients" / f"{server or self.role}.toml").read_text(encoding="utf-8")
        said = tomllib.loads(text)["connection"]
        paths = {name: Path(said[name]) for name in ("authorities", "certificate", "key")}
        return Connection(ConnectionSettings(said["address"], **paths))


def begin_parser(about: str | None) -> argparse.ArgumentParser:
    """The arguments that every program has."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", type=Path, help="the folder that `ringfence sandbox make` has made")
    return parser


def run(main: Callable[[], int]) -> None:
    """Run a program: exit 0 for yes and 1 for no, with the reason."""
    with suppress(KeyboardInterrupt):
        try:
            sys.exit(main())
        except RefusedError as refusal:
            print(f"refused in step {refusal.step}: {refusal.reason} ({refusal.field})")
        except ClientError as error:
            print(f"no: {error.reason} ({error.field}); expected {error.expected}")
        except MarginError as error:
            print(f"no: {error.reason.value} ({error.field}); expected {error.expected}")
        sys.exit(NO)
