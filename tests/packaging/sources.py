"""The sources of the project, as the tests of its packaging read them."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).parents[2]


@cache
def list_files() -> tuple[PurePosixPath, ...]:
    """Every file that is, or would be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 -- whichever git is here
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {PurePosixPath(name) for name in listed.stdout.split("\0") if name}
    return tuple(sorted(name for name in names if (REPOSITORY / name).is_file()))


def read(name: str | PurePosixPath) -> str:
    """The text of one file of the repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")


@cache
def read_project() -> dict[str, dict[str, object]]:
    """pyproject.toml."""
    return tomllib.loads(read("pyproject.toml"))
