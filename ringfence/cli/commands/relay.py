"""``ringfence relay``: what verifiers say is carried to the gates where it is good."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ringfence.cli.exits import ExitCode
from ringfence.cli.extras import require_web3
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import err, out, write_json_line
from ringfence.client.verifier import read_clock

if TYPE_CHECKING:
    from chains.guarding import Contested
    from chains.paying import PaymentTold
    from chains.relaying import Told
    from chains.transactions import Receipt
    from facts.secp256k1 import SigningKey
    from ringfence.cli.relay_settings import FollowedSettings, RelaySettings
    from ringfence.cli.relaying import Carriage, Telling
    from ringfence.cli.rounds import Rounds

UNEXAMINED: Final = (
    "without [release] nothing is looked into that traders sealed for the venue: a gate is told of acceptances "
    "that may be worth nothing to it"
)
SettingsOption = Annotated[
    Path, typer.Option("--settings", help="The document of what is relayed (.toml, .json).", show_default=False)
]


def relay(
    *,
    settings: SettingsOption,
    once: Annotated[
        bool, typer.Option("--once", help="Carry what is so now, and stop; exit 1 where a gate was not told.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only whether the relayer that runs is well: for whoever looks after it.")
    ] = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry every change of an acceptance to its gate, each once; a line for each, with --json a document a line."""
    require_web3()
    from prometheus_client import CollectorRegistry

    from facts.key_file import Role
    from facts.secp256k1 import SigningKey
    from margin.documents.reading import read_document
    from ringfence.cli.looking import Page
    from ringfence.cli.own_key import open_own_key
    from ringfence.cli.relay_settings import read_relay_settings
    from ringfence.cli.rounds import Rounds, check_rounds
    from serving.log import log_to

    said = read_relay_settings(read_document(settings))
    if check:
        check_rounds(said, "The relayer is well", as_json=as_json)
        return
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=False, of="the keys")
    signer = open_own_key(said.keys, Role.SENDER, SigningKey, passphrase)
    registry = CollectorRegistry()
    rounds = Rounds.open(said.status, registry)
    if not once:
        log_to()
    with Page(None if once else said.metrics, registry).shown():
        if said.followed is None:
            relay_observed(said, signer, rounds, once=once, as_json=as_json)
        else:
            relay_followed(said, said.followed, signer, rounds, once=once, as_json=as_json)


def telling_of(rounds: "Rounds", *, as_json: bool) -> "Telling":
    """A line for everything that happens at escrows, and metrics of it."""
    from ringfence.cli.relaying import Cargo, Telling

    def contested(told: "Contested") -> None:
        rounds.count(Cargo.EXIT, told.step, told.reason)
        report_contested(told, as_json=as_json)

    def paid(told: "PaymentTold") -> None:
        rounds.count(Cargo.PAYMENT, told.step, told.reason)
        report_payment(told, as_json=as_json)

    return Telling(contested, paid, rounds.ended)


def relay_observed(said: "RelaySettings", signer: "SigningKey", rounds: "Rounds", *, once: bool, as_json: bool) -> None:
    """Tell escrows what the observers of gates say; nobody else is asked."""
    from ringfence.cli.relaying import carry_observed, open_contracts

    with open_contracts(said, signer, None, telling_of(rounds, as_json=as_json)) as contracts:
        rounds.follow(contracts.chains.values())
        if once:
            contracts.attend_once()
            raise typer.Exit(end_of(contracts))
        carry_observed(contracts, said.round_seconds)


def relay_followed(
    said: "RelaySettings",
    followed: "FollowedSettings",
    signer: "SigningKey",
    rounds: "Rounds",
    *,
    once: bool,
    as_json: bool,
) -> None:
    """Carry what verifiers say to gates and escrows, and what observers say to escrows."""
    from chains.relaying import Relay
    from ringfence.cli.connection import read_pinned
    from ringfence.cli.covering import compare_periods
    from ringfence.cli.recourse import open_recourse
    from ringfence.cli.relaying import Cargo, StateFile, carry, carry_once, open_contracts, open_sources

    anchor, state = read_pinned(followed.anchor), StateFile(followed.state)

    def tell(told: "Told") -> None:
        rounds.count(Cargo.ATTESTATION, told.step, told.reason)
        report_step(told, as_json=as_json)

    with (
        open_sources(followed, anchor) as sources,
        open_contracts(said, signer, sources, telling_of(rounds, as_json=as_json)) as contracts,
    ):
        rounds.follow(contracts.chains.values())
        carried = Relay(contracts.gates, anchor, sources, tell, read_clock, state.token)
        if said.release is None:
            warn(UNEXAMINED)
        else:
            carried.recourse = open_recourse(said.release, anchor, contracts.chains, sources, read_clock)
        if contracts.departures is not None:
            carried.keep = contracts.departures.keep
        covering = compare_periods(said, contracts.chains, sources)
        carried.longest_period = covering.longest_period
        for warning in covering.warnings:
            warn(warning)
        if once:
            carry_once(carried, sources.sources[0])
            contracts.attend_once(carried.waiting)
            raise typer.Exit(ExitCode.NO if carried.waiting or carried.refused else end_of(contracts))
        carry(carried, sources.sources, state, said.round_seconds, contracts)


def end_of(contracts: "Carriage") -> ExitCode:
    """No where something was left to be paid and is not."""
    return ExitCode.NO if any(each.waiting or each.refused for each in contracts.payers) else ExitCode.YES


def warn(text: str) -> None:
    """What somebody should know who starts it; not among the lines, which are of what happens."""
    err.print(f"warning: {text}", highlight=False, markup=False)


def report_step(told: "Told", *, as_json: bool) -> None:
    """What became of an attestation, on a line."""
    from facts.log_entry import Event

    said, event = told.attestation, Event(told.attestation.event).name.lower()
    place = f"0x{said.contract.hex()}"
    report: dict[str, object] = {
        "step": told.step.value,
        "acceptance": said.acceptance,
        "event": event,
        "state": said.state.name.lower(),
        "revision": said.revision,
        "log_index": said.log_index,
        "chain_id": said.chain_id,
        "contract": place,
    }
    line = f"{said.log_index} {told.step.value} {event} {said.acceptance[:16]} "
    line += f"revision {said.revision} at {said.chain_id}/{place}"
    write_line(report, line, told.receipt, told.why, as_json=as_json)


def report_contested(told: "Contested", *, as_json: bool) -> None:
    """What became of an exit, on a line."""
    report: dict[str, object] = {"step": told.step, "nullifier": str(told.nullifier)}
    line = f"{told.step} {told.nullifier}"
    if told.acceptance:
        report |= {"acceptance": told.acceptance, "until": told.until}
        line += f" until {told.until} for {told.acceptance[:16]}"
    write_line(report, line, told.receipt, told.why, as_json=as_json)


def report_payment(told: "PaymentTold", *, as_json: bool) -> None:
    """What became of a release, on a line."""
    order = told.order
    report: dict[str, object] = {
        "step": told.step.value,
        "release": order.name,
        "nullifier": str(order.nullifier),
        "chain_id": order.chain_id,
        "recipient": f"0x{order.recipient.hex()}",
    }
    write_line(report, f"{told.step.value} {order.name}", told.receipt, told.why, as_json=as_json)


def write_line(report: dict[str, object], line: str, receipt: "Receipt | None", why: str, *, as_json: bool) -> None:
    """What happened, for a program or for a person, with the transaction and why it went as it did."""
    if as_json:
        if receipt is not None:
            report |= {"transaction": f"0x{receipt.hash.hex()}", "block": receipt.block, "gas": receipt.gas}
        write_json_line(report | ({"why": why} if why else {}))
    else:
        more = f": {why}" if why else f": 0x{receipt.hash.hex()}, {receipt.gas} gas" if receipt else ""
        out.print(f"{line}{more}", highlight=False, markup=False)
    out.file.flush()
