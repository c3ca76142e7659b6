"""Signed heads and the text that they are in."""

from base64 import b64encode

import pytest

from facts.ed25519 import SigningKey
from facts.log_head import LogHead, LogKey, SignedHead, verify_head
from facts.log_proof import EMPTY_LOG_ROOT, hash_leaf
from margin.errors import MarginError, Reason
from tests.facts.refusals import refused
from verifier.log import sign_head

SIGNER = SigningKey.of_seed(bytes(range(32)))
OTHER = SigningKey.of_seed(bytes(32))
ORIGIN = "clearing.example/log"
KEY = LogKey(ORIGIN, SIGNER.public_key)
HEAD = LogHead(ORIGIN, 7, hash_leaf(b"seven"))
SIGNED = sign_head(HEAD, SIGNER)


def test_a_head_is_read_as_it_was_signed() -> None:
    assert verify_head(SIGNED.note, KEY) == SIGNED


def test_the_text_is_that_of_a_signed_note() -> None:
    lines = SIGNED.note.split("\n")
    assert lines[:4] == [ORIGIN, "7", b64encode(HEAD.root).decode(), ""]
    assert lines[4] == f"\u2014 {ORIGIN} {b64encode(KEY.hint + SIGNED.signature).decode()}"
    assert lines[5:] == [""]


def test_other_witnesses_may_sign_too() -> None:
    other = sign_head(LogHead("witness.example", 7, HEAD.root), OTHER).note.split("\n\n")[1]
    assert verify_head(SIGNED.note + other, KEY) == SIGNED


def test_no_altered_character_passes() -> None:
    for place in range(len(SIGNED.note)):
        for character in ("A" if SIGNED.note[place] != "A" else "B", "", "\n"):
            altered = SIGNED.note[:place] + character + SIGNED.note[place + 1 :]
            if altered != SIGNED.note:
                with pytest.raises(MarginError):
                    verify_head(altered, KEY)


def test_a_head_by_another_key_is_refused() -> None:
    """Also one that takes the name and the hint of the key that is pinned."""
    assert refused(verify_head, sign_head(HEAD, OTHER).note, KEY) == (Reason.WRONG_SIGNATURE, "signature")
    forged = SignedHead(HEAD, KEY.hint, OTHER.sign(HEAD.text.encode())).note
    assert refused(verify_head, forged, KEY) == (Reason.WRONG_SIGNATURE, "signature")
    twice = SIGNED.note + SIGNED.note.split("\n\n")[1]
    assert refused(verify_head, twice, KEY) == (Reason.WRONG_SIGNATURE, "signature")
    assert refused(verify_head, SIGNED.note.partition("\u2014")[0], KEY) == (Reason.NOT_READABLE, "signature")


def test_a_head_is_no_other_message() -> None:
    assert refused(LogHead, "ringfence.v1.binding", 1, bytes(32)) == (Reason.NOT_READABLE, "origin")
    other_log = sign_head(LogHead("other.example", 7, HEAD.root), SIGNER)
    assert refused(verify_head, other_log.note, KEY) == (Reason.WRONG_CONTEXT, "origin")


@pytest.mark.parametrize(
    "note",
    [
        "",
        SIGNED.note.replace("\n7\n", "\n07\n"),
        SIGNED.note.replace("\n7\n", "\n+7\n"),
        SIGNED.note.replace("\n7\n", "\n7\nextension\n").replace("\n\n", "\n"),
        SIGNED.note.replace("\n\n", "\n"),
        SIGNED.note + "no signature\n",
        SIGNED.note.rstrip("\n"),
        "x" * 8193,
    ],
)
def test_what_is_no_note_is_malformed(note: str) -> None:
    with pytest.raises(MarginError) as caught:
        verify_head(note, KEY)
    assert caught.value.reason in {Reason.NOT_READABLE, Reason.OUT_OF_BOUNDS}


def test_an_empty_log_has_the_empty_root() -> None:
    assert LogHead(ORIGIN, 0, EMPTY_LOG_ROOT).size == 0
    assert refused(LogHead, ORIGIN, 0, bytes(32)) == (Reason.CONFLICTING_FIELDS, "root")
    assert refused(LogHead, ORIGIN, 1, EMPTY_LOG_ROOT) == (Reason.CONFLICTING_FIELDS, "root")


def test_a_signer_that_signs_with_another_key_is_found_out() -> None:
    class Confused:
        public_key = SIGNER.public_key

        def sign(self, message: bytes) -> bytes:
            return OTHER.sign(message)

    assert refused(sign_head, HEAD, Confused()) == (Reason.WRONG_SIGNATURE, "signature")


def test_the_key_of_a_signer_is_not_shown() -> None:
    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert "Ed25519" not in repr(SIGNER)
