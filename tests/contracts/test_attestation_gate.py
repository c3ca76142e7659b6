"""A gate and a verifier mean the same by every attestation, and what that costs."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chains.contracts import Contract
from chains.development.deployment import Deployed
from chains.gate import AttestationGate, join_signatures, write_attestation
from facts.attestation import Attestation, SignedAttestation
from facts.log_entry import Event, State
from facts.secp256k1 import SigningKey
from margin.errors import RejectedError
from snark.bn254.constants import GROUP_ORDER
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import DAY, GOVERNORS, VERIFIERS, Arena, committee
from tests.facts.attestations import ACCEPTED, KEY
from tests.verifier.signing import keys_in_use
from verifier.signer import sign_attestation

pytestmark = [needs_nodes, pytest.mark.slow]

PERIOD = 600
NULLIFIER = 2**253 + 2**61 + 0x1234567890ABCDEF
LEADS_TO: dict[Event, tuple[State, ...]] = {
    Event.ACCEPT: (State.ACCEPTED,),
    Event.REFRESH: (State.REFRESHED,),
    Event.FREE: (State.ACCEPTED, State.REFRESHED, State.RELEASED),
    Event.LAPSE: (State.LAPSED,),
    Event.SEIZE: (State.SEIZED,),
}


def found(arena: Arena, keys: list[SigningKey], *, threshold: int, is_for_development: bool = False) -> Deployed:
    charter = [committee("governors", GOVERNORS), committee("verifiers", keys, threshold)], 0, DAY
    return arena.deploy("AttestationGate", charter, ACCEPTED.verifier, ACCEPTED.domain, is_for_development)


@pytest.fixture(scope="module")
def gates(shared_arena: Arena) -> dict[bool, Deployed]:
    """A gate for acceptances that were proved, and one for those under keys for development."""
    return {is_toy: found(shared_arena, VERIFIERS, threshold=2, is_for_development=is_toy) for is_toy in (False, True)}


def sign(attestation: Attestation, keys: list[SigningKey]) -> list[SignedAttestation]:
    """As verifiers sign, each in a process of its own."""
    return [sign_attestation(attestation, keys_in_use(KEY, key)) for key in keys]


def bring(attestation: Attestation, keys: list[SigningKey]) -> tuple[object, ...]:
    """What a relayer brings of it."""
    signed = sign(attestation, keys)
    by_address = sorted(signed, key=lambda each: each.eip712_signer)
    return write_attestation(signed[0]), [each.eip712_signature for each in by_address]


def at(gate: Deployed, **changes: object) -> Attestation:
    """An acceptance at a gate, now."""
    now = gate.node.moment
    place = {"chain_id": gate.node.chain_id, "contract": gate.address, "held": (NULLIFIER,)}
    said = place | {"moment": now, "lapses_at": now + PERIOD} | changes
    return replace(ACCEPTED, **said)  # type: ignore[arg-type]


@st.composite
def happenings(draw: st.DrawFn) -> dict[str, object]:
    """What may have happened to an acceptance, of any size."""
    event = draw(st.sampled_from(Event))
    state = draw(st.sampled_from(LEADS_TO[event]))
    nullifiers = draw(st.lists(st.integers(1, GROUP_ORDER - 1), min_size=2, max_size=12, unique=True))
    leaving = draw(st.integers(1, len(nullifiers) - 1)) if event in {Event.FREE, Event.SEIZE} else 0
    if state is State.RELEASED or (state is State.SEIZED and draw(st.booleans())):
        leaving = len(nullifiers)
    claim = None if event is Event.LAPSE else "ab" * 32
    return {
        "event": event,
        "state": state,
        "left": tuple(sorted(nullifiers[:leaving])),
        "held": tuple(sorted(nullifiers[leaving:])),
        "revision": 0 if event is Event.ACCEPT else draw(st.integers(1, 2**62 - 1)),
        "recipient": draw(st.binary(min_size=1, max_size=64)),
        "acceptance": draw(st.binary(min_size=32, max_size=32).filter(any)).hex(),
        "position_tag": draw(st.integers(1, GROUP_ORDER - 1)),
        "policy": draw(st.integers(0, 999_999)) * 2,
        "claim_id": claim,
        "key_id": claim,
    }


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(changes=happenings(), period=st.integers(1, 366 * DAY), is_toy=st.booleans())
def test_a_contract_hashes_what_a_verifier_signs(
    gates: dict[bool, Deployed], shared_arena: Arena, changes: dict[str, object], period: int, *, is_toy: bool
) -> None:
    gate = gates[is_toy]
    now = gate.node.moment
    lapses_at = now + 1 if changes["event"] is Event.LAPSE else now + 5 + min(period, 366 * DAY - 5)
    said = at(gate, **changes, lapses_at=lapses_at, is_for_development=is_toy)
    assert shared_arena.refusal(gate, "submit", *bring(said, VERIFIERS[1:])) == ""
    assert shared_arena.refusal(gates[not is_toy], "submit", *bring(said, VERIFIERS[1:])) == "SignerUnknown"


def test_development_keys_do_not_open_what_is_not_for_them(gates: dict[bool, Deployed], arena: Arena) -> None:
    for is_toy, gate in gates.items():
        for is_claimed in (False, True):
            refusal = arena.refusal(gate, "submit", *bring(at(gate, is_for_development=is_claimed), VERIFIERS))
            assert refusal == ("" if is_claimed is is_toy else "SignerUnknown")


def test_the_client_sees_what_the_gate_keeps(gates: dict[bool, Deployed], arena: Arena) -> None:
    gate = gates[False]
    client = AttestationGate(Contract(arena.chain, gate.face, gate.address))
    said = at(gate)
    assert client.find(said.acceptance) is None
    arena.send(gate, "submit", *bring(said, VERIFIERS[:2]))
    known = client.find(said.acceptance)
    assert known is not None
    assert (known.state, known.held, known.revision) == (State.ACCEPTED, 1, 0)
    assert (known.moment, known.lapses_at) == (said.moment, said.lapses_at)
    assert client.is_live(said.acceptance)
    assert client.acceptance_of(NULLIFIER) == said.acceptance
    assert join_signatures(sign(said, VERIFIERS), client.verifiers) == bring(said, VERIFIERS[:2])[1]


def test_a3_the_client_brings_no_quorum_that_there_is_not(gates: dict[bool, Deployed], arena: Arena) -> None:
    gate = gates[False]
    client = AttestationGate(Contract(arena.chain, gate.face, gate.address))
    one = sign(at(gate), VERIFIERS[:1])
    with pytest.raises(RejectedError):
        join_signatures([*one, *one], client.verifiers)


def test_a_lock_is_held_from_when_it_is_taken_until_it_leaves(gates: dict[bool, Deployed], arena: Arena) -> None:
    gate = gates[False]
    first, second = NULLIFIER, NULLIFIER + 1

    def step(event: Event, state: State, revision: int, held: tuple[int, ...], left: tuple[int, ...] = ()) -> None:
        said = at(gate, event=event, state=state, revision=revision, held=held, left=left)
        arena.send(gate, "submit", *bring(said, VERIFIERS[:2]))

    def held() -> tuple[bool, bool]:
        return gate.ask("isHeld", first), gate.ask("isHeld", second)

    step(Event.ACCEPT, State.ACCEPTED, 0, (first,))
    assert held() == (True, False)
    step(Event.REFRESH, State.REFRESHED, 1, (first, second))
    assert held() == (True, True)
    step(Event.FREE, State.REFRESHED, 2, (second,), (first,))
    assert held() == (False, True)
    assert gate.ask("hasLeft", first)
    arena.node.advance(PERIOD)
    assert held() == (False, False)


# --- What it costs -----------------------------------------------------------------------------------------


def test_an_acceptance_of_one_lock_by_one_verifier_takes_less_than_ninety_thousand_gas(arena: Arena) -> None:
    gate = found(arena, VERIFIERS[:1], threshold=1)
    said = at(gate, acceptance="9c" * 32, position_tag=GROUP_ORDER - 2**200 - 1)
    assert arena.send(gate, "submit", *bring(said, VERIFIERS[:1])) < 89_000
    assert gate.ask("acceptanceOf", NULLIFIER) == bytes.fromhex(said.acceptance)
    later = replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=said.lapses_at + 60)
    assert arena.send(gate, "submit", *bring(later, VERIFIERS[:1])) < 55_000
    assert arena.send(gate, "submit", *bring(later, VERIFIERS[:1])) < 42_500


def test_three_of_five_take_little_more(arena: Arena) -> None:
    keys = sorted((SigningKey.draw() for _ in range(5)), key=lambda key: key.address)
    gate = found(arena, keys, threshold=3)
    assert arena.send(gate, "submit", *bring(at(gate), keys[1:4])) < 106_000


def test_a_word_that_comes_late_is_written_down_once(gates: dict[bool, Deployed], arena: Arena) -> None:
    gate = gates[False]
    first, second = NULLIFIER, NULLIFIER + 1
    freed = at(gate, event=Event.FREE, state=State.ACCEPTED, revision=1, held=(second,), left=(first,))
    kept = at(gate, event=Event.REFRESH, state=State.REFRESHED, revision=2, held=(second,))
    over = at(gate, event=Event.FREE, state=State.RELEASED, revision=3, held=(), left=(second,))
    arena.send(gate, "submit", *bring(at(gate, held=(first, second)), VERIFIERS[:2]))
    arena.send(gate, "submit", *bring(kept, VERIFIERS[:2]))
    assert not gate.ask("isHeld", second)
    arena.send(gate, "submit", *bring(freed, VERIFIERS[:2]))
    assert gate.ask("isHeld", second)
    arena.send(gate, "submit", *bring(over, VERIFIERS[:2]))
    assert arena.refusal(gate, "submit", *bring(freed, VERIFIERS[:2])) == "NullifierSpent"
