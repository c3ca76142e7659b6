"""``ringfence solvency receipt``: what a venue hands to the holder of an account."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from facts.solvency.receipt import render_receipt
from margin.errors import MisuseError, Reason
from prover.solvency.prepared import Prepared
from prover.solvency.receipts import Receipts, receipt_path
from prover.solvency.state import State
from ringfence.cli.options import JsonOption
from ringfence.cli.progress import show_progress
from ringfence.cli.terminal import draw_facts, write_json


def receipt(
    *,
    state: Annotated[Path, typer.Option("--state", help="The private state of the run.", show_default=False)],
    account: Annotated[
        str | None, typer.Option("--account", help="The account, by the name it has in the file.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="A receipt for each account, in the folder --out.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Its file, or the folder of all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the receipt of an account, or those of all: JSON of a few kilobytes, for its holder alone."""
    if (account is None) is not everyone or (everyone and out is None):
        expected = "--account, or --all with --out"
        raise MisuseError(Reason.MISSING_FIELD, "--account", found="something else", expected=expected)
    prepared = Prepared.load(State.find(state))
    if account is None:
        report({"receipts": write_all(prepared, out or Path(), as_json=as_json), "folder": str(out)}, as_json=as_json)
        return
    text = render_receipt(Receipts(prepared).make(account), prepared.header)
    if out is None:
        sys.stdout.write(text)
    else:
        write_secretly(out, text)
        report({"receipt": str(out), "bytes": len(text.encode())}, as_json=as_json)


def write_all(prepared: Prepared, folder: Path, *, as_json: bool) -> int:
    """A file for each account; how many there are."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    most = sum(each.batches * each.shape.accounts for each in prepared.header.classes)
    with show_progress("receipts", "places", as_json=as_json) as progress:
        count = 0
        for each in Receipts(prepared).make_all():
            write_secretly(receipt_path(folder, each.account), render_receipt(each, prepared.header))
            count += 1
            progress(count, most)
    return count


def write_secretly(path: Path, text: str) -> None:
    """A file for its owner alone: it says what somebody has."""
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def report(told: dict[str, object], *, as_json: bool) -> None:
    """What was made."""
    if as_json:
        write_json(told)
    else:
        draw_facts("Made", told)
