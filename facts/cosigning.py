"""Signatures from many machines under one statement: each is verified before it is added to the others."""

from collections.abc import Sequence

from facts.committee import Committee
from facts.ed25519 import Signer, verify_signature
from facts.signed import Signature, Signed, StatementT, gather_signatures, sign_statement
from margin.errors import MisuseError, Reason, RejectedError


def join_signed(parts: Sequence[Signed[StatementT]]) -> Signed[StatementT]:
    """One statement with the signatures of all parts; parts that say something else are refused."""
    if not parts:
        raise MisuseError(Reason.WRONG_COUNT, "facts", found="none", expected="at least one")
    statement = parts[0].statement
    joined: dict[bytes, Signature] = {}
    for place, part in enumerate(parts):
        if part.statement != statement:
            expected = "the statement of the first one"
            raise RejectedError(
                Reason.CONFLICTING_FIELDS, f"facts[{place}]", found="another statement", expected=expected
            )
        for each in part.signatures:
            verify_signature(each.key, statement.encode(), each.signature, f"facts[{place}].signatures")
            joined.setdefault(each.key, each)
    return gather_signatures(statement, joined.values())


def add_signature(
    statement: StatementT, committee: Committee, signer: Signer, moment: int, before: Signed[StatementT] | None = None
) -> Signed[StatementT]:
    """The statement with one more signature, of a member of its committee; ``before`` has to be of the very same."""
    member = committee.member(signer.public_key)
    if member is None or not member.counts_at(moment):
        found, expected = signer.public_key.hex(), f"a member of {committee.scope} that counts at {moment}"
        raise MisuseError(Reason.UNKNOWN_SIGNER, "key", found=found, expected=expected)
    if before is not None and before.statement != statement:
        expected = "what the inputs of this member make"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "statement", found="another statement", expected=expected)
    own = gather_signatures(statement, [sign_statement(statement, signer)])
    return own if before is None else join_signed([before, own])
