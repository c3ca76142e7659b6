"""``ringfence demo``: one position from its first proof to its release, with a verifier and a prover that serve."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from ringfence.cli.terminal import err, out, write_json_line

if TYPE_CHECKING:
    from ringfence.cli.story.telling import ToldStep

LAST_WORD, ANCHOR = "alice.json", "clients/anchor.json"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the story is told, and what stays of it."""

    pause: bool
    as_json: bool
    keep: Path | None
    """A folder in which everything stays."""
    record: Path | None
    """A page that is written."""


def demo_story(wishes: Wishes) -> None:
    """Everything in a folder that is gone afterwards, unless it is kept; nothing runs when this returns."""
    from ringfence.cli.story.recording import render_recording
    from ringfence.cli.story.telling import tell_story

    told: list[ToldStep] = []
    began = time.perf_counter()
    watched = Console(quiet=True) if wishes.as_json else err
    with open_folder(wishes.keep) as folder, watched.status("") as status:
        for each in tell_story(folder, progress=status.update):
            told.append(each)
            status.stop()  # nothing turns while somebody reads
            tell(len(told), each, wishes)
            status.start()
    seconds = time.perf_counter() - began
    if wishes.record is not None:
        wishes.record.write_text(render_recording(told, seconds), encoding="utf-8")
    if wishes.as_json:
        write_json_line({"name": "end", "seconds": round(seconds, 1), "folder": wishes.keep and str(wishes.keep)})
    else:
        show_end(told, seconds, wishes.keep)


@contextmanager
def open_folder(keep: Path | None) -> Iterator[Path]:
    """The one that is kept, or one that lasts as long as the block."""
    if keep is not None:
        yield keep.absolute()
        return
    with TemporaryDirectory(prefix="ringfence-demo-") as folder:
        yield Path(folder) / "trial"


def tell(number: int, told: "ToldStep", wishes: Wishes) -> None:
    """A step, as it happens."""
    from ringfence.cli.story.drawing import show_step

    if wishes.as_json:
        write_json_line(describe(number, told))
        return
    if number > 1:
        out.print()
    show_step(out, number, told)
    if wishes.pause:
        out.input("[dim]Enter goes on[/dim] ")


def describe(number: int, told: "ToldStep") -> dict[str, object]:
    """A step for a program: one document."""
    step = told.step
    return {
        "number": number,
        "name": told.name,
        "step": step.title,
        "told": step.told,
        "seen": {party: list(lines) for party, lines in step.seen.items()},
        "read": dict(step.read),
        "seconds": round(told.seconds, 2),
    }


def show_end(told: "Sequence[ToldStep]", seconds: float, keep: Path | None) -> None:
    """How long each step took, and what to try next."""
    from ringfence.cli.story.drawing import show_times

    out.print()
    show_times(out, told, seconds)
    warning = "Keys and certificates of this story are for development: whoever has them can prove anything."
    out.print(warning, soft_wrap=False)
    out.print("\n[bold]What to try next[/bold]")
    for what, command in list_next(keep):
        out.print(f"  {what:<41} [bold]{command}[/bold]", highlight=False, soft_wrap=True)


def list_next(keep: Path | None) -> list[tuple[str, str]]:
    """What to try next."""
    kept = (
        [("the same, and everything of it stays", "ringfence demo --keep trial")]
        if keep is None
        else [
            ("the verifier of this story", f"ringfence verifier serve --config {keep}/verifier.toml"),
            ("its log, meanwhile", f"ringfence log verify --config {keep}/clients/reader.toml"),
            ("its last word", f"ringfence attestation check {keep}/{LAST_WORD} --anchor {keep}/{ANCHOR} --ended"),
        ]
    )
    return [
        *kept,
        ("the same by hand, command by command", "docs/services.md"),
        ("two real chains and a gate between them", "ringfence demo --chains"),
        ("how exactly margin is computed", "ringfence demo --margin"),
        ("one of your own positions", "ringfence margin evaluate examples/long-btc.json"),
    ]
