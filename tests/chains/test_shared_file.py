"""One guard for what others may write: a file at once or not at all, a folder's names, and which of both it was not."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest

from chains.shared_file import list_shared_folder, read_shared_file
from margin.errors import MalformedError, MarginError, Reason

MOST = 100
NOBODY = 65_534
OPEN = Path("/proc/self/fd")


def plant(path: Path, kind: str) -> None:
    """What can lie where a file would."""
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a socket":
            with chdir(path.parent), socket.socket(socket.AF_UNIX) as bound:
                bound.bind(path.name)  # a whole path may be too long for one
        case "a link":
            path.symlink_to("/dev/zero")
        case "a link to itself":
            path.symlink_to(path)
        case "no bytes":
            path.touch()
        case "a larger one":
            with path.open("wb") as file:
                file.truncate(1 << 40)
        case _:
            pass


def complaint_of(path: Path) -> MarginError:
    with pytest.raises(MalformedError) as caught:
        read_shared_file(path, MOST)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "reason", "found"),
    [
        ("a pipe", Reason.NOT_READABLE, "a pipe"),
        ("a folder", Reason.NOT_READABLE, "a folder"),
        ("a socket", Reason.NOT_READABLE, "No such device or address"),
        ("a link", Reason.NOT_READABLE, "a link"),
        ("a link to itself", Reason.NOT_READABLE, "a link"),
        ("nothing", Reason.NOT_READABLE, "No such file or directory"),
        ("no bytes", Reason.OUT_OF_BOUNDS, "no bytes"),
        ("a larger one", Reason.OUT_OF_BOUNDS, "a larger one"),
    ],
)
def test_attack_what_is_no_file_is_named_for_what_it_is(tmp_path: Path, kind: str, reason: Reason, found: str) -> None:
    plant(tmp_path / "it", kind)
    error = complaint_of(tmp_path / "it")
    assert (error.reason, error.field, error.found) == (reason, "it", found)


def test_a_device_is_no_file() -> None:
    assert complaint_of(Path("/dev/zero")).found == "a device"


def test_a_file_of_as_many_bytes_as_there_may_be_is_read(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"x" * MOST)
    assert read_shared_file(tmp_path / "it", MOST) == b"x" * MOST


def test_attack_nothing_that_lies_there_uses_up_what_can_be_open(tmp_path: Path) -> None:
    kinds = ["a pipe", "a folder", "a link", "no bytes", "a larger one"]
    for kind in kinds:
        plant(tmp_path / kind, kind)
    before = len(list(OPEN.iterdir()))
    for kind in 50 * kinds:
        complaint_of(tmp_path / kind)
    assert len(list(OPEN.iterdir())) <= before


def test_a_file_that_may_not_be_read_is_told_as_one() -> None:
    with open_to_others() as folder:
        (folder / "it").write_text("theirs")
        (folder / "it").chmod(0)
        with being_nobody():
            assert complaint_of(folder / "it").found == "Permission denied"


# --- Folders ---------------------------------------------------------------------------------------------


def test_a_folder_has_names_and_one_that_is_not_there_has_none(tmp_path: Path) -> None:
    for kind in ("a pipe", "a folder", "a link to itself"):
        plant(tmp_path / kind, kind)
    assert sorted(list_shared_folder(tmp_path)) == ["a folder", "a link to itself", "a pipe"]
    assert list_shared_folder(tmp_path / "nowhere") == []


@pytest.mark.parametrize("kind", ["a pipe", "no bytes", "a link to itself"])
def test_attack_what_is_no_folder_is_a_disk_that_does_not_answer(tmp_path: Path, kind: str) -> None:
    plant(tmp_path / "it", kind)
    with pytest.raises(MarginError) as caught:
        list_shared_folder(tmp_path / "it")
    assert (caught.value.reason, caught.value.field) == (Reason.STORE_UNAVAILABLE, "it")


def test_attack_a_folder_that_was_shut_is_told_as_one() -> None:
    with open_to_others() as folder:
        (folder / "it").mkdir(mode=0)
        with being_nobody(), pytest.raises(MarginError) as caught:
            list_shared_folder(folder / "it")
        assert (caught.value.reason, caught.value.found) == (Reason.STORE_UNAVAILABLE, "Permission denied")


# --- Without the rights of root --------------------------------------------------------------------------


@contextmanager
def open_to_others() -> Iterator[Path]:
    """A folder that every account can look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def being_nobody() -> Iterator[None]:
    """An account that may read what others let it: root reads everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
