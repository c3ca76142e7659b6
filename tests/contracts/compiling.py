"""Contracts are compiled once for the same sources: what a checkout has compiled, another of the same user finds.

The compiler takes more of a processor than any hundred tests. What it makes depends on the sources, on how it is asked
and on what is installed for it, and is kept under the hash of all three.
"""

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from chains.development.anvil import CONTRACTS
from chains.development.compilation import COMPILER, OUTPUT, SOURCES, compile_contracts, is_compiled

LOCK_FILE = CONTRACTS / "package-lock.json"


def compile_once() -> None:
    """Have the contracts of this checkout compiled, by the compiler only where nobody has done so yet."""
    if is_compiled():
        return
    own = find_own_folder()
    kept = None if own is None else own / hash_sources()
    if kept is not None and kept.is_dir():
        OUTPUT.mkdir(exist_ok=True)
        for path in kept.iterdir():
            shutil.copyfile(path, OUTPUT / path.name)
        return
    compile_contracts()
    if kept is not None:
        keep(kept)


def keep(place: Path) -> None:
    """All of it, or nothing."""
    beside = Path(tempfile.mkdtemp(dir=place.parent))
    for path in OUTPUT.glob("*.json"):
        shutil.copyfile(path, beside / path.name)
    try:
        beside.rename(place)
    except OSError:  # somebody was faster
        shutil.rmtree(beside)


def find_own_folder() -> Path | None:
    """A folder in which nobody but this user can put anything; none where somebody else has made it."""
    folder = Path(tempfile.gettempdir()) / f"ringfence-contracts-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    return folder if (found.st_uid, found.st_mode & 0o7777) == (os.getuid(), 0o700) and folder.is_dir() else None


def hash_sources() -> str:
    """Everything that decides what the compiler makes."""
    hashed = sha256()
    paths = sorted(path for folder in SOURCES for path in (CONTRACTS / folder).rglob("*.sol"))
    for path in (COMPILER, LOCK_FILE, *paths):
        content = path.read_bytes()
        hashed.update(f"{path.relative_to(CONTRACTS)}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()
