"""``ringfence attestation``: a verifier's signed word, checked without it."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from facts.anchor import read_anchor
from facts.attestation import Attestation, SignedAttestation
from facts.attestation_document import read_attestation
from facts.demand import read_moment
from margin.documents.reading import Fields, read_document
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, out, write_json

app = typer.Typer(help="Attestations: a verifier's signed word on an acceptance.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The attestation (.json).", show_default=False)],
    *,
    anchor: Annotated[
        Path,
        typer.Option("--anchor", help="Whose word counts, and for which place (.toml, .json).", show_default=False),
    ],
    at: Annotated[
        str | None, typer.Option("--at", help="The moment to be asked about, like 2027-01-01T00:00:00Z; now.")
    ] = None,
    ended: Annotated[
        bool, typer.Option("--ended", help="Also of an acceptance that has ended, or whose time is over.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Whether an attestation can be relied on: exit 0 where it can, 1 with the reason where it can't. Asks nobody."""
    trusted, unverified = read_anchor(read_document(anchor)), read_attestation(read_document(file))
    moment = int(time.time()) if at is None else read_moment(Fields({"at": at}), "at")
    attestation = trusted.authenticate(unverified) if ended else trusted.verify(unverified, moment)
    report = describe_attestation(attestation, unverified)
    if as_json:
        write_json({"valid": True, **report})
        return
    out.print(f"[green]valid[/green] as the word of {attestation.verifier}", highlight=False)
    draw_facts("Attested", {name: ", ".join(said) if isinstance(said, list) else said for name, said in report.items()})


def describe_attestation(attestation: Attestation, signed: SignedAttestation) -> dict[str, object]:
    """What it says, and who said so."""
    return {
        "verifier": attestation.verifier,
        "domain": attestation.domain,
        "chain_id": attestation.chain_id,
        "contract": f"0x{attestation.contract.hex()}",
        "recipient": f"0x{attestation.recipient.hex()}",
        "acceptance": attestation.acceptance,
        "event": attestation.event.name.lower(),
        "state": attestation.state.name.lower(),
        "revision": attestation.revision,
        "log_index": attestation.log_index,
        "moment": write_moment(attestation.moment),
        "lapses_at": write_moment(attestation.lapses_at),
        "position_tag": str(attestation.position_tag),
        "policy": str(attestation.policy),
        "held": [str(each) for each in attestation.held],
        "left": [str(each) for each in attestation.left],
        "claim_id": attestation.claim_id,
        "key_id": attestation.key_id,
        "development": attestation.is_for_development,
        "signed_by": signed.ed25519_key_id.hex(),
        "signed_for_chains_by": f"0x{signed.eip712_signer.hex()}" if signed.is_signed_for_a_chain else None,
    }


def write_moment(moment: int) -> str:
    """A moment as the documents write it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
