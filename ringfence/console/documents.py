"""What pages are sent, as JSON: bytes in hexadecimal, large numbers in decimal digits, moments in seconds."""

from collections.abc import Mapping

from facts.anchor import Anchor
from facts.log_head import SignedHead
from facts.market_round import MarketRound
from facts.policy import StatementPolicy
from facts.roots import PublishedRoot, PublishedRoots
from ringfence.client.failure import ClientError
from ringfence.console.ledger import Ledger, Story
from ringfence.wire.acceptance import AcceptanceReport
from ringfence.wire.facts import decode_any
from ringfence.wire.log import LogReceipt
from ringfence.wire.trust import TrustReport


def describe_trust(trust: TrustReport) -> dict[str, object]:
    """Whom and what the verifier trusts, and what it is called."""
    return {
        "verifier": trust.verifier,
        "domain": trust.domain,
        "log": {"origin": trust.log.origin, "key": trust.log.public_key.hex()},
        "keys": [
            {
                "id": key.key_id,
                "statement": key.statement,
                "development": key.is_for_development,
                "canonical": key.canonical.hex(),
            }
            for key in trust.keys
        ],
        "committees": [
            {
                "purpose": each.purpose.value,
                "scope": each.scope,
                "digest": each.digest.hex(),
                "threshold": each.threshold,
                "quorum": each.quorum,
                "members": len(each.members),
                "longest_age_seconds": each.longest_age_seconds,
            }
            for each in trust.committees
        ],
        "destinations": [
            {
                "chain_id": str(each.chain_id),
                "contract": f"0x{each.contract.hex()}",
                "entry": describe_policy(each.entry),
                "upkeep": describe_policy(each.upkeep),
                "acceptance_seconds": each.acceptance_seconds,
            }
            for each in trust.destinations
        ],
    }


def describe_anchor(anchor: Anchor) -> dict[str, object]:
    """Whose attestations count, as it was pinned elsewhere."""
    return {
        "verifier": anchor.verifier,
        "domain": anchor.domain,
        "keys": [key.hex() for key in anchor.keys],
        "signers": [signer.hex() for signer in anchor.signers],
    }


def describe_policy(policy: StatementPolicy) -> dict[str, object]:
    """What a proof has to say."""
    return {
        "requirement": policy.requirement.value,
        "shock_ppm": policy.shock_ppm,
        "buffer_ppm": policy.buffer_ppm,
        "least_basket_value": str(policy.least_basket_value),
    }


def describe_roots(roots: PublishedRoots) -> dict[str, object]:
    """One root of each kind, and the prices of the round."""
    return {name: describe_root(getattr(roots, name)) for name in ("book", "market", "locks")}


def describe_root(root: PublishedRoot | None) -> dict[str, object] | None:
    """A root, and who signed what makes it hold."""
    if root is None:
        return None
    return {
        "root": f"{root.root:064x}",
        "sequence": str(root.sequence),
        "observed_at": root.observed_at,
        "expires_at": root.expires_at,
        "facts": [describe_fact(data) for data in root.facts],
    }


def describe_fact(data: bytes) -> dict[str, object]:
    """Who speaks, how many signed, and the prices if it is a round of an oracle."""
    signed = decode_any(data)
    statement = signed.statement
    prices = statement.prices if isinstance(statement, MarketRound) else ()
    return {
        "kind": statement.KIND.value,
        "scope": statement.scope,
        "committee": statement.committee.hex(),
        "signatures": len(signed.signatures),
        "prices": [
            {
                "feed": each.feed,
                "price": str(each.price),
                "confidence": str(each.confidence),
                "observed_at": each.observed_at,
            }
            for each in prices
        ],
    }


def describe_head(head: SignedHead) -> dict[str, object]:
    """A head with the note that was signed."""
    return {"origin": head.head.origin, "size": head.head.size, "root": head.head.root.hex(), "note": head.note}


def describe_ledger(ledger: Ledger) -> dict[str, object]:
    """How much of the log was read, and what it says."""
    return {
        "first": ledger.first,
        "replayed": ledger.is_replayed,
        "acceptances": len(ledger.stories),
        "live": ledger.live,
        "transitions": ledger.transitions,
    }


def describe_story(story: Story, report: AcceptanceReport | None) -> dict[str, object]:
    """A row of the table: what the log says, and where it is good if the caller may know."""
    entry = story.entry
    return {
        "id": story.id,
        "state": entry.state.name.lower(),
        "live": entry.state.is_live,
        "revision": entry.revision,
        "accepted_at": story.accepted_at,
        "changed_at": entry.moment,
        "lapses_at": entry.lapses_at,
        "locks": len(entry.held),
        "position_tag": None if story.position_tag is None else f"{story.position_tag:064x}",
        "log_index": story.indices[-1],
        "terms": None if report is None else describe_terms(report),
    }


def describe_terms(report: AcceptanceReport) -> dict[str, object]:
    """What was demanded and proved last, and where it is good."""
    binding, policy = report.demand.binding, report.demand.policy
    return {
        "chain_id": str(binding.chain_id),
        "contract": f"0x{binding.contract.hex()}",
        "recipient": f"0x{binding.recipient.hex()}",
        "policy": describe_policy(policy) if isinstance(policy, StatementPolicy) else None,
        "key_id": report.key_id,
        "development": report.is_for_development,
        "refreshed_at": report.refreshed_at,
    }


def describe_receipt(receipt: LogReceipt) -> dict[str, object]:
    """A leaf, and the steps from it to a root: what a browser can check by itself."""
    return {"index": receipt.index, "leaf": receipt.leaf.hex(), "path": [step.hex() for step in receipt.path]}


def describe_error(error: ClientError) -> Mapping[str, str]:
    """Why there is no answer."""
    return {"kind": error.kind, "reason": error.reason, "field": error.field, "expected": error.expected}
