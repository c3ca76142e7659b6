"""``ringfence store``: what a verifier remembers, made, looked over, copied and brought back."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from facts.committee_document import parse_hexadecimal
from facts.ed25519 import KEY_BYTES
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.log_head import LogHead
from margin.errors import MalformedError, MisuseError, Reason
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, err, write_json
from verifier.backup import GivenUp, back_up_store, restore_store
from verifier.inspection import Witness, inspect_store, name_store
from verifier.store.address import SERVER_SCHEMES, open_database
from verifier.store.database import Database
from verifier.store.schema import MIGRATIONS, Identity, upgrade_store
from verifier.store.sqlite import create_file

SQLITE: Final = b"SQLite format 3\x00"
"""What the file of a store begins with."""

app = typer.Typer(help="What a verifier remembers: acceptances, nullifiers, its log.", no_args_is_help=True)

StoreArgument = Annotated[str, typer.Argument(help="The path of a file, or postgresql://...")]
FileArgument = Annotated[Path, typer.Argument(help="The file of the copy.")]
WitnessOption = Annotated[Path, typer.Option("--witness", help="The file with the head that was witnessed last.")]
KeyOption = Annotated[
    list[str] | None,
    typer.Option("--log-key", help="A public key of the log, in hexadecimal; one for each that it has had."),
]
FolderOption = Annotated[
    Path | None, typer.Option("--keys", help="The folder of signing keys that has the keys of the log, instead.")
]


@app.command()
def upgrade(
    store: StoreArgument,
    *,
    domain: Annotated[str | None, typer.Option("--domain", help="Of a new store: its registry of nullifiers.")] = None,
    origin: Annotated[str | None, typer.Option("--origin", help="Of a new store: the name of its log.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a store to this program's version, or make one; of one that matters take a copy first."""
    named = Identity(domain, origin) if domain is not None and origin is not None else None
    with opened(store, makes_file=named is not None) as database:
        identity = named or name_store(database)
        upgrade_store(database, identity)
        found = inspect_store(database)
    report("The store", found.head, identity, as_json=as_json, unnamed=found.unnamed)


@app.command()
def verify(
    store: StoreArgument,
    *,
    witness: Annotated[
        Path | None, typer.Option("--witness", help="The file with the head that was witnessed last.")
    ] = None,
    log_key: KeyOption = None,
    keys: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read all of a store: its files, its tables against its log, its log against the witness."""
    watch = read_witness(witness, log_key, keys) if witness is not None else None
    with opened(store) as database:
        found = inspect_store(database, watch)
    report("Whole", found.head, found.identity, as_json=as_json, unnamed=found.unnamed)
    if watch is None and not as_json:
        err.print("[yellow]Whether it is the newest, a witness alone can tell.[/yellow]")


@app.command()
def backup(
    store: StoreArgument,
    file: FileArgument,
    *,
    witness: WitnessOption,
    log_key: KeyOption = None,
    keys: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a store to a new file, while it is served from; either kind of database restores from it."""
    with opened(store) as database:
        taken = back_up_store(database, file, read_witness(witness, log_key, keys), int(time.time()))
    report("Copied", taken.head, taken.identity, as_json=as_json)


@app.command()
def restore(
    file: FileArgument,
    store: StoreArgument,
    *,
    witness: WitnessOption,
    log_key: KeyOption = None,
    keys: FolderOption = None,
    give_up: Annotated[
        int | None,
        typer.Option(
            "--give-up",
            min=1,
            help="So many entries were witnessed and are not in the copy. They are LOST: what was spent in them can be "
            "spent again, and whoever kept a later head will refuse this log. It is written down beside the witness.",
        ),
    ] = None,
    give_up_unknown: Annotated[
        bool,
        typer.Option(
            "--give-up-unknown",
            help="The witness is lost as well: nobody knows how many entries are. The same, of an unknown number.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fill a new store from a copy, unless the witness has seen more than the copy holds."""
    given_up = GivenUp(give_up) if give_up is not None or give_up_unknown else None
    if give_up is not None and give_up_unknown:
        expected = "--give-up or --give-up-unknown"
        raise MisuseError(Reason.CONFLICTING_FIELDS, "give_up", found="both", expected=expected)
    with opened(store, makes_file=True) as database:
        taken = restore_store(file, database, read_witness(witness, log_key, keys), int(time.time()), given_up)
    report("Restored", taken.head, taken.identity, as_json=as_json)


@contextmanager
def opened(store: str, *, makes_file: bool = False) -> Iterator[Database]:
    """The database at an address; a file that was made for it goes again where nothing came of it."""
    path = None if store.startswith(SERVER_SCHEMES) else Path(store)
    is_made = path is not None and makes_file and not path.exists()
    if path is not None and is_made:
        create_file(path)
    elif path is not None and not path.exists():
        found, expected = os.strerror(errno.ENOENT), "a store: 'upgrade' with --domain and --origin makes one"
        raise MisuseError(Reason.NOT_READABLE, str(path), found=found, expected=expected)
    elif path is not None:
        require_store(path)
    database = open_database(store)
    try:
        yield database
    except BaseException:
        database.close()
        if path is not None and is_made:
            path.unlink(missing_ok=True)
        raise
    database.close()


def require_store(path: Path) -> None:
    """Another file, or a folder, is told from a store that is damaged or busy."""
    with path.open("rb") as file:
        begins = file.read(len(SQLITE))
    if begins and begins != SQLITE:
        expected = "a store of a verifier, as 'ringfence store upgrade' makes one"
        raise MalformedError(Reason.NOT_READABLE, str(path), found="a file of another kind", expected=expected)


def read_witness(path: Path, log_keys: Sequence[str] | None, folder: Path | None) -> Witness:
    """The witness, and the keys one of which has to have signed it."""
    if bool(log_keys) == (folder is not None):
        expected = "--log-key or --keys"
        raise MisuseError(Reason.CONFLICTING_FIELDS, "log_key", found="both, or neither", expected=expected)
    if folder is not None:
        believed = KeyFolder(folder).read().believed(Role.LOG, Algorithm.ED25519)
        return Witness(path, tuple(key.public_key for key in believed))
    return Witness(path, tuple(parse_hexadecimal(key, "log_key", KEY_BYTES) for key in log_keys or ()))


def report(title: str, head: LogHead, identity: Identity, *, as_json: bool, unnamed: Sequence[str] = ()) -> None:
    """Which store it is, and how far its log goes; and of which seizures it cannot say whom they pay."""
    facts = {
        "domain": identity.domain,
        "origin": identity.origin,
        "version": len(MIGRATIONS),
        "entries": head.size,
        "root": head.root.hex(),
    }
    if as_json:
        write_json({**facts, "unnamed_seizures": list(unnamed)} if unnamed else facts)
        return
    draw_facts(title, facts)
    if unnamed:
        err.print(
            f"[yellow]Whom {len(unnamed)} seizures pay was not written down by the version that made them, and an "
            "escrow may not pay by their word. Seize each again with the same release: 'ringfence seize'.[/yellow]"
        )
        for acceptance in unnamed:
            err.print(acceptance)
