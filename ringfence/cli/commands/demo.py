"""``ringfence demo``: the main job, told step by step; behind two options its two ends, the rules and the chains."""

from pathlib import Path
from typing import Annotated, Final

import typer

from margin.errors import MisuseError, Reason
from ringfence.cli.commands.demo_chains import demo_chains
from ringfence.cli.commands.demo_margin import demo_margin
from ringfence.cli.commands.demo_story import Wishes, demo_story
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import err
from snark.bn254.backend import is_native_built

WITHOUT_CORE: Final = (
    "The native core is not built, and nothing of this size is proved without it: `ringfence doctor` says what mends "
    "that. Here is the part that needs no proofs."
)


def demo(
    *,
    margin: Annotated[
        bool, typer.Option("--margin", help="The rules alone: how exactly margin is computed, on a few positions.")
    ] = False,
    chains: Annotated[
        bool,
        typer.Option("--chains", help="A bridge between two real chains on this machine instead (node, contracts)."),
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Wait for Enter after each step.")] = False,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="A new folder for everything, which stays; else nothing does.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write what is shown as a page, identifiers in order.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """One position from its first proof to its release: a verifier and a prover serve, and each party sees its own.

    With --json each step is one document on a line of its own.
    """
    if (margin or chains) and (keep or record or (margin and chains)):
        expected = "one of --margin and --chains, and neither beside --keep or --record"
        raise MisuseError(Reason.CONFLICTING_FIELDS, "demo", found="options for different stories", expected=expected)
    if margin:
        demo_margin(pause=pause, as_json=as_json)
    elif chains:
        demo_chains(pause=pause, as_json=as_json)
    elif is_native_built():
        demo_story(Wishes(pause, as_json, keep, record))
    else:
        require_none(keep or record)
        err.print(f"[yellow]{WITHOUT_CORE}[/yellow]", highlight=False, soft_wrap=False)
        demo_margin(pause=pause, as_json=as_json)


def require_none(path: Path | None) -> None:
    """There is nothing to be kept of a story that can't be told."""
    if path is not None:
        expected = "the native core, without which nothing of this size is proved: ringfence doctor says what mends it"
        raise MisuseError(Reason.BACKEND_MISSING, "demo", found="no native module", expected=expected)
