"""``ringfence keys``: the signing keys of a verifier, or of a member of a committee, sealed in a folder."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from facts.key_file import Algorithm, PublicPart, Role, open_key, read_public_part, require_use
from facts.key_set import KeyFolder, KeySet, ListedKey, Standing, require_key_name
from facts.sealed_release import create_release_key
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import draw_facts, draw_table, err, write_json
from snark.r1cs.container import replace_file

KEYS = Path("ringfence-keys")

app = typer.Typer(help="Signing keys in sealed files: new ones, and how each of them stands.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option("--keys", help="The folder of the keys; new makes it where there is none.")]
NameArgument = Annotated[str, typer.Argument(help="What the key is called in its folder.", show_default=False)]
RoleOption = Annotated[Role, typer.Option("--role", help="What it signs, and nothing else.", show_default=False)]
AlgorithmOption = Annotated[
    Algorithm, typer.Option("--algorithm", help="ed25519, or secp256k1 for what contracts check and for accounts.")
]


@app.command()
def new(
    name: NameArgument,
    *,
    role: RoleOption,
    algorithm: AlgorithmOption = Algorithm.ED25519,
    keys: FolderOption = KEYS,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a key; it waits behind those of its role that are valid, and signs once they are retired or revoked."""
    require_use(role, algorithm)
    require_key_name(name)
    folder = KeyFolder(keys)
    known = folder.read() if folder.list_path.exists() else KeySet()
    valid = next((key for key in known.keys if key.standing is Standing.VALID), None)
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=valid is None, of="the keys")
    if valid is not None:
        folder.open(valid, passphrase)  # all keys of a folder have one passphrase
    key = folder.create(name, role, algorithm, passphrase, moment=int(time.time()))
    report_key(key, folder.read(), as_json=as_json)


@app.command()
def venue(
    file: Annotated[Path, typer.Argument(help="The new file of the key.", show_default=False)],
    *,
    public: Annotated[
        Path, typer.Option("--public", help="The file for its public part, for `seal --for`.", show_default=False)
    ],
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
) -> None:
    """Draw the key of a venue, which alone opens the releases that traders seal for it."""
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=True, of=str(file))
    with replace_file(public) as opened:
        opened.write(f"{create_release_key(file, passphrase).hex()}\n".encode())


@app.command("list")
def list_keys(*, keys: FolderOption = KEYS, as_json: JsonOption = False) -> None:
    """All keys of a folder, and which of them are in use."""
    known = KeyFolder(keys).read()
    rows = [describe_key(key, known) for key in known.keys]
    if as_json:
        write_json({"keys": rows})
    else:
        columns = ("name", "role", "algorithm", "standing", "in_use", "public")
        draw_table(str(keys), columns, [[row[column] for column in columns] for row in rows])


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A key file (.key).", show_default=False)],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Open it too: who has the passphrase finds out whether it was altered.")
    ] = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a key file says of its key; that needs no passphrase."""
    public = read_public_part(file)
    if check:
        open_key(file, ask_passphrase(passphrase_file, passphrase_fd, is_new=False, of="the key"), public.role)
    report = {**describe_public_part(public), "checked": check}
    if as_json:
        write_json(report)
    else:
        draw_facts(str(file), report)


@app.command()
def retire(name: NameArgument, *, keys: FolderOption = KEYS, as_json: JsonOption = False) -> None:
    """Sign no more with a key; what it has signed is still believed."""
    known = KeyFolder(keys).retire(name, int(time.time()))
    report_key(known.find(name), known, as_json=as_json)


@app.command()
def revoke(name: NameArgument, *, keys: FolderOption = KEYS, as_json: JsonOption = False) -> None:
    """Never believe a key again, whatever it has signed. There is no way back."""
    known = KeyFolder(keys).revoke(name, int(time.time()))
    report_key(known.find(name), known, as_json=as_json)


def report_key(key: ListedKey, known: KeySet, *, as_json: bool) -> None:
    """How a key stands now, and who signs."""
    in_use = known.in_use(key.role, key.algorithm)
    report = {**describe_key(key, known), "signs_now": in_use.name if in_use else None}
    if as_json:
        write_json(report)
        return
    draw_facts(key.name, report)
    if in_use is None:
        use = escape(f"{key.role.value} keys of {key.algorithm.value}")
        err.print(f"[yellow]No {use} are left: nothing is signed until there is a new one.[/yellow]")


def describe_key(key: ListedKey, known: KeySet) -> dict[str, object]:
    """A key as its list has it."""
    return {
        "name": key.name,
        "role": key.role.value,
        "algorithm": key.algorithm.value,
        "public": key.spelling,
        "standing": key.standing.value,
        "since": key.since,
        "in_use": known.in_use(key.role, key.algorithm) == key,
    }


def describe_public_part(public: PublicPart) -> dict[str, object]:
    """A key as its file has it."""
    return {
        "role": public.role.value,
        "algorithm": public.algorithm.value,
        "public": public.spelling,
        "drawn_at": public.drawn_at,
    }
