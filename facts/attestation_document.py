"""A signed attestation in a file: what the verifier answered, for whoever checks it later or elsewhere.

    {"format": "ringfence.attestation/1", "statement": "72696e67...", "ed25519_key_id": "...", ...}

Every field is lower-case hexadecimal, and the three that are for a chain are left out where no chain can check it.
"""

import json
import re
from typing import Final

from facts.attestation import MAX_ATTESTATION_BYTES, Attestation, SignedAttestation
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

ATTESTATION_FORMAT: Final = "ringfence.attestation/1"
FOR_EVERYBODY: Final = ("ed25519_key_id", "ed25519_signature")
FOR_A_CHAIN: Final = ("eip712_digest", "eip712_signer", "eip712_signature")
HEXADECIMAL: Final = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)


def render_attestation(signed: SignedAttestation) -> str:
    """The document."""
    names = (*FOR_EVERYBODY, *(FOR_A_CHAIN if signed.is_signed_for_a_chain else ()))
    parts = {name: getattr(signed, name).hex() for name in names}
    statement = signed.attestation.encode().hex()
    return json.dumps({"format": ATTESTATION_FORMAT, "statement": statement, **parts}, indent=2) + "\n"


def read_attestation(content: object) -> SignedAttestation:
    """What a document says, which nobody has verified yet."""
    with Fields(content) as fields:
        require_format(fields, ATTESTATION_FORMAT)
        attestation = Attestation.decode(read_hexadecimal(fields, "statement"))
        parts = {name: read_hexadecimal(fields, name) for name in FOR_EVERYBODY}
        parts |= {name: read_hexadecimal(fields, name) for name in FOR_A_CHAIN if fields.has(name)}
    return SignedAttestation(attestation, **parts)


def read_hexadecimal(fields: Fields, name: str) -> bytes:
    """Bytes in their one spelling."""
    expected = "lower-case hexadecimal, two digits a byte"
    text = fields.take_required(name, expected)
    if not isinstance(text, str) or len(text) > 2 * MAX_ATTESTATION_BYTES or not HEXADECIMAL.fullmatch(text):
        raise MalformedError(Reason.NOT_READABLE, name, found=text, expected=expected)
    return bytes.fromhex(text)
