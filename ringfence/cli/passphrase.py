"""Passphrases: asked for at the terminal, or read from a file or a descriptor; never an argument, never a variable.

Arguments and the environment of a process can be read by others on many machines.
"""

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import Annotated

import typer

from facts.sealed_file import LONGEST_PASSPHRASE
from margin.errors import MisuseError, Reason

PassphraseFileOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file with the passphrase on its first line, readable by you alone."),
]
PassphraseDescriptorOption = Annotated[
    int | None, typer.Option("--passphrase-fd", help="An open descriptor to read the passphrase from.")
]
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def prefer_option(file: Path | None, descriptor: int | None, told: Path | None) -> Path | None:
    """The file with the passphrase: that of the settings where no option says where it comes from."""
    return told if file is None and descriptor is None else file


def ask_passphrase(file: Path | None, descriptor: int | None, *, is_new: bool, of: str = "the wallet") -> str:
    """The passphrase, from wherever it was said to come; a new one that is typed is typed twice."""
    if file is not None and descriptor is not None:
        expected = "one of --passphrase-file and --passphrase-fd"
        raise MisuseError(Reason.CONFLICTING_FIELDS, "passphrase", found="both", expected=expected)
    if file is not None:
        return read_passphrase_file(file)
    if descriptor is not None:
        return read_line(descriptor)
    return type_passphrase(of, is_new=is_new)


def read_passphrase_file(path: Path) -> str:
    """The first line of a file that nobody else can read."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError as error:
        found = error.strerror or "an error"
        raise MisuseError(Reason.NOT_READABLE, "--passphrase-file", found=found, expected="a readable file") from None
    try:
        if os.name == "posix" and os.fstat(opened).st_mode & OTHERS:
            expected = "a file that its owner alone can read: chmod 600"
            raise MisuseError(Reason.NOT_READABLE, "--passphrase-file", found="one that others can", expected=expected)
        return read_line(opened)
    finally:
        os.close(opened)


def read_line(descriptor: int) -> str:
    """The first line that comes out of a descriptor."""
    line = b""
    try:
        while b"\n" not in line and (more := os.read(descriptor, LONGEST_PASSPHRASE * 4 + 1 - len(line))):
            line += more
        return line.split(b"\n", 1)[0].removesuffix(b"\r").decode()
    except (OSError, UnicodeDecodeError):
        expected = "an open descriptor with UTF-8 text"
        raise MisuseError(Reason.NOT_READABLE, "passphrase", found="something else", expected=expected) from None


def type_passphrase(of: str, *, is_new: bool) -> str:
    """What a person types, unseen."""
    if not sys.stdin.isatty():
        expected = "a terminal, --passphrase-file or --passphrase-fd"
        raise MisuseError(Reason.MISSING_FIELD, "passphrase", found="nobody to ask", expected=expected)
    typed = getpass.getpass(f"Passphrase of {of}: ")
    if is_new and getpass.getpass("The same again: ") != typed:
        raise MisuseError(Reason.WRONG_PASSPHRASE, "passphrase", found="two", expected="the same passphrase twice")
    return typed
