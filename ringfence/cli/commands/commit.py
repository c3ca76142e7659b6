"""``ringfence commit``: a position, and the locks that back it, as commitments; what opens them goes into a wallet."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from facts.commitments import commit_lock, commit_position, tag_position
from prover.development import commit_for_development, open_development, read_folder_demand
from prover.publication import write_publication
from prover.request import read_lone_document, read_request_file
from prover.succession import find_standing
from prover.wallet import KeptPosition, Wallet
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import draw_facts, write_json

WALLET = Path("ringfence.wallet")
FACTS = Path("ringfence-facts")

WalletOption = Annotated[Path, typer.Option("--wallet", help="The wallet; commit makes it where there is none.")]
FactsOption = Annotated[
    Path,
    typer.Option("--facts", help="The folder with book, market round and locks; commit makes one for development."),
]
NameOption = Annotated[
    str | None, typer.Option("--name", help="What the wallet calls the position; the document's label by default.")
]


def commit(
    file: Annotated[Path, typer.Argument(help="A position or a request (.json, .toml).", show_default=False)],
    *,
    name: NameOption = None,
    wallet: WalletOption = WALLET,
    facts: FactsOption = FACTS,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Commit to a position: its secrets go into the wallet, its commitment into a book for development.

    Under a name that the wallet has, the same document with further holdings in its basket is a top-up.
    """
    request = read_request_file(file)
    is_new = not wallet.exists()
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=is_new)
    opened = Wallet.create(wallet, passphrase) if is_new else Wallet.open(wallet, passphrase)
    called = name or request.name
    publication = open_development(facts)
    demand = request.demand or read_folder_demand(facts, request)
    known = opened.secrets.positions.get(called)
    known = known and find_standing(known, publication)
    kept, published = commit_for_development(request, opened.secrets, publication, demand, known)
    opened.secrets.positions[called] = replace(kept, document=read_lone_document(file))
    opened.save()
    write_publication(facts, published)
    report = {"name": called, **describe(kept, opened.secrets.key), "wallet": str(wallet), "facts": str(facts)}
    if as_json:
        write_json(report)
    else:
        draw_facts("Committed", {name: format_fact(value) for name, value in report.items()})


def describe(kept: KeptPosition, key: int) -> dict[str, object]:
    """What is public of a position and its locks."""
    return {
        "commitment": str(commit_position(kept.committed)),
        "position_tag": str(tag_position(key, kept.committed.position_id)),
        "locks": [str(commit_lock(each.lock)) for each in kept.locks],
    }


def format_fact(value: object) -> object:
    """A list on lines of its own; nothing where it is empty."""
    return "\n".join(value) or None if isinstance(value, list) else value
