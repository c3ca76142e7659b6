"""Settings from four places, one of which holds."""

from pathlib import Path

import pytest

from serving.config import Configuration, read_configuration
from serving.errors import Reason, ServingError
from serving.settings import Settings

FILE = """
[listen]
address = "127.0.0.1:1"
plaintext = true
[limits]
threads = 1
queue = 1
streams = 1
[access]
local_roles = ["trader", "reader"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(FILE)
    return path


def read(file: Path | None, environment: dict[str, str] | None = None, *flags: str) -> Configuration[Settings]:
    return read_configuration(Settings, file=file, environment=environment, flags=flags)


def test_flags_go_before_the_environment_before_the_file_before_defaults(file: Path) -> None:
    environment = {"RINGFENCE_LIMITS__THREADS": "2", "RINGFENCE_LIMITS__QUEUE": "2", "PATH": "elsewhere"}
    found = read(file, environment, "limits.threads=5", "limits.threads=3")
    limits = found.settings.limits
    assert (limits.threads, limits.queue, limits.streams, limits.message_bytes) == (3, 2, 1, 1 << 21)
    keys = ("limits.threads", "limits.queue", "limits.streams", "limits.message_bytes")
    assert [found.sources[key] for key in keys] == ["flag", "environment", "file", "default"]


def test_every_kind_is_read_from_text(file: Path) -> None:
    environment = {"RINGFENCE_LISTEN__REFLECTION": "true", "RINGFENCE_ACCESS__LOCAL_ROLES": "oracle, venue"}
    found = read(file, environment, "tls.key=some/file").settings
    assert found.listen.reflection
    assert found.access.local_roles == ("oracle", "venue")
    assert found.tls.key == Path("some/file")


def test_what_is_printed_can_be_read_again(file: Path, tmp_path: Path) -> None:
    first = read(file, {}, "limits.queue=9", 'tls.key=a "quoted"\\path\n')
    printed = first.render()
    again = tmp_path / "again.toml"
    again.write_text(printed)
    assert read(again).settings == first.settings
    assert "queue = 9  # flag" in printed
    assert "threads = 1  # file" in printed
    assert "notice_milliseconds = 2000  # default" in printed


@pytest.mark.parametrize(
    ("environment", "flags", "reason", "key"),
    [
        ({"RINGFENCE_LIMITS__TREADS": "1"}, [], Reason.UNKNOWN_KEY, "limits.treads"),
        ({"RINGFENCE_PROVER": "1"}, [], Reason.UNKNOWN_KEY, "prover"),
        ({}, ["limits=1"], Reason.UNKNOWN_KEY, "limits"),
        ({}, ["limits.threads"], Reason.NOT_READABLE, "flag"),
        ({}, ["limits.threads=many"], Reason.WRONG_KIND, "limits.threads"),
        ({}, ["limits.threads=1.5"], Reason.WRONG_KIND, "limits.threads"),
        ({}, ["limits.threads=0"], Reason.OUT_OF_BOUNDS, "limits.threads"),
        ({}, ["listen.reflection=yes"], Reason.WRONG_KIND, "listen.reflection"),
        ({}, ["listen.address=localhost:1"], Reason.NOT_READABLE, "listen.address"),
        ({}, ["listen.address=127.0.0.1:65536"], Reason.NOT_READABLE, "listen.address"),
        ({}, ["listen.address=unix:"], Reason.NOT_READABLE, "listen.address"),
        ({}, ["listen.address=0.0.0.0:1"], Reason.NOT_PRIVATE, "listen.address"),
        ({}, ["access.local_roles=emperor"], Reason.NOT_A_CHOICE, "access.local_roles"),
        ({}, ["pace.check_milliseconds=0"], Reason.OUT_OF_BOUNDS, "pace.check_milliseconds"),
        ({}, ["metrics.address=unix:socket"], Reason.NOT_PRIVATE, "metrics.address"),
        ({}, ["metrics.address=192.0.2.1:1"], Reason.NOT_PRIVATE, "metrics.address"),
    ],
)
def test_what_is_not_right_is_named(
    environment: dict[str, str], flags: list[str], reason: Reason, key: str, file: Path
) -> None:
    with pytest.raises(ServingError) as caught:
        read(file, environment, *flags)
    assert (caught.value.reason, caught.value.field) == (reason, key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[limits]\ntreads = 1", Reason.UNKNOWN_KEY),
        ("[limits]\nthreads = '1'", Reason.WRONG_KIND),
        ("[limits]\nthreads = true", Reason.WRONG_KIND),
        ("[access]\nlocal_roles = 'trader'", Reason.WRONG_KIND),
        ("[limits", Reason.NOT_READABLE),
        ("\udcff", Reason.NOT_READABLE),
    ],
)
def test_a_file_that_is_not_right_is_refused(text: str, reason: Reason, tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ServingError) as caught:
        read(path)
    assert caught.value.reason is reason


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServingError):
        read(tmp_path / "nowhere.toml")
