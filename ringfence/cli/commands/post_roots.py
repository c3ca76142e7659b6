"""``ringfence post-roots``: what a registry publishes is signed for contracts by a member of a committee."""

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from ringfence.cli.commands.relay import SettingsOption
from ringfence.cli.exits import ExitCode
from ringfence.cli.extras import require_web3
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import out, write_json_line

if TYPE_CHECKING:
    from ringfence.cli.posting import Poster, PostTold
    from ringfence.cli.rounds import PostRounds
    from ringfence.client.connection import Connection


def post_roots(
    *,
    settings: SettingsOption,
    once: Annotated[
        bool, typer.Option("--once", help="Post what holds now, and stop; exit 1 where signatures are missing.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only whether the poster that runs is well: for whoever looks after it.")
    ] = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the roots of a registry for contracts, share the signature, and post what enough members have signed."""
    require_web3()
    from prometheus_client import CollectorRegistry

    from chains.roots import RootBoard
    from chains.transactions import Sender
    from facts.key_file import Role
    from facts.secp256k1 import SigningKey
    from margin.documents.reading import read_document
    from ringfence.cli.looking import Page
    from ringfence.cli.own_key import open_own_key
    from ringfence.cli.posting import Poster, Witness
    from ringfence.cli.relay_settings import read_posting_settings
    from ringfence.cli.rounds import PostRounds, check_rounds
    from ringfence.client.connection import Connection
    from verifier.trust import read_trust

    said = read_posting_settings(read_document(settings))
    if check:
        check_rounds(said, "The poster is well", as_json=as_json)
        return
    witness = Witness(read_trust(read_document(said.trust)), said.appointments, lambda: int(time.time()))
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=False, of="the keys")
    council, payer = (open_own_key(said.keys, role, SigningKey, passphrase) for role in (Role.COUNCIL, Role.SENDER))
    registry = CollectorRegistry()
    rounds = PostRounds.open(said.status, registry)

    def tell(told: "PostTold") -> None:
        rounds.told(told)
        report_post(told, as_json=as_json)

    with ExitStack() as stack:
        chains = {number: stack.enter_context(access.open()) for number, access in said.chains.items()}
        rounds.rounds.follow(chains.values())
        senders = {number: Sender(chain, payer, said.chains[number].bounds) for number, chain in chains.items()}
        boards = [
            (each, RootBoard.open(chains[each.place.chain_id], each.place.address, senders[each.place.chain_id]))
            for each in said.boards
        ]
        poster = Poster(boards, witness, council, said.parts, tell)
        connection = stack.enter_context(Connection(said.registry.connection))
        if once:
            raise typer.Exit(post_once(poster, connection, rounds))
        stack.enter_context(Page(said.metrics, registry).shown())
        post_on(poster, connection, rounds, said.round_seconds)


def post_once(poster: "Poster", connection: "Connection", rounds: "PostRounds") -> ExitCode:
    """What holds now; no where a signature is missing, a contract could not be asked, or something does not hold."""
    from ringfence.client.registry import Registry

    poster.take(connection.ask(Registry().roots()))
    rounds.ended(poster.attend())
    return ExitCode.NO if poster.waiting or poster.refused else ExitCode.YES


def post_on(poster: "Poster", connection: "Connection", rounds: "PostRounds", round_seconds: float) -> None:
    """Whatever comes; a registry that does not answer ends it, and is told."""
    from ringfence.cli.posting import post_all
    from ringfence.client.errors import ClientError
    from serving.log import log_to

    log_to()
    try:
        post_all(poster, connection, round_seconds, rounds.ended)
    except ClientError as error:
        rounds.failed(error)
        raise


def report_post(told: "PostTold", *, as_json: bool) -> None:
    """What became of a root, on a line."""
    report: dict[str, object] = {
        "step": told.step.value,
        "chain_id": told.board.chain_id,
        "contract": f"0x{told.board.contract.hex()}",
    }
    if told.post is not None:
        report |= {
            "kind": told.post.kind.name.lower(),
            "root": str(told.post.root),
            "sequence": told.post.sequence,
            "moment": told.post.moment,
        }
    if told.receipt is not None:
        report |= {
            "transaction": f"0x{told.receipt.hash.hex()}",
            "block": told.receipt.block,
            "gas": told.receipt.gas,
        }
    if told.why:
        report["why"] = told.why
    if as_json:
        write_json_line(report)
    else:
        what = f"{report['kind']} {report['sequence']}" if told.post else "roots"
        more = f": {told.why}" if told.why else f": {report['transaction']}" if told.receipt else ""
        place = f"{told.board.chain_id}/0x{told.board.contract.hex()}"
        out.print(f"{told.step.value} {what} at {place}{more}", highlight=False, markup=False)
    out.file.flush()
