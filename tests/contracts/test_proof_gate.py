"""A gate and a prover mean the same place, a real proof opens it, and what that costs."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.development.compilation import compile_verifier
from chains.development.deployment import Deployed, deploy
from chains.roots import Board, RootKind, RootPost, SignedPost
from circuits.catalogue import find_statement
from facts.context import Binding, commit_context, name_domain
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs
from margin.requirement import RequirementKind
from prover.artifacts import Cache
from snark.bn254.constants import GROUP_ORDER
from snark.groth16.formats.proof_json import read_proof
from snark.groth16.formats.public_json import read_public
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import DAY, GOVERNORS, Arena, committee, keys_of, words_of
from tests.prover.proofs import ROOT, Desk
from tests.snark.groth16.simulator import Simulator

pytestmark = [needs_nodes, pytest.mark.slow, pytest.mark.native]

VOUCHERS = keys_of("voucher", 1)
PERIOD, MAX_AGE = 600, 300
RECIPIENT = bytes(range(1, 21))
EXPIRES = 4_102_444_800
"""2100-01-01T00:00:00Z"""
MAINTENANCE = StatementPolicy(RequirementKind.MAINTENANCE).encode()
DEMAND = """\
format = "ringfence.demand/1"

[policy]
requirement = "maintenance"

[context]
domain = "{name}"
verifier = "{name}"
chain_id = {chain_id}
contract = "{contract}"
recipient = "0x{recipient}"
expires = "2100-01-01T00:00:00Z"
"""


# --- Places ------------------------------------------------------------------------------------------------

NAMES = st.text(min_size=1, max_size=60).filter(lambda name: 1 <= len(name.encode(errors="ignore")) <= 255)
ADDRESSES = st.binary(min_size=1, max_size=64)


@pytest.fixture(scope="module")
def places(shared_arena: Arena) -> Deployed:
    return shared_arena.deploy("TrialPlaces")


@settings(max_examples=100, deadline=None)
@given(
    names=st.tuples(NAMES, NAMES),
    chain_id=st.integers(1, 2**64 - 1),
    addresses=st.tuples(ADDRESSES, ADDRESSES),
    expiry=st.integers(1, 2**64 - 1),
)
def test_a_contract_hashes_a_place_as_a_prover_does(
    places: Deployed, names: tuple[str, str], chain_id: int, addresses: tuple[bytes, bytes], expiry: int
) -> None:
    domain, verifier = names
    binding = Binding(verifier, chain_id, *addresses, expiry)
    told = places.ask("commit", domain, verifier, chain_id, *addresses, expiry)
    assert told == commit_context(name_domain(domain), binding)


def test_r8_there_is_no_place_without_its_parts(places: Deployed, shared_arena: Arena) -> None:
    whole = ("domain", "verifier", 1, b"\x01", b"\x02", 1)
    assert shared_arena.refusal(places, "commit", *whole) == ""
    for at, absent in (
        (1, ""),
        (1, "x" * 256),
        (2, 0),
        (2, 2**64),
        (3, b""),
        (3, bytes(65)),
        (4, b""),
        (4, bytes(65)),
        (5, 0),
    ):
        without = (*whole[:at], absent, *whole[at + 1 :])
        assert shared_arena.refusal(places, "commit", *without) == "BindingMalformed", (at, absent)


# --- A proof -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A real proof under a key for development, and the gate that it was made for."""

    gate: Deployed
    inputs: PublicInputs
    proof: list[int]

    def claim(self, **changes: object) -> tuple[object, ...]:
        """What is shown of it."""
        said = self.inputs
        parts: dict[str, object] = {
            "book": said.book_root,
            "market": said.market_root,
            "lock": said.lock_root,
            "tag": said.position_tag,
            "nullifier": said.nullifiers[0],
            "recipient": RECIPIENT,
            "expiry": EXPIRES,
        }
        return tuple((parts | changes).values())

    @property
    def roots(self) -> dict[RootKind, int]:
        """Those that the proof is about."""
        return {
            RootKind.BOOK: self.inputs.book_root,
            RootKind.MARKET: self.inputs.market_root,
            RootKind.LOCK: self.inputs.lock_root,
        }


def found(arena: Arena, key: VerifyingKey, *, is_for_development: bool) -> Deployed:
    """A gate under a key; whoever vouches for roots is one key each, as a bridge of one company would begin."""
    locked = deploy(arena.node, compile_verifier(key, "Locked"))
    bare = deploy(arena.node, compile_verifier(Simulator.of(6).key, "Bare"))
    roles = [committee(kind.name.lower(), VOUCHERS) for kind in RootKind]
    charter = [committee("governors", GOVERNORS), *roles], 0, DAY
    ages = (PERIOD, MAX_AGE, MAX_AGE, MAX_AGE)
    terms = locked.spelling, bare.spelling, MAINTENANCE, MAINTENANCE, *ages, is_for_development
    return arena.deploy("ProofGate", charter, terms)


@pytest.fixture(scope="module")
def shown(shared_arena: Arena, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The example of a position with one lock, proved for a gate by the commands that a trader has."""
    cache, desk = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("trader")
    keys = Cache(cache)
    zkey = read_zkey(keys.development_key(keys.artifact(find_statement("perp-k1"))))
    key = extract_verifying_key(zkey, allow_development_keys=True)
    gate = found(shared_arena, key, is_for_development=True)
    place = {"name": gate.ask("name"), "chain_id": gate.node.chain_id, "contract": gate.spelling}
    trader = Desk(desk, cache)
    trader.write("demand.toml", DEMAND.format(**place, recipient=RECIPIENT.hex()))
    request = json.loads((ROOT / "examples" / "proving" / "request.json").read_text())
    document = trader.write("request.json", request)
    trader.commit(document)
    trader.prove(document)
    inputs = PublicInputs.of(read_public(desk / "proof" / "public.json"))
    return Shown(gate, inputs, words_of(read_proof(desk / "proof" / "proof.json")))


def post_roots(arena: Arena, shown: Shown) -> None:
    """Have the committees vouch for the roots of the proof."""
    for kind, root in shown.roots.items():
        post = RootPost(kind, root, 1, arena.now)
        signed = SignedPost.of(Board(arena.node.chain_id, shown.gate.address), post, []).sign(VOUCHERS[0])
        signatures = list(signed.signatures.values())
        arena.send(shown.gate, "postRoot", kind, root, post.sequence, post.moment, signatures)


def test_a_gate_is_called_by_its_place(shown: Shown) -> None:
    gate = shown.gate
    assert gate.ask("name") == f"eip155:{gate.node.chain_id}/{gate.spelling}"
    assert gate.ask("DOMAIN") == name_domain(gate.ask("name"))
    binding = Binding(gate.ask("name"), gate.node.chain_id, gate.address, RECIPIENT, EXPIRES)
    assert shown.inputs.context == commit_context(gate.ask("DOMAIN"), binding)
    assert gate.ask("contextFor", RECIPIENT, EXPIRES) == shown.inputs.context


def test_a_real_proof_opens_the_gate_once(shown: Shown, arena: Arena) -> None:
    nullifier = shown.inputs.nullifiers[0]
    assert arena.refusal(shown.gate, "accept", shown.claim(), shown.proof) == "RootUnknown"
    post_roots(arena, shown)
    gas = arena.send(shown.gate, "accept", shown.claim(), shown.proof)
    assert gas < 340_000
    assert shown.gate.ask("isHeld", nullifier)
    assert tuple(shown.gate.ask("find", nullifier)) == (1, 0, arena.now + PERIOD)
    assert arena.refusal(shown.gate, "accept", shown.claim(), shown.proof) == "NullifierTaken"
    arena.node.advance(60)
    gas = arena.send(shown.gate, "refresh", shown.claim(), shown.proof)
    assert gas < 320_000
    assert tuple(shown.gate.ask("find", nullifier)) == (2, 1, arena.now + PERIOD)
    arena.node.advance(PERIOD)
    assert not shown.gate.ask("isHeld", nullifier)
    assert shown.gate.ask("find", nullifier)[0] == 4


def test_v1_r5_r7_nothing_of_a_real_proof_can_be_altered(shown: Shown, arena: Arena) -> None:
    post_roots(arena, shown)
    tag, nullifier = shown.inputs.position_tag, shown.inputs.nullifiers[0]
    refusals: dict[str, list[dict[str, object]]] = {
        "ProofInvalid": [
            {"tag": tag + 1},
            {"nullifier": nullifier - 1},
            {"recipient": RECIPIENT[::-1]},
            {"expiry": EXPIRES - 1},
        ],
        "InputTooLarge": [{"tag": tag + GROUP_ORDER}, {"nullifier": nullifier + GROUP_ORDER}],
        "RootUnknown": [
            {"book": shown.inputs.book_root + GROUP_ORDER},
            {"market": shown.inputs.lock_root},
            {"lock": shown.inputs.book_root},
        ],
    }
    for refused, tries in refusals.items():
        for changes in tries:
            assert arena.refusal(shown.gate, "accept", shown.claim(**changes), shown.proof) == refused, changes
    for place in range(8):
        altered = [word ^ (at == place) for at, word in enumerate(shown.proof)]
        assert arena.refusal(shown.gate, "accept", shown.claim(), altered) in {"ProofInvalid", "ProofMalformed"}
    assert arena.refusal(shown.gate, "accept", shown.claim(), shown.proof) == ""


def test_k5_a_key_for_development_makes_no_gate_that_is_not_for_it(shown: Shown, arena: Arena) -> None:
    toy, bare = shown.gate.ask("VERIFIER"), shown.gate.ask("BARE_VERIFIER")
    roles = [committee(kind.name.lower(), VOUCHERS) for kind in RootKind]
    charter = [committee("governors", GOVERNORS), *roles], 0, DAY
    ages = (PERIOD, MAX_AGE, MAX_AGE, MAX_AGE)
    terms = (toy, bare, MAINTENANCE, MAINTENANCE, *ages)
    assert arena.refusal_of_making("ProofGate", charter, (*terms, False)) == "KeyForDevelopment"
    assert arena.refusal_of_making("ProofGate", charter, (*terms, True)) == ""
