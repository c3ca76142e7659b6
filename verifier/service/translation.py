"""What a verifier refuses, in the words of the wire: an answer where a step said no, and otherwise an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from margin.errors import MarginError, Reason
from ringfence.wire.claim import Refusal
from serving.errors import FIELD_PATH, RejectedError
from serving.errors import Reason as ServingReason
from verifier.steps import RefusedError

RETRY_MILLISECONDS: Final = 500
INPUTS: Final = "claim.public_inputs"
CONTEXT: Final = "claim.demand.context"
FIELDS: Final = {
    **{name: f"{INPUTS}.{name}" for name in ("book_root", "market_root", "lock_root", "position_tag", "nullifiers")},
    **{name: f"{INPUTS}.{name}" for name in ("context", "policy")},
    **{name: f"{CONTEXT}.{name}" for name in ("domain", "verifier", "recipient")},
    "contract": f"{CONTEXT}.destination_contract",
    "expires": f"{CONTEXT}.expires_at_seconds",
    "key_id": "claim.key_id",
    "claim": "claim",
    "leaving": "nullifiers",
    "sealed_releases": "sealed_releases",
    **dict.fromkeys(("moment", "state", "acceptance"), "acceptance_id"),
}
"""Where a request has what a rule speaks of."""
PROOF: Final = "claim.proof"


def tell_refusal(refusal: RefusedError) -> Refusal:
    """A refusal as an answer has it."""
    field = FIELDS.get(refusal.field, PROOF if refusal.step == PROOF_STEP else "claim")
    return Refusal(int(refusal.step), str(refusal.reason), field, refusal.expected)


PROOF_STEP: Final = 7


def tell_malformed(error: MarginError) -> Refusal:
    """Step 1, where one of many that cannot be read does not end the reading of the others."""
    field = error.field if FIELD_PATH.fullmatch(error.field) else "claim"
    return Refusal(1, str(error.reason), field, error.expected)


@contextmanager
def translating() -> Iterator[None]:
    """What is not there, was asked for otherwise before, or cannot be written now, as a caller is told of it."""
    try:
        yield
    except MarginError as error:
        translated = translate(error)
        if translated is None:
            raise
        raise translated from error


def translate(error: MarginError) -> RejectedError | None:
    """An error that has a code of its own on the wire."""
    match error.reason:
        case Reason.UNKNOWN_ACCEPTANCE:
            return not_found()
        case Reason.REQUEST_REUSED:
            reason, field, expected = ServingReason.REQUEST_ID_TAKEN, "request_id", error.expected
            return RejectedError(reason, field, found="another request", expected=expected)
        case Reason.STORE_UNAVAILABLE:
            expected = "a store that can be read and written; the same request may be sent again"
            return RejectedError(
                ServingReason.NOT_READY, "", found="none", expected=expected, retry_milliseconds=RETRY_MILLISECONDS
            )
        case _:
            return None


def not_found() -> RejectedError:
    """There is no such acceptance, or it is not this caller's, and nobody is told which."""
    expected = "the id of an acceptance that this caller may see"
    return RejectedError(ServingReason.NOT_FOUND, "acceptance_id", found="another one", expected=expected)
