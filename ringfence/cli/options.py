"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document (or one line each) and nothing else.")
]

DocumentArgument = Annotated[
    Path,
    typer.Argument(
        help="A position, structure, account or netting sets (.json, .toml); a table: positions (.csv), any (.ndjson)."
    ),
]

ThreadsOption = Annotated[
    int | None, typer.Option("--threads", help="Threads to use; as many as there are cores.", show_default=False)
]
