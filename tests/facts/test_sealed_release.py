"""What a trader leaves for the venue opens for the venue alone, and tells nobody else how much is locked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.sealed_file import Cost
from facts.sealed_release import (
    LONGEST_CLAIM,
    MAGIC,
    SEALED_BYTES,
    ReleaseKey,
    create_release_key,
    open_release_key,
    seal_release,
)
from margin.errors import MalformedError, Reason, RejectedError

KEY, OTHER = ReleaseKey(b"\1" * 32), ReleaseKey(b"\2" * 32)
CHEAP = Cost(14)
PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of keys made for tests


@given(st.binary(min_size=1, max_size=LONGEST_CLAIM))
def test_the_venue_reads_what_was_left_for_it(claim: bytes) -> None:
    sealed = seal_release(claim, KEY.public_key)
    assert KEY.open(sealed) == claim
    assert len(sealed) == SEALED_BYTES


def test_another_key_and_altered_bytes_open_nothing() -> None:
    sealed = seal_release(b"a claim", KEY.public_key)
    places = (0, 40, SEALED_BYTES - 1)
    altered = [bytes(each ^ (at == place) for at, each in enumerate(sealed)) for place in places]
    for key, data in [(OTHER, sealed), *((KEY, each) for each in altered), (KEY, sealed[:-1]), (KEY, b"")]:
        with pytest.raises(RejectedError) as refused:
            key.open(data)
        assert (refused.value.reason, refused.value.field) == (Reason.NOT_READABLE, "sealed_release")


@pytest.mark.parametrize("claim", [b"", bytes(LONGEST_CLAIM + 1)])
def test_a_claim_that_does_not_fit_is_not_sealed(claim: bytes) -> None:
    with pytest.raises(MalformedError):
        seal_release(claim, KEY.public_key)


def test_a_key_of_another_length_is_none() -> None:
    with pytest.raises(MalformedError):
        seal_release(b"a claim", KEY.public_key[1:])


def test_a_key_file_opens_with_its_passphrase_and_unaltered(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    public_key = create_release_key(path, PASSPHRASE, CHEAP)
    assert open_release_key(path, PASSPHRASE).open(seal_release(b"a claim", public_key)) == b"a claim"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(RejectedError):
        open_release_key(path, "another one")
    data = path.read_bytes()
    path.write_bytes(data[: len(MAGIC)] + OTHER.public_key + data[len(MAGIC) + 32 :])
    with pytest.raises(RejectedError):
        open_release_key(path, PASSPHRASE)
    path.write_bytes(b"another file")
    with pytest.raises(MalformedError):
        open_release_key(path, PASSPHRASE)
