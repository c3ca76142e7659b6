"""``ringfence registry``: facts are signed by members, published from one machine, and watched by everybody."""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from facts.committee_document import describe_committee, read_committee, render_moment
from facts.roots import PublishedRoot, PublishedRoots
from facts.signed import Kind
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from ringfence.cli.commands import registry_sign
from ringfence.cli.connection import ServerOption, open_connection
from ringfence.cli.fact_files import describe_fact, join_files, read_fact, write_fact
from ringfence.cli.options import JsonOption
from ringfence.cli.settings import ConfigOption, SetOption
from ringfence.cli.terminal import draw_facts, draw_table, write_json, write_json_line
from ringfence.client.registry import Registry

REQUEST_DIGITS: Final = 32


class FactKind(StrEnum):
    """What is published, in a word."""

    MARKET = "market"
    BOOK = "book"
    LOCKS = "locks"
    POLICY = "policy"
    APPOINTMENT = "appointment"
    REVOCATION = "revocation"


KINDS: Final = {
    FactKind.MARKET: Kind.MARKET_ROUND,
    FactKind.BOOK: Kind.BOOK_ROOT,
    FactKind.LOCKS: Kind.LOCK_ROOT,
    FactKind.POLICY: Kind.POLICY_VERSION,
    FactKind.APPOINTMENT: Kind.APPOINTMENT,
    FactKind.REVOCATION: Kind.REVOCATION,
}

app = typer.Typer(help="Signed facts: sign, publish and watch them.", no_args_is_help=True)
app.add_typer(registry_sign.app, name="sign")

FilesArgument = Annotated[
    list[Path], typer.Argument(help="Files of the same fact (.fact); their signatures are joined.", show_default=False)
]


@app.command()
def publish(
    kind: Annotated[FactKind, typer.Argument(help="What the files are.", show_default=False)],
    files: FilesArgument,
    *,
    request_id: Annotated[
        str | None, typer.Option("--request-id", help="The id of the request; made of the fact unless it is said.")
    ] = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a fact to a registry, with the signatures of all its files; sent again it is the same request."""
    signed = join_files(files)
    if signed.statement.KIND is not KINDS[kind]:
        found, expected = signed.statement.KIND, f"a {KINDS[kind]}"
        raise MisuseError(Reason.WRONG_MESSAGE, str(files[0]), found=found, expected=expected)
    data = signed.encode()
    named = request_id or sha256(data).hexdigest()[:REQUEST_DIGITS]
    with open_connection(server, config, settings) as connection:
        told = connection.ask(Registry().publish(data, named))
    report = {"kind": signed.statement.KIND.value, **{key: describe_told(key, value) for key, value in told.items()}}
    if as_json:
        write_json(report)
    else:
        draw_facts("Published", report)


def describe_told(name: str, value: object) -> object:
    """What a registry answered, as documents have it: roots in decimal digits."""
    if isinstance(value, bytes):
        return str(int.from_bytes(value, "big")) if name.endswith("_root") else value.hex()
    return render_moment(int(str(value))) if name.endswith("_at_seconds") else value


@app.command()
def show(
    files: FilesArgument,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the fact with all signatures here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What a fact says and who signed it, each signature verified; whether the signers may say so is not asked."""
    signed = join_files(files)
    if output is not None:
        write_fact(output, signed)
    report = describe_fact(signed)
    if as_json:
        write_json(report)
    else:
        draw_facts(", ".join(map(str, files)), report)


@app.command()
def committee(
    file: Annotated[Path, typer.Argument(help="A committee document.", show_default=False)],
    *,
    as_json: JsonOption = False,
) -> None:
    """The digest of a committee, which is what names and pins it."""
    read = read_committee(read_document(file))
    if as_json:
        write_json({"digest": read.digest.hex(), **describe_committee(read)})
    else:
        members = f"{read.threshold} of {len(read.members)}, quorum {read.quorum}"
        draw_facts(
            f"{read.purpose} {read.scope}", {"digest": read.digest.hex(), "epoch": read.epoch, "signers": members}
        )


@app.command()
def roots(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on: the roots as they change, one line each.")] = False,
    resume: Annotated[str, typer.Option("--resume", help="With --watch: the token of the last change seen.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder for the facts as they were signed.")
    ] = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """The roots that hold now, and the facts that make them so."""
    registry = Registry()
    with open_connection(server, config, settings) as connection:
        if not watch:
            report_roots(connection.ask(registry.roots()), output, as_json=as_json)
            return
        for change in connection.follow(registry.watch(), resume):
            keep_facts(change.item, output)
            write_json_line({**describe_roots(change.item), "resume_token": change.token})


def report_roots(published: PublishedRoots, output: Path | None, *, as_json: bool) -> None:
    """One root of each kind."""
    keep_facts(published, output)
    report = describe_roots(published)
    if as_json:
        write_json(report)
        return
    rows: list[list[object]] = []
    for name, root in report.items():
        told: dict[str, Any] = root or {}
        rows.append([name, *(told.get(column) for column in ("root", "sequence", "observed_at", "expires_at"))])
    draw_table("Roots that hold now", ("kind", "root", "sequence", "observed at", "expires at"), rows)


def describe_roots(published: PublishedRoots) -> dict[str, dict[str, Any] | None]:
    """Roots as a program reads them."""
    return {name: describe_root(getattr(published, name)) for name in ("book", "market", "locks")}


def describe_root(published: PublishedRoot | None) -> dict[str, Any] | None:
    """A root as a program reads it."""
    if published is None:
        return None
    return {
        "root": str(published.root),
        "sequence": published.sequence,
        "observed_at": render_moment(published.observed_at),
        "expires_at": render_moment(published.expires_at),
        "facts": len(published.facts),
    }


def keep_facts(published: PublishedRoots, folder: Path | None) -> None:
    """The facts of the roots as files, named by kind and by the place among those of a root."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("book", "market", "locks"):
        root: PublishedRoot | None = getattr(published, name)
        for place, data in enumerate(root.facts if root else ()):
            path = folder / f"{name}-{place}.fact"
            path.write_bytes(data)
            read_fact(path)
