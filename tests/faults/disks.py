"""Disks that fill up, turn read-only and come back; each is mounted in memory and belongs to one test."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SKIPPED = "NO DISK IS FILLED UP: this process may not mount one"


@contextmanager
def small_disk(folder: Path, kilobytes: int = 8192) -> Iterator[Path]:
    """A small disk of its own, with room for what a store writes ahead: 4 MiB before SQLite puts it in its place."""
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    options = [str(mount), "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(options, check=False, capture_output=True).returncode != 0:  # noqa: S603
        pytest.skip(SKIPPED)
    try:
        yield folder
    finally:
        subprocess.run([str(unmount), "--lazy", str(folder)], check=True)  # noqa: S603


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """No room, to the last byte."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                os.write(filler.fileno(), bytes(1024))
        except OSError:
            pass
    yield
    (disk / "filler").unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """As after an error of the disk, to which file systems answer in this way; none of its files may be open."""
    remount(disk, "ro")
    yield
    remount(disk, "rw")


def remount(disk: Path, mode: str) -> None:
    """Make a disk read-only or writable again."""
    subprocess.run([str(shutil.which("mount")), "-o", f"remount,{mode}", str(disk)], check=True)  # noqa: S603


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Files of this process that grow no further than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def taken_away(path: Path) -> Iterator[None]:
    """A file that is not where it was."""
    away = path.with_name("away.db")
    path.rename(away)
    yield
    away.rename(path)
