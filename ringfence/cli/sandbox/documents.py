"""The documents of a sandbox: what its servers and its callers read, every one of them marked as for development."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from facts.anchor import ANCHOR_FORMAT
from facts.committee import Committee
from facts.committee_document import describe_committee
from facts.key_file import Algorithm, Role
from facts.key_set import ListedKey
from facts.secp256k1 import address_of
from ringfence.cli.sandbox.places import (
    FEED,
    HOUR,
    ORACLE_SCOPE,
    VENUE_SCOPE,
    Sandbox,
    Terms,
)
from serving.development_certificates import SERVER, dns_of
from snark.groth16.keys import VerifyingKey
from verifier.allow_list import KEYS_FORMAT, Proves
from verifier.destinations import DESTINATIONS_FORMAT
from verifier.trust import TRUST_FORMAT

HEADING: Final = "# A trial on one machine: for development, and worth nothing anywhere else.\n"
PROVES: Final = {each.value: each for each in Proves if each is not Proves.MARGIN}
"""What the statements that have this name prove; all others prove margin."""
ENTRY: Final = "initial"
UPKEEP: Final = "maintenance"

Table = Mapping[str, str | int | bool | Sequence[str]]


def render_json(document: object) -> bytes:
    """A document as a file has it."""
    return (json.dumps(document, indent=2) + "\n").encode()


def render_tables(tables: Mapping[str, Table]) -> bytes:
    """Settings as a file has them."""
    lines = [HEADING.rstrip()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return ("\n".join(lines) + "\n").encode()


def render_demand(terms: Terms, requirement: str) -> bytes:
    """What a proof for the verifier has to say: to be accepted, or for an acceptance to be refreshed."""
    return f"""{HEADING}format = "ringfence.demand/1"

[policy]
requirement = "{requirement}"

[context]
domain = "{terms.domain}"
verifier = "{terms.verifier}"
chain_id = {terms.destination_chain}
contract = "{terms.contract}"
recipient = "{terms.recipient}"
expires = "2100-01-01T00:00:00Z"
""".encode()


# --- Whom the verifier believes, what it takes ---------------------------------------------------------


def describe_trust(governance: Committee, terms: Terms) -> dict[str, object]:
    """Ages are those of a trial in which somebody publishes now and then."""
    age = {"max_age_seconds": HOUR, "max_ahead_seconds": 5}
    round_age = {**age, "max_age_seconds": terms.round_age_seconds}
    feed = {"max_confidence": "100%", "max_deviation": "100%", "max_spread": "100%"}
    return {
        "format": TRUST_FORMAT,
        "governance": {"digest": governance.digest.hex(), "committee": describe_committee(governance)},
        "book": {"venue": VENUE_SCOPE, **age},
        "market": {"oracle": ORACLE_SCOPE, **round_age},
        "feeds": [{"name": FEED, **round_age, **feed}],
        "chains": [{"chain_id": chain_id, "slot": slot, **age} for slot, chain_id in enumerate(terms.chains)],
        "markets": [],
        "assets": [],
    }


def describe_keys(keys: Mapping[str, VerifyingKey]) -> dict[str, object]:
    """The verifying keys that are allowed, each in a file beside the document."""
    listed = [
        {
            "id": key.id,
            "file": f"{name}.json",
            "statement": name,
            "proves": PROVES.get(name.partition("-")[0], Proves.MARGIN).value,
        }
        for name, key in keys.items()
    ]
    return {"format": KEYS_FORMAT, "keys": listed}


def describe_destinations(terms: Terms, period_seconds: int) -> dict[str, object]:
    """One contract that takes collateral, on the word of a proof for so long."""
    acceptor = f"dns:{dns_of('acceptor')}"
    seizure: dict[str, object] = {"chain_id": terms.seizure_chain, "contract": terms.seizure}
    if terms.seizure_recipient is not None:
        seizure["recipients"] = [terms.seizure_recipient]
    destination = {
        "chain_id": terms.destination_chain,
        "contract": terms.contract,
        "recipients": [terms.recipient],
        "acceptors": [acceptor],
        "period_seconds": period_seconds,
        "sealed_releases": "optional",
        "development_keys": True,
        "entry": {"requirement": ENTRY},
        "upkeep": {"requirement": UPKEEP},
        "seizure": seizure,
    }
    return {"format": DESTINATIONS_FORMAT, "destinations": [destination]}


# --- Servers ---------------------------------------------------------------------------------------------


def describe_listening(sandbox: Sandbox, address: str) -> dict[str, Table]:
    """Where a server listens, with which certificate, and who may call it; nobody has to be told before it ends."""
    certificates = sandbox.certificates
    return {
        "listen": {"address": address},
        "tls": {
            "certificate": str(certificates.certificate(SERVER)),
            "key": str(certificates.key(SERVER)),
            "client_authorities": str(certificates.authority),
        },
        "access": {"callers": str(certificates.callers)},
        "pace": {"notice_milliseconds": 0},
    }


def describe_verifier(sandbox: Sandbox, address: str, store: str) -> dict[str, Table]:
    """For ``ringfence verifier serve``; the store is a file's path, or the address of a server."""
    folder = sandbox.verifier.folder
    return {
        **describe_listening(sandbox, address),
        "verifier": {
            "name": sandbox.terms.verifier,
            "domain": sandbox.terms.domain,
            "keys": str(folder / "statements" / "keys.json"),
            "destinations": str(folder / "destinations.json"),
            "trust": str(sandbox.trust),
            "development": True,
        },
        "store": {"address": store},
        "log": {"origin": sandbox.terms.origin, "witness": str(sandbox.witness)},
        "signing": {
            "keys": str(sandbox.verifier.keys.path),
            "passphrase_file": str(sandbox.verifier.passphrase_file),
        },
    }


def describe_prover(sandbox: Sandbox, address: str, statements: Sequence[str]) -> dict[str, Table]:
    """For ``ringfence prover serve``."""
    trader = sandbox.trader
    return {
        **describe_listening(sandbox, address),
        "wallet": {
            "path": str(trader.folder / "wallet"),
            "passphrase_file": str(trader.passphrase_file),
            "keeper": f"dns:{dns_of('trader')}",
        },
        "facts": {
            "folder": str(sandbox.facts),
            "domain": sandbox.terms.domain,
            "development": sandbox.terms.is_invented,
        },
        "proving": {"development": statements},
    }


# --- Callers ---------------------------------------------------------------------------------------------


def describe_connection(sandbox: Sandbox, address: str, role: str) -> dict[str, Table]:
    """How somebody of a role reaches a server."""
    certificates = sandbox.certificates
    return {
        "connection": {
            "address": address,
            "authorities": str(certificates.authority),
            "certificate": str(certificates.certificate(role)),
            "key": str(certificates.key(role)),
        },
        "trust": {"anchor": str(sandbox.anchor), "heads": str(sandbox.client_settings(role).with_suffix(".heads"))},
    }


def describe_anchor(terms: Terms, keys: Sequence[ListedKey]) -> dict[str, object]:
    """Whose word counts for whoever relies on attestations of this verifier."""
    of = {(key.role, key.algorithm): key.public_key for key in keys}
    return {
        "format": ANCHOR_FORMAT,
        "verifier": terms.verifier,
        "domain": terms.domain,
        "keys": [of[Role.ATTESTATION, Algorithm.ED25519].hex()],
        "signers": [f"0x{address_of(of[Role.ATTESTATION, Algorithm.SECP256K1]).hex()}"],
        "destination": {
            "chain_id": terms.destination_chain,
            "contract": terms.contract,
            "recipient": terms.recipient,
        },
        "log": {"origin": terms.origin, "keys": [of[Role.LOG, Algorithm.ED25519].hex()]},
        "allow_development": True,
    }
