"""A release as its trader leaves it for the venue, and as the venue takes it up."""

from google.protobuf.message import DecodeError

from facts.sealed_release import ReleaseKey, seal_release
from margin.errors import MalformedError, Reason
from ringfence.client.verifier import encode_claim
from ringfence.v1 import claim_pb2
from ringfence.wire.claim import UnverifiedClaim, read_claim


def seal_claim(claim: UnverifiedClaim, public_key: bytes) -> bytes:
    """The claim of a release, for the venue with this key alone."""
    return seal_release(encode_claim(claim).SerializeToString(), public_key)


def open_claim(sealed: bytes, key: ReleaseKey) -> UnverifiedClaim:
    """The claim that a trader left."""
    return decode_claim(key.open(sealed))


def decode_claim(data: bytes) -> UnverifiedClaim:
    """A claim from its message, as files and other programs hand it on."""
    try:
        return read_claim(claim_pb2.Claim.FromString(data))
    except DecodeError:
        expected = "a message ringfence.v1.Claim"
        raise MalformedError(Reason.NOT_READABLE, "claim", found="other bytes", expected=expected) from None
