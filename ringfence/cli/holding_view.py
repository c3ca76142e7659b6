"""An acceptance with what holds it up, for a person and for a program."""

from datetime import UTC, datetime

from facts.attestation_document import render_attestation
from ringfence.cli.terminal import draw_facts, draw_table
from ringfence.client.answers import Holding
from ringfence.client.procedure import Change
from ringfence.wire.acceptance import AcceptanceReport


def report_acceptance(report: AcceptanceReport) -> dict[str, object]:
    """An acceptance as a program reads it; elements in decimal digits, as files of proofs have them."""
    return {
        "acceptance": report.id,
        "state": report.state.name.lower(),
        "position_tag": str(report.position_tag),
        "nullifiers": [str(each) for each in report.nullifiers],
        "key_id": report.key_id,
        "development": report.is_for_development,
        "accepted_at": tell_moment(report.accepted_at),
        "refreshed_at": tell_moment(report.refreshed_at),
        "lapses_at": tell_moment(report.lapses_at),
        "revision": report.revision,
        "log_index": report.log_index,
    }


def report_holding(holding: Holding) -> dict[str, object]:
    """The same, with the attestation and the head of the log that has it."""
    attestation = holding.attestation
    return report_acceptance(holding.acceptance) | {
        "event": attestation.event.name.lower(),
        "left": [str(each) for each in attestation.left],
        "destination": {
            "chain_id": attestation.chain_id,
            "contract": f"0x{attestation.contract.hex()}",
            "recipient": f"0x{attestation.recipient.hex()}",
        },
        "attestation": holding.signed.attestation.encode().hex(),
        "head": {"size": holding.head.head.size, "root": holding.head.head.root.hex()},
    }


def report_change(change: Change[Holding]) -> dict[str, object]:
    """A change of a watch, with what takes it up again."""
    return report_holding(change.item) | {"resume_token": change.token}


def show_holding(title: str, holding: Holding) -> None:
    """A table."""
    report = report_holding(holding)
    destination = holding.attestation
    shown = {name: report[name] for name in ("acceptance", "event", "state", "lapses_at", "revision", "log_index")}
    shown |= {
        "locks held": len(holding.acceptance.nullifiers),
        "locks that left": len(destination.left),
        "contract": f"0x{destination.contract.hex()} on chain {destination.chain_id}",
        "signed by": holding.signed.ed25519_key_id.hex(),
        "signed for the chain by": f"0x{holding.signed.eip712_signer.hex()}" if holding.signed.eip712_signer else None,
        "in the log of": f"{holding.head.head.size} entries, checked",
    }
    draw_facts(title, shown)


def show_acceptances(reports: list[AcceptanceReport]) -> None:
    """One line each."""
    rows = [
        (
            each.id,
            each.state.name.lower(),
            len(each.nullifiers),
            tell_moment(each.refreshed_at),
            tell_moment(each.lapses_at),
            each.log_index,
        )
        for each in reports
    ]
    draw_table("Acceptances", ("acceptance", "state", "locks", "proved at", "lapses at", "log"), rows)


def tell_moment(seconds: int) -> str:
    """A moment as documents have it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def render_signed(holding: Holding) -> str:
    """The attestation as a file that ``ringfence attestation check`` reads."""
    return render_attestation(holding.signed)
