"""The vectors that pin the bytes of signed facts: ``python -m tests.facts.signed_vectors`` prints the file.

A change of this file is a change of the format: what was signed before is signed no more.
"""

import json

from facts.canonical import prefix_of
from facts.keccak import hash_keccak
from facts.signed import SIGNED_PREFIX, Kind
from tests.facts.specimens import (
    CHAIN,
    GOVERNANCE,
    ONE_OF_EACH,
    ORACLE,
    REPORTERS,
    SIGNERS,
    VENUE,
    signed_by,
)


def compute_vectors() -> dict[str, object]:
    """Everything that two parties have to spell alike."""
    committees = {"governance": GOVERNANCE, "oracle": ORACLE, "venue": VENUE, "watchers": CHAIN}
    return {
        "prefixes": {kind.value: prefix_of(kind).hex() for kind in Kind} | {"signed": SIGNED_PREFIX.hex()},
        "committees": {
            name: {"bytes": committee.encode().hex(), "digest": committee.digest.hex()}
            for name, committee in committees.items()
        },
        "statements": {
            name: {
                "bytes": statement.encode().hex(),
                "signed": signed_by(statement, SIGNERS[statement.SIGNED_BY]).encode().hex(),
            }
            for name, statement in ONE_OF_EACH.items()
        },
        "reporter_keys": [key.public_key.hex() for key in REPORTERS],
        "keccak": {text: hash_keccak(text.encode()).hex() for text in ("", "ringfence", "k" * 136)},
    }


def render_vectors() -> str:
    """The file's text."""
    return json.dumps(compute_vectors(), indent=1) + "\n"


if __name__ == "__main__":
    print(render_vectors(), end="")  # noqa: T201 -- it is what it is for
