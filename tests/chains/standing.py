"""A chain of a trial with a gate on it, at the moment in which the specimens live."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from chains.contracts import read_abi
from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy, found
from chains.gate import AttestationGate
from chains.rpc import Chain, open_chain
from chains.transactions import Bounds, Sender
from facts.attestation import Attestation
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_domain, hash_struct, hash_typed_data, word
from tests.facts.attestations import chain_key_of
from tests.facts.specimens import NOW

CHAIN_ID: Final = 1
DOMAIN: Final = "clearing.example"
PAYER: Final = chain_key_of("an account that pays")
GOVERNOR: Final = chain_key_of("a governor")
IS_FOR_DEVELOPMENT: Final = False
PAUSE_SECONDS: Final = 3600
WEI: Final = 10**20


@dataclass
class Standing:
    """A node, a gate on it, and an account that pays."""

    node: Anvil
    chain: Chain
    deployed: Deployed
    gate: AttestationGate

    def attested(self, acceptance: str) -> int:
        """How often the gate was told of an acceptance something new."""
        said = self.chain.logs(
            self.deployed.address, [read_abi("AttestationGate").topic_of("Attested")], 0, self.node.head
        )
        return sum(log.topics[1].hex() == acceptance for _, logs in said for log in logs)

    @property
    def sent(self) -> int:
        """Transactions of the account that are in blocks."""
        return int(self.node.ask("eth_getTransactionCount", f"0x{PAYER.address.hex()}", "latest"), 16)

    def pause(self) -> None:
        """What a governor can do alone."""
        self.node.give(f"0x{GOVERNOR.address.hex()}", WEI)
        Sender(self.chain, GOVERNOR).send(self.gate.contract, "pause")

    def resume(self) -> None:
        """What governors do together."""
        until = self.deployed.ask("pausedUntil")
        domain = hash_domain(self.chain.chain_id, self.deployed.address)
        digest = hash_typed_data(domain, hash_struct("Resumption(uint64 pausedUntil)", [word(until)]))
        self.deployed.send(self.node.accounts[0], "resume", [GOVERNOR.sign(digest)])


@contextmanager
def standing(
    verifiers: Sequence[SigningKey] = (), *, addresses: Sequence[bytes] = (), verifier: str = "desk-1"
) -> Iterator[Standing]:
    """A gate that these verifiers open."""
    compile_contracts()
    with run_anvil(Manner(CHAIN_ID, seconds_for_a_block=1)) as node, open_chain([node.url], CHAIN_ID) as chain:
        node.ask("evm_setNextBlockTimestamp", NOW)
        node.give(f"0x{PAYER.address.hex()}", WEI)
        members = [key.address for key in verifiers] + list(addresses)
        charter: Any = ([found("governors", [GOVERNOR.address]), found("verifiers", members)], 0, PAUSE_SECONDS)
        deployed = deploy(node, read_artifact("AttestationGate"), charter, verifier, DOMAIN, IS_FOR_DEVELOPMENT)
        bounds = Bounds(replace_after_seconds=1, longest_seconds=20)
        gate = AttestationGate.open(chain, deployed.address, Sender(chain, PAYER, bounds))
        yield Standing(node, chain, deployed, gate)


def at_gate(attestation: Attestation, here: Standing, **changes: Any) -> Attestation:  # noqa: ANN401
    """The same for this gate."""
    return Attestation(
        **{name: getattr(attestation, name) for name in Attestation.__dataclass_fields__}
        | {"chain_id": here.chain.chain_id, "contract": here.deployed.address}
        | changes
    )
