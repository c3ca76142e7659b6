"""Vectors from elsewhere, in a folder beside the repository; what needs them is skipped, loudly, where it is absent."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RINGFENCE_SHARED", REPOSITORY.parent / "shared"))
VECTORS = SHARED / "vectors"
ABSENT = not VECTORS.is_dir()

needs_vectors = pytest.mark.skipif(ABSENT, reason=f"VECTORS FROM ELSEWHERE ARE NOT TESTED: no folder {VECTORS.name}")


def load(name: str) -> Any:  # noqa: ANN401 -- whatever the file holds
    """A JSON file of the folder; an empty list where there is none, so that collection goes on."""
    return [] if ABSENT else json.loads((VECTORS / name).read_text(encoding="utf-8"))


def list_vectors(pattern: str) -> list[Path]:
    """The files of the Groth16 vectors that match."""
    return sorted(VECTORS.glob(f"groth16/{pattern}"))


def name_vector(path: Path) -> str:
    """What a test calls a file."""
    return f"{path.parent.name}/{path.name}"
