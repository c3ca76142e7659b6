"""``ringfence tree``: books and locks too large for a document, kept on the disk and changed in rounds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from facts.book_root import BOOK_LEVELS
from facts.roots import parse_element
from facts.stored_tree.keeper import DEFAULT_KEPT, TreeKeeper
from facts.stored_tree.tree import MOST_KEPT, MOST_LEVELS, StoredTree
from ringfence.cli.leaf_lines import read_rounds
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, draw_table, write_json, write_json_line

STANDARD_INPUT = Path("-")

app = typer.Typer(help="Trees on the disk: millions of leaves, changed in rounds.", no_args_is_help=True)

FolderArgument = Annotated[Path, typer.Argument(help="The folder of the tree.", show_default=False)]


@app.command()
def create(
    folder: FolderArgument,
    *,
    levels: Annotated[
        int, typer.Option("--levels", help="Room for 8^levels leaves; 8 for books and chains.", min=1, max=MOST_LEVELS)
    ] = BOOK_LEVELS,
    kept: Annotated[
        int, typer.Option("--kept", help="So many rounds have paths, the newest among them.", min=1, max=MOST_KEPT)
    ] = DEFAULT_KEPT,
    as_json: JsonOption = False,
) -> None:
    """Make a tree without leaves."""
    with TreeKeeper.create(folder, levels, kept) as keeper:
        report = {"levels": levels, "kept": kept, "round": 0, "root": str(keeper.root)}
    if as_json:
        write_json(report)
    else:
        draw_facts(f"Made: {folder}", report)


@app.command()
def update(
    folder: FolderArgument,
    leaves: Annotated[
        Path, typer.Argument(help="Lines of an index, a comma and a leaf; - for standard input.")
    ] = STANDARD_INPUT,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make rounds of lines: an empty line ends a round, which is on the disk when its root is told."""
    with TreeKeeper(folder) as keeper, opened(leaves) as lines:
        for changes in read_rounds(lines, keeper.levels):
            root = keeper.update(changes)
            report = {"round": keeper.newest.number, "root": str(root), "leaves": len(changes)}
            if as_json:
                write_json_line(report)
            else:
                sys.stdout.write("round {round}: {leaves} leaves, root {root}\n".format(**report))
            sys.stdout.flush()


@app.command()
def roots(folder: FolderArgument, *, as_json: JsonOption = False) -> None:
    """The root after each round that is kept; its keeper may be at work meanwhile."""
    with StoredTree(folder) as stored:
        known = stored.rounds
    if as_json:
        write_json({"levels": stored.levels, "rounds": {str(number): str(root) for number, root in known.items()}})
    else:
        draw_table(str(folder), ("round", "root"), list(known.items()))


@app.command()
def path(
    folder: FolderArgument,
    index: Annotated[int, typer.Argument(help="Where the leaf stands.", min=0, show_default=False)],
    *,
    number: Annotated[
        int | None, typer.Option("--round", help="After this round; after the newest unless said.", min=0)
    ] = None,
    root: Annotated[str | None, typer.Option("--root", help="When the tree had this root, instead.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What shows that a leaf stands in the tree: the eight children of each node, from the leaf up."""
    with StoredTree(folder) as stored:
        at = stored.at(number) if root is None else stored.with_root(parse_element(root, "root"))
        found = at.path(index)
    report = {
        "round": at.number,
        "root": str(at.root),
        "index": index,
        "leaf": str(found.levels[0][found.places[0]]),
    }
    if as_json:
        write_json({**report, "levels": [list(map(str, children)) for children in found.levels]})
    else:
        draw_facts(str(folder), report)


@app.command()
def verify(folder: FolderArgument, *, as_json: JsonOption = False) -> None:
    """Hash all of a tree again, and look over its journal; nobody else keeps it meanwhile."""
    with TreeKeeper(folder) as keeper:
        keeper.verify()
        report = {"round": keeper.newest.number, "root": str(keeper.root)}
    if as_json:
        write_json(report)
    else:
        draw_facts(f"Whole: {folder}", report)


@contextmanager
def opened(leaves: Path) -> Iterator[TextIO]:
    """The lines of a file, or those that come in."""
    if leaves == STANDARD_INPUT:
        yield sys.stdin
    else:
        with leaves.open(encoding="utf-8", errors="replace") as lines:
            yield lines
