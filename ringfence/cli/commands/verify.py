"""``ringfence verify``: whether a proof proves what is demanded, in words."""

import time
from pathlib import Path
from typing import Annotated

import typer

from facts.demand import read_demand
from facts.roots import read_roots
from margin.documents.reading import read_document
from prover.claim_files import PROOF, PUBLIC, VKEY
from ringfence.cli.claim_view import report_claim, show_claim
from ringfence.cli.commands.commit import FACTS
from ringfence.cli.commands.groth16 import DevelopmentOption, warn_of_development
from ringfence.cli.commands.prove import OUTPUT
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import write_json
from snark.groth16.formats.proof_json import read_proof
from snark.groth16.formats.public_json import read_public
from snark.groth16.formats.verification_key import read_verifying_key
from verifier.claim import Expectation, verify_claim


def verify(
    folder: Annotated[Path, typer.Argument(help="The folder of the proof and its public inputs.")] = OUTPUT,
    *,
    facts: Annotated[Path, typer.Option("--facts", help="The folder with roots.json and demand.toml.")] = FACTS,
    roots: Annotated[
        Path | None, typer.Option("--roots", help="The roots that are signed; those of the facts.")
    ] = None,
    demand: Annotated[Path | None, typer.Option("--demand", help="What is demanded; that of the facts.")] = None,
    vkey: Annotated[Path | None, typer.Option("--vkey", help="The verifying key; that of the folder.")] = None,
    key_id: Annotated[
        list[str] | None, typer.Option("--key-id", help="An id that the key must have; may be repeated.")
    ] = None,
    development: DevelopmentOption = False,
    as_json: JsonOption = False,
) -> None:
    """Verify a proof against roots, context and policy: exit 0 where it is valid, 1 with the reason where it is not."""
    expectation = Expectation(
        demand=read_demand(read_document(demand or facts / "demand.toml")),
        roots=read_roots(read_document(roots or facts / "roots.json")),
        moment=int(time.time()),
        key_ids=key_id,
    )
    key = read_verifying_key(vkey or folder / VKEY, allow_development_keys=development)
    claim = verify_claim(key, read_public(folder / PUBLIC), read_proof(folder / PROOF), expectation)
    warn_of_development(claim.is_for_development)
    if as_json:
        write_json(report_claim(claim))
    else:
        show_claim(claim)
