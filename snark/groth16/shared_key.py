"""One proving key for many processes: in sealed memory, which all of them map and none can alter.

Linux only. The descriptors are handed to a process that is started, as ``subprocess`` does with ``pass_fds``:

    with SharedKey.seal("circuit.zkey", sha256=...) as shared:
        subprocess.Popen([..., *map(str, shared.descriptors)], pass_fds=shared.descriptors)

and that process opens them:

    key = SharedKey(*map(int, sys.argv[1:])).open(sha256=...)

Without the seals of this module a key or its multiples are read into memory of the process's own, wherever they are.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, Self

from snark.bn254.backend import BackendName
from snark.bn254.threads import require_threads
from snark.errors import MalformedError, MisuseError, Reason, RejectedError
from snark.groth16.prove import (
    MULTIPLES_LIMIT,
    ProvingKey,
    about_file,
    choose_prover,
    parse_pin,
    place_of_multiples,
)

PIECE: Final = 2**20

if sys.platform == "linux":
    import fcntl

    SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The descriptors of a sealed key, and of its multiples where there are some."""

    key: int
    multiples: int | None = None

    @classmethod
    def seal(
        cls,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        tables: Literal["auto", "memory"] | os.PathLike[str] | None = "auto",
        memory_limit: int = MULTIPLES_LIMIT,
        portable: bool = False,
        sha256: str | None = None,
        allow_development_keys: bool = False,
    ) -> Self:
        """Copy a key and its multiples into sealed memory; the arguments are those of ``ProvingKey.open``.

        The key is checked on the way. What its multiples have to be is not taken from the file beside the key but
        compared with it: they are made anew where they are another key's. Where ``memory_limit`` leaves room for none
        there is no second descriptor, and each process has the points to itself.
        """
        with about_file(path), TemporaryDirectory() as folder, closed_on_failure(seal_file(path, sha256)) as sealed:
            place = Path(folder, "multiples") if tables == "memory" else place_of_multiples(Path(path), tables)
            choose_prover(BackendName.NATIVE)(
                path_of(sealed),
                threads=require_threads(threads),
                tables=place,
                memory_limit=0 if tables is None else memory_limit,
                portable=portable,
                allow_development=allow_development_keys,
                pin=None,
            )
            return cls(sealed, seal_file(place) if place and place.exists() else None)

    def open(
        self,
        *,
        threads: int | None = None,
        portable: bool = False,
        sha256: str | None = None,
        allow_development_keys: bool = False,
    ) -> ProvingKey:
        """Make the key ready in this process, with all of its points in the memory that is shared."""
        return ProvingKey.open(
            path_of(self.key),
            threads=threads,
            tables=None if self.multiples is None else path_of(self.multiples),
            portable=portable,
            sha256=sha256,
            allow_development_keys=allow_development_keys,
        )

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a process that shares the key has to be handed."""
        return (self.key,) if self.multiples is None else (self.key, self.multiples)

    def close(self) -> None:
        """Let go of the memory; keys that were opened keep what they mapped."""
        for descriptor in self.descriptors:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def seal_file(path: str | os.PathLike[str], sha256: str | None = None) -> int:
    """The descriptor of a copy of the file that nobody can write to, shorten or extend; hashed while it is copied."""
    if sys.platform != "linux":
        expected = "Linux, which can seal memory"
        raise MisuseError(Reason.NOT_APPLICABLE, "platform", found=sys.platform, expected=expected)
    pin = None if sha256 is None else parse_pin(sha256)
    name = Path(path).name
    with closed_on_failure(os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)) as descriptor:
        require_pinned(copy_into(descriptor, path), pin)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
        return descriptor


@contextmanager
def closed_on_failure(descriptor: int) -> Iterator[int]:
    """A descriptor that stays open only where nothing fails."""
    try:
        yield descriptor
    except BaseException:
        os.close(descriptor)
        raise


def require_pinned(found: bytes, pin: bytes | None) -> None:
    """Refuse content that hashes to something else than the caller knows."""
    if pin is not None and pin != found:
        field = "SHA-256 of the proving key"
        raise RejectedError(Reason.V23_KEY_NOT_PINNED, field, found=found.hex(), expected=pin.hex())


def copy_into(descriptor: int, path: str | os.PathLike[str]) -> bytes:
    """Copy a file; its SHA-256, of the bytes that were written."""
    content = hashlib.sha256()
    try:
        with open(path, "rb") as source, open(descriptor, "wb", closefd=False) as target:  # noqa: PTH123 -- one is no path
            while piece := source.read(PIECE):
                content.update(piece)
                target.write(piece)
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.F01_NOT_READABLE, "path", found=found, expected="a file that can be read") from None
    return content.digest()


def path_of(descriptor: int) -> Path:
    """Where the file of a descriptor can be opened once more, by this process."""
    return Path(f"/proc/self/fd/{descriptor}")
