"""``ringfence transition``: positions that changed, between their owner and the keeper of the book."""

from pathlib import Path
from typing import Annotated

import typer

from facts.book_change import read_book_change
from facts.position_opening import PositionOpening, read_opening
from margin.documents.reading import read_document
from prover.claim_files import STATED
from prover.publication import Publication, read_publication, write_publication
from prover.succession import find_standing, learn
from prover.wallet import Wallet
from ringfence.cli.claim_folder import read_claim_folder
from ringfence.cli.commands.collateral import FolderArgument, RequestOption
from ringfence.cli.commands.commit import FACTS, WALLET, FactsOption, WalletOption
from ringfence.cli.commands.groth16 import write_text
from ringfence.cli.commands.prove import BOOK_CHANGE, OUTPUT
from ringfence.cli.connection import ServerOption, open_counter
from ringfence.cli.holding_view import tell_moment
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.settings import ConfigOption, SetOption
from ringfence.cli.terminal import draw_facts, write_json
from ringfence.client.application import Succession

app = typer.Typer(help="Apply changes of positions to a book, and tell how its leaves open.", no_args_is_help=True)


@app.command("apply")
def apply_transition(
    folder: FolderArgument = OUTPUT,
    *,
    demand: Annotated[
        Path | None, typer.Option("--demand", help="What is stated of the change; that of the folder.")
    ] = None,
    book: Annotated[
        Path | None,
        typer.Option("--book", help="A folder of facts whose book gets the new leaves when they were applied."),
    ] = None,
    change: Annotated[
        Path | None, typer.Option("--book-change", help="Which leaves of the book they succeed; that of the folder.")
    ] = None,
    request_id: RequestOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a change of positions written down once and for ever. Exit 1 with step and reason where it is refused."""
    claim = read_claim_folder(folder, demand or folder / STATED)
    with open_counter(server, config, settings) as counter:
        applied = counter.connection.ask(counter.verifier.apply(claim, request_id))
    if book is not None:
        keep_book(book, change or folder / BOOK_CHANGE, applied)
    if as_json:
        write_json(report_applied(applied))
    else:
        show_applied(applied)


@app.command("opening")
def write_opening(
    name: Annotated[str, typer.Argument(help="What the wallet calls the position.", show_default=False)],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file, for the venue alone.", show_default=False)],
    wallet: WalletOption = WALLET,
    facts: FactsOption = FACTS,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
) -> None:
    """Write what opens the leaf of a position: a venue that liquidates has to know it."""
    opened = Wallet.open(wallet, ask_passphrase(passphrase_file, passphrase_fd, is_new=False))
    kept = find_standing(opened.secrets.position(name), read_publication(facts))
    write_text(output, PositionOpening.of(kept.committed).render())


@app.command("learn")
def learn_opening(
    name: Annotated[str, typer.Argument(help="What the wallet calls the position.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="What the venue told: opening.json.", show_default=False)],
    *,
    wallet: WalletOption = WALLET,
    facts: FactsOption = FACTS,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
) -> None:
    """Keep what opens a position that its venue reduced; it counts when the book shows its leaf."""
    opened = Wallet.open(wallet, ask_passphrase(passphrase_file, passphrase_fd, is_new=False))
    positions, publication = opened.secrets.positions, read_publication(facts)
    kept = find_standing(opened.secrets.position(name), publication)
    positions[name] = find_standing(learn(kept, read_opening(read_document(file))), publication)
    opened.save()


def keep_book(folder: Path, change: Path, applied: Succession) -> None:
    """Put the new leaves in the place of the old ones; the same change once more changes nothing."""
    told, entry = read_book_change(read_document(change)), applied.entry
    told.require_applied(entry.spent, entry.leaves)
    published = read_publication(folder)
    leaves = told.succeed(published.leaves)
    write_publication(folder, Publication(leaves, published.facts, published.chains))


def report_applied(applied: Succession) -> dict[str, object]:
    """What was applied, as a program reads it; elements in decimal digits."""
    entry = applied.entry
    return {
        "claim_id": applied.id,
        "kind": entry.kind.name.lower(),
        "nullifiers": [str(each) for each in entry.spent],
        "leaves": [str(each) for each in entry.leaves],
        "key_id": entry.claim.key_id,
        "development": entry.is_for_development,
        "applied_at": tell_moment(entry.moment),
        "log_index": applied.index,
        "head": {"size": applied.head.head.size, "root": applied.head.head.root.hex()},
    }


def show_applied(applied: Succession) -> None:
    """A table."""
    report = report_applied(applied)
    shown = {name: report[name] for name in ("claim_id", "kind", "applied_at", "log_index")}
    shown |= {"leaves": "\n".join(map(str, applied.entry.leaves))}
    shown |= {"in the log of": f"{applied.head.head.size} entries, checked"}
    draw_facts("Applied", shown)
