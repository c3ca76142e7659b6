"""Signers of a verifier whose keys and watch a test holds in its hands."""

from collections import Counter
from dataclasses import dataclass, field

from facts.ed25519 import Signer
from facts.ed25519 import SigningKey as Key
from facts.log_entry import Event
from facts.secp256k1 import ChainSigner, address_of
from facts.secp256k1 import SigningKey as ChainKey
from verifier.signer import Alarm, SigningKeys


@dataclass
class Told:
    """What a watch was told."""

    signed: Counter[Event] = field(default_factory=Counter)
    alarms: list[Alarm] = field(default_factory=list)

    def attestation_signed(self, event: Event) -> None:
        self.signed[event] += 1

    def alarm_raised(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)


def keys_in_use(
    attestation: Signer | None = None,
    chain: ChainSigner | None = None,
    log: Signer | None = None,
    *retired: Key | ChainKey,
    revoked: frozenset[bytes] = frozenset(),
) -> SigningKeys:
    """These keys, and those that were retired."""
    addresses = tuple(key.address for key in retired if isinstance(key, ChainKey))
    older = tuple(key.public_key for key in retired if isinstance(key, Key))
    return SigningKeys(
        attestation=attestation,
        attestation_keys=((attestation.public_key,) if attestation else ()) + older,
        chain=chain,
        chain_addresses=((address_of(chain.public_key),) if chain else ()) + addresses,
        log=log,
        log_keys=(log.public_key,) if log else (),
        revoked=revoked,
        is_for_chains=bool(chain or addresses),
    )
