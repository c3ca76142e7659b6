"""``ringfence solvency reserves``: what attesters sign of a venue's assets, and how it gets beside a run."""

import time
from pathlib import Path
from typing import Annotated

import typer

from facts.solvency.published import RESERVES
from facts.solvency.reserves import MAX_RESERVE, Reserve
from margin.amounts import count_steps
from margin.errors import MalformedError, MisuseError, Reason
from prover.solvency.closing import write_reserve
from ringfence.cli.commands.registry_sign import (
    AtOption,
    CommitteeOption,
    JoinOption,
    KeyOption,
    Member,
    OutputOption,
    read_at,
    read_joined,
)
from ringfence.cli.fact_files import read_facts_of
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption
from ringfence.cli.terminal import draw_facts, write_json
from verifier.solvency.directory import Directory

app = typer.Typer(help="Reserves: what attesters found at which place.", no_args_is_help=True)

MOST_DECIMALS = 18


@app.command()
def sign(
    *,
    venue: Annotated[str, typer.Option("--venue", help="Whose assets these are, as its runs name it.")],
    asset: Annotated[str, typer.Option("--asset", help="The asset, as its runs name it.")],
    decimals: Annotated[
        int, typer.Option("--decimals", help="In how many decimals its runs count it.", min=0, max=MOST_DECIMALS)
    ],
    place: Annotated[str, typer.Option("--place", help="Where they are: an address, an account at a custodian.")],
    amount: Annotated[str, typer.Option("--amount", help="How much, in whole coins: 1250.5")],
    committee: CommitteeOption,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    at: AtOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign that so much of an asset was the venue's, at a place and a moment."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    joined = read_joined(join, Reserve)
    units = count_steps(amount, decimals)
    if units is None or not 0 <= units <= MAX_RESERVE:
        expected = f"a plain decimal of at most {decimals} digits after the point"
        raise MalformedError(Reason.NOT_A_DECIMAL, "--amount", found=amount, expected=expected)
    stated = Reserve(
        scope=member.committee.scope,
        committee=member.committee.digest,
        venue=venue,
        asset=asset,
        decimals=decimals,
        place=place,
        amount=units,
        time=joined.statement.time if joined else read_at(at, int(time.time())),
    )
    member.sign(stated, joined, output, as_json=as_json)


@app.command()
def add(
    directory: Annotated[
        Path, typer.Argument(help="The directory that was published.", exists=True, file_okay=False, show_default=False)
    ],
    files: Annotated[list[Path], typer.Argument(help="Signed statements of reserves (.fact).", show_default=False)],
    *,
    as_json: JsonOption = False,
) -> None:
    """Put signed statements beside a run that is published; whoever verifies it decides whether to believe them."""
    header = Directory(directory).read_header()
    signed = read_facts_of(files, Reserve)
    for path, each in zip(files, signed, strict=True):
        if each.statement.venue != header.venue:
            raise MisuseError(Reason.WRONG_CONTEXT, f"{path}.venue", found=each.statement.venue, expected=header.venue)
    (directory / RESERVES).mkdir(exist_ok=True)
    written = [str(write_reserve(directory / RESERVES, each)) for each in signed]
    if as_json:
        write_json({"reserves": written})
    else:
        draw_facts("Added", {each.statement.asset: path for each, path in zip(signed, written, strict=True)})
