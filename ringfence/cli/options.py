"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document (or one line each) and nothing else.")
]

DocumentArgument = Annotated[
    Path, typer.Argument(help="A position or structure (.json, .toml); a table of positions (.csv, .ndjson).")
]
