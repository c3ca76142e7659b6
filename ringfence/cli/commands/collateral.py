"""``ringfence accept|refresh|release|seal|seize|acceptances|watch``: what a verifier is asked about collateral.

Every answer is checked before it is shown: signatures against the trust anchor, the log against what was seen before.
"""

import re
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from facts.attestation_document import read_attestation
from facts.log_entry import State
from facts.roots import parse_element
from facts.sealed_release import ReleaseKey, open_release_key
from margin.documents.reading import read_document
from margin.errors import MalformedError, Reason, RejectedError
from ringfence.cli.claim_folder import read_claim_folder
from ringfence.cli.commands.commit import FACTS
from ringfence.cli.commands.groth16 import write_text
from ringfence.cli.commands.prove import OUTPUT
from ringfence.cli.connection import Counter, ServerOption, open_counter
from ringfence.cli.holding_view import (
    render_signed,
    report_acceptance,
    report_change,
    report_holding,
    show_acceptances,
    show_holding,
)
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.settings import ConfigOption, SetOption
from ringfence.cli.terminal import out, write_json, write_json_line
from ringfence.client.answers import Holding
from ringfence.client.release import open_claim, seal_claim
from ringfence.wire.claim import UnverifiedClaim
from snark.r1cs.container import replace_file

DEMAND = FACTS / "demand.toml"
IDENTITY = re.compile("[0-9a-f]{64}", re.ASCII)

FolderArgument = Annotated[Path, typer.Argument(help="The folder of the proof, its public inputs and its key.")]
AcceptanceArgument = Annotated[
    str, typer.Argument(help="The id of the acceptance, 64 hexadecimal digits, or the file of its attestation.")
]
DemandOption = Annotated[Path, typer.Option("--demand", help="What was demanded of the proof.")]
RequestOption = Annotated[
    str | None,
    typer.Option("--request-id", help="The same id with the same request has the same answer; a new one if left out."),
]
SealedOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--sealed", help="The release of a lock, sealed for the venue; one for each lock that is new, in order."
    ),
]
AttestationOption = Annotated[
    Path | None, typer.Option("--attestation", help="A file for the attestation, to be checked by others.")
]
StateChoice = Enum("StateChoice", {state.name.lower(): state.name.lower() for state in State})  # type: ignore[misc]


def accept(
    folder: FolderArgument = OUTPUT,
    *,
    demand: DemandOption = DEMAND,
    sealed: SealedOption = None,
    request_id: RequestOption = None,
    attestation: AttestationOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the locks of a proof taken as collateral. Exit 1 with step and reason where the verifier refuses."""
    claim = read_claim_folder(folder, demand)
    with open_counter(server, config, settings) as counter:
        holding = counter.connection.ask(counter.verifier.accept(claim, read_sealed(sealed), request_id))
    tell("Accepted", holding, attestation, as_json=as_json)


def refresh(
    acceptance: AcceptanceArgument,
    folder: FolderArgument = OUTPUT,
    *,
    demand: DemandOption = DEMAND,
    sealed: SealedOption = None,
    request_id: RequestOption = None,
    attestation: AttestationOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an acceptance live on by a proof of now, with further locks if the proof has any."""
    identity = find_identity(acceptance)
    claim = read_claim_folder(folder, demand)
    with open_counter(server, config, settings) as counter:
        holding = counter.connection.ask(counter.verifier.refresh(identity, claim, read_sealed(sealed), request_id))
    tell("Refreshed", holding, attestation, as_json=as_json)


def release(
    acceptance: AcceptanceArgument,
    nullifiers: Annotated[
        list[str] | None,
        typer.Argument(help="The locks to let go, by their nullifiers in decimal digits; all if left out."),
    ] = None,
    *,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", help="The folder of a proof that does without them; none where an acceptor lets go."),
    ] = None,
    demand: DemandOption = DEMAND,
    request_id: RequestOption = None,
    attestation: AttestationOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let locks of an acceptance go."""
    identity = find_identity(acceptance)
    leaving = [parse_element(text, f"nullifiers[{place}]") for place, text in enumerate(nullifiers or ())]
    claim = None if proof is None else read_claim_folder(proof, demand)
    with open_counter(server, config, settings) as counter:
        if not leaving:
            leaving = list(counter.connection.ask(counter.verifier.acceptance(identity)).acceptance.nullifiers)
        holding = counter.connection.ask(counter.verifier.release(identity, leaving, claim, request_id))
    tell("Released", holding, attestation, as_json=as_json)


def seize(
    acceptance: AcceptanceArgument,
    folder: FolderArgument = OUTPUT,
    *,
    demand: DemandOption = DEMAND,
    release_key: Annotated[
        Path | None, typer.Option("--release-key", help="The venue's key: seize by every release that was left for it.")
    ] = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    request_id: RequestOption = None,
    attestation: AttestationOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the locks of an acceptance that lapsed, by the releases that its trader left for the venue."""
    identity, key = find_identity(acceptance), None
    if release_key is not None:
        key = open_release_key(
            release_key, ask_passphrase(passphrase_file, passphrase_fd, is_new=False, of=str(release_key))
        )
    with open_counter(server, config, settings) as counter:
        claims = [read_claim_folder(folder, demand)] if key is None else open_left(counter, identity, key)
        name = request_id if len(claims) == 1 else None
        holdings = [counter.connection.ask(counter.verifier.seize(identity, claim, name)) for claim in claims]
    tell("Seized", holdings[-1], attestation, as_json=as_json)


def seal(
    folder: FolderArgument = OUTPUT,
    *,
    demand: DemandOption = DEMAND,
    venue: Annotated[
        Path, typer.Option("--for", help="The venue's public key, in hexadecimal digits.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file, for `accept` and `refresh` --sealed.", show_default=False)
    ],
) -> None:
    """Seal the proof of a release for a venue: what a trader leaves with the verifier, who cannot open it."""
    text = venue.read_text(encoding="utf-8").strip()
    if not IDENTITY.fullmatch(text):
        raise MalformedError(Reason.NOT_READABLE, "--for", found="something else", expected="64 hexadecimal digits")
    sealed = seal_claim(read_claim_folder(folder, demand), bytes.fromhex(text))
    with replace_file(output) as file:
        file.write(sealed)


def acceptances(
    acceptance: Annotated[
        str | None, typer.Argument(help="One of them by its id, or its attestation; all if left out.")
    ] = None,
    *,
    state: Annotated[StateChoice | None, typer.Option("--state", help="Only those in this state.")] = None,
    position_tag: Annotated[
        str | None, typer.Option("--position-tag", help="Only those of this position, in decimal digits.")
    ] = None,
    attestation: AttestationOption = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one acceptance with everything that holds it up, or list those that you may see."""
    with open_counter(server, config, settings) as counter:
        if acceptance is not None:
            identity = find_identity(acceptance)
            holding = counter.connection.ask(counter.verifier.acceptance(identity))
            return tell("Acceptance", holding, attestation, as_json=as_json)
        wanted = None if state is None else State[state.name.upper()]
        tag = None if position_tag is None else parse_element(position_tag, "position_tag")
        found = counter.connection.ask(counter.verifier.acceptances(wanted, tag))
    return write_json([report_acceptance(each) for each in found]) if as_json else show_acceptances(found)


def watch(
    *,
    token: Annotated[
        Path | None, typer.Option("--token", help="A file that keeps where the watch is, and from which it goes on.")
    ] = None,
    most: Annotated[int | None, typer.Option("--most", min=1, help="Stop after so many changes.")] = None,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every change of an acceptance as it happens, each once; with --json one line each."""
    begin = token.read_text(encoding="utf-8").strip() if token is not None and token.exists() else ""
    with open_counter(server, config, settings) as counter:
        for change in islice(counter.connection.follow(counter.verifier.watch(), begin), most):
            if as_json:
                write_json_line(report_change(change))
            else:
                held = change.item.acceptance
                event = change.item.attestation.event.name.lower()
                out.print(f"{held.log_index} {event} {held.id} {held.state.name.lower()}", highlight=False)
            if token is not None:
                with replace_file(token) as file:
                    file.write(f"{change.token}\n".encode())


def find_identity(acceptance: str) -> str:
    """The id of an acceptance, which may be told by the file of its attestation."""
    if IDENTITY.fullmatch(acceptance):
        return acceptance
    return read_attestation(read_document(Path(acceptance))).attestation.acceptance


def open_left(counter: Counter, identity: str, key: ReleaseKey) -> list[UnverifiedClaim]:
    """What the trader of an acceptance left for the venue."""
    sealed = counter.connection.ask(counter.verifier.sealed_releases(identity))
    if not any(sealed):
        expected = "an acceptance with locks whose releases were left for this venue"
        raise RejectedError(Reason.NOT_APPLICABLE, "sealed_releases", found="none", expected=expected)
    return [open_claim(each, key) for each in sealed if each]


def read_sealed(paths: list[Path] | None) -> list[bytes]:
    """What is left for the venue."""
    return [path.read_bytes() for path in paths or ()]


def tell(title: str, holding: Holding, attestation: Path | None, *, as_json: bool) -> None:
    """What became of it, and the attestation in a file where one is wanted."""
    if attestation is not None:
        write_text(attestation, render_signed(holding))
    if as_json:
        write_json(report_holding(holding))
    else:
        show_holding(title, holding)
