"""``ringfence solvency verify`` and ``check-receipt``: what anybody asks of what was published."""

import time
from pathlib import Path
from typing import Annotated

import typer

from facts.committee_document import read_committee, render_moment
from facts.roots import parse_element
from margin.amounts import render_steps
from margin.documents.reading import read_document
from margin.errors import Reason, RejectedError
from ringfence.cli.commands.groth16 import DevelopmentOption, warn_of_development
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.solvency_view import FINE_DIGITS, list_totals, show_amounts, show_totals
from ringfence.cli.terminal import draw_facts, out, write_json
from verifier.allow_list import read_allow_list
from verifier.solvency.directory import Directory
from verifier.solvency.receipts import CheckedReceipt, check_file
from verifier.solvency.verification import DAY_SECONDS, Step, Trust, VerifiedRun, verify_run

SENTENCES = {
    Step.HEADER: "the header is well formed",
    Step.TABLES: "everything is counted at prices under its price root",
    Step.ROUND: "the oracle's committee signed that root",
    Step.BATCHES: "every batch is there, and begins where the one before it ended",
    Step.CHALLENGE: "the challenge is drawn from header, root and sums",
    Step.TOTAL: "the total says what the header says that it says",
    Step.PROOFS: "every proof is one",
    Step.RESERVES: "attested reserves cover what is owed of every asset",
}

DirectoryArgument = Annotated[
    Path, typer.Argument(help="The directory that was published.", exists=True, file_okay=False, show_default=False)
]


def verify(
    directory: DirectoryArgument,
    *,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="The list of verifying keys that you allow (ringfence.keys/1).")
    ] = None,
    committee: Annotated[
        Path | None, typer.Option("--committee", help="The committee document of the oracle that you trust.")
    ] = None,
    attesters: Annotated[
        list[Path] | None,
        typer.Option("--attesters", help="The committee document of an attester of reserves; any number."),
    ] = None,
    max_age: Annotated[
        int,
        typer.Option("--max-age", help="Seconds that a statement of reserves may lie before or after the run.", min=0),
    ] = DAY_SECONDS,
    development: DevelopmentOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify everything that a run has published: exit 0 where all of it holds, 1 with the step where it does not."""
    trusted = [read_committee(read_document(each)) for each in attesters or []]
    trust = Trust(
        keys=None if keys is None else read_allow_list(keys, allow_development_keys=development),
        allow_development_keys=development,
        committee=None if committee is None else read_committee(read_document(committee)),
        attesters={each.digest: each for each in trusted},
        max_age_seconds=max_age,
    )
    started = time.monotonic()
    run = verify_run(Directory(directory), trust, threads)
    seconds = time.monotonic() - started
    warn_of_development(run.is_for_development)
    if as_json:
        write_json({**describe_run(run), "seconds": round(seconds, 3)})
    else:
        show_run(run, seconds)


def list_passed(run: VerifiedRun) -> dict[Step, bool]:
    """Which steps were asked for; whatever was asked for passed."""
    return {step: {Step.ROUND: run.has_round, Step.RESERVES: run.reserves is not None}.get(step, True) for step in Step}


def describe_run(run: VerifiedRun) -> dict[str, object]:
    """A run that holds, as a program reads it."""
    return {
        "valid": True,
        "venue": run.header.venue,
        "time": render_moment(run.header.time),
        "mode": run.header.mode.value,
        "header": str(run.header.hash),
        "root": str(run.root),
        "steps": [
            {"step": step.value, "name": step.name.lower(), "asked": asked} for step, asked in list_passed(run).items()
        ],
        "proofs": run.proofs,
        "covered": run.is_covered,
        "key_ids": dict(run.key_ids),
        "development": run.is_for_development,
        **list_totals(run.totals, run.reserves, run.header),
    }


def show_run(run: VerifiedRun, seconds: float) -> None:
    """The same for a person."""
    for step, asked in list_passed(run).items():
        mark = "[green]yes[/green]" if asked else "[yellow]not asked[/yellow]"
        out.print(f"{step.value}  {SENTENCES[step]}: {mark}", highlight=False)
    show_totals(run.totals, run.reserves, run.header)
    told = {"time": render_moment(run.header.time), "root": run.root, "proofs": run.proofs}
    draw_facts(run.header.venue, {**told, "seconds": f"{seconds:.2f}"})


def check_receipt(
    receipt: Annotated[
        Path, typer.Argument(help="Your receipt (.json).", exists=True, dir_okay=False, show_default=False)
    ],
    *,
    directory: Annotated[
        Path,
        typer.Option(
            "--run", help="The directory that was published: header.json, tables.json, total.json.", exists=True
        ),
    ],
    root: Annotated[str | None, typer.Option("--root", help="The root that an auditor told you of.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that your account is counted, whole and as published: exit 0 where it is, 1 with the reason where not."""
    checked = check_file(receipt, Directory(directory))
    if root is not None and parse_element(root, "--root") != checked.root:
        expected = "the root of the run that was published"
        raise RejectedError(Reason.WRONG_ROOT, "--root", found="another root", expected=expected)
    if as_json:
        write_json(describe_receipt(checked))
        return
    out.print(f"[green]counted[/green] at {render_moment(checked.header.time)}", highlight=False)
    show_amounts("Owed to you", checked.owed6, checked.header)
    draw_facts(checked.header.venue, {"parts": len(checked.parts), "root": checked.root})


def describe_receipt(checked: CheckedReceipt) -> dict[str, object]:
    """What of an account is counted, as a program reads it."""
    decimals = {asset.name: asset.decimals for asset in checked.header.assets}
    return {
        "counted": True,
        "venue": checked.header.venue,
        "time": render_moment(checked.header.time),
        "account": checked.account,
        "parts": len(checked.parts),
        "owed": {name: render_steps(each, decimals[name] + FINE_DIGITS) for name, each in checked.owed6.items()},
        "debts": {name: render_steps(each, decimals[name]) for name, each in checked.debts.items()},
        "root": str(checked.root),
    }
