"""What the programs of a bridge are told: watchers, observers, and who carries what is said."""

from pathlib import Path

from chains.development.anvil import Anvil
from chains.development.deployment import Deployed
from chains.observing.settings import OBSERVE_FORMAT
from chains.watching.settings import WATCH_FORMAT
from facts.lock_root import name_chain
from ringfence.cli.relay_settings import RELAY_FORMAT
from ringfence.cli.sandbox.documents import describe_connection, render_json
from ringfence.cli.sandbox.parties import Party
from ringfence.cli.sandbox.places import Sandbox
from snark.groth16.formats.verification_key import read_verifying_key


def describe_access(node: Anvil) -> dict[str, object]:
    """A chain of a trial, whose blocks come with transactions: nothing is waited for."""
    return {"chain_id": node.chain_id, "endpoints": [node.url]}


def render_relay(sandbox: Sandbox, address: str, relayer: Party, gate: Anvil, escrow: Deployed) -> bytes:
    """From the verifier to its gate, by the venue: what was sealed for it is looked into before the gate is told."""
    terms, statement = sandbox.terms, sandbox.statement("release")
    connection = describe_connection(sandbox, address, "venue")["connection"]
    return render_json(
        {
            "format": RELAY_FORMAT,
            "anchor": str(sandbox.anchor),
            "state": str(relayer.folder / "state.json"),
            "keys": str(relayer.keys.path),
            "every_seconds": 1,
            "verifiers": [{**connection, "heads": str(relayer.folder / "heads")}],
            "chains": [describe_access(gate), describe_access(escrow.node)],
            "gates": [{"chain_id": gate.chain_id, "contract": terms.contract}],
            "release": {
                "key": str(sandbox.release_key),
                "passphrase_file": str(sandbox.venue.passphrase_file),
                "verifying_key": str(statement),
                "verifying_key_id": read_verifying_key(statement, allow_development_keys=True).id,
                "recipient": terms.seizure_recipient,
                "escrows": [describe_contract(escrow)],
            },
        }
    )


def render_watch(sandbox: Sandbox, watcher: Party, escrow: Deployed) -> bytes:
    """An escrow, every final block of it, and the registry that the watcher signs for."""
    node = escrow.node
    return render_json(
        {
            "format": WATCH_FORMAT,
            "escrow": escrow.spelling,
            "from_block": escrow.block,
            "every_blocks": 1,
            "look_seconds": 1,
            "state": str(watcher.folder / "state"),
            "committee": str(sandbox.committee(name_chain(node.chain_id))),
            "keys": str(watcher.keys.path),
            "passphrase_file": str(watcher.passphrase_file),
            "connection": str(sandbox.client_settings("watcher")),
            "chain": describe_access(node),
        }
    )


def render_observe(observer: Party, gate: Deployed, parts: Path, venue: tuple[str, str]) -> bytes:
    """A gate that checks proofs, the folder of what its observers say, and a venue: whom it is, and who is paid."""
    pledged_to, paid_to = (each.lower() for each in venue)
    return render_json(
        {
            "format": OBSERVE_FORMAT,
            "gate": gate.spelling,
            "from_block": gate.block,
            "look_seconds": 1,
            "state": str(observer.folder / "state"),
            "keys": str(observer.keys.path),
            "passphrase_file": str(observer.passphrase_file),
            "parts": str(parts),
            "chain": describe_access(gate.node),
            "venues": [{"pledged_to": pledged_to, "paid_to": paid_to}],
        }
    )


def render_guard(guard: Party, escrow: Deployed, gate: Deployed, parts: Path) -> bytes:
    """From the observers of a gate to the escrow: exits that are contested, and releases that are to be paid."""
    return render_json(
        {
            "format": RELAY_FORMAT,
            "keys": str(guard.keys.path),
            "payments": str(payments_of(guard)),
            "every_seconds": 1,
            "chains": [describe_access(escrow.node)],
            "escrows": [{**describe_contract(escrow), "first_block": escrow.block}],
            "observed": [{**describe_contract(gate), "parts": str(parts)}],
        }
    )


def describe_contract(contract: Deployed) -> dict[str, object]:
    """Where it stands."""
    return {"chain_id": contract.node.chain_id, "contract": contract.spelling}


def payments_of(guard: Party) -> Path:
    """Where releases are left for it."""
    return guard.folder / "payments"
