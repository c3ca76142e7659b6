"""Attacks on the gate that opens on the word of verifiers, on a real node with real signatures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chains.development.deployment import Deployed, role
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_bytes, hash_domain, hash_struct, hash_typed_data, word
from snark.bn254.constants import GROUP_ORDER
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import (
    APPOINTMENT,
    CHAIN_ID,
    DAY,
    GOVERNORS,
    PERIOD,
    RESUMPTION,
    REVOCATION,
    STRIKE,
    VERIFIER,
    VERIFIERS,
    Arena,
    Word,
    committee,
    digest_for,
    hash_addresses,
    key_of,
    open_arena,
    sign,
    spell,
    twin_of,
    undone,
)
from tests.contracts.arena import DOMAIN as REGISTRY

pytestmark = [needs_nodes, pytest.mark.slow]

DELAY = 3600
NAMED = (VERIFIER, REGISTRY, False)
OTHER = b"\xcd" * 32
ACCEPT, REFRESH, FREE, LAPSE, SEIZE = range(1, 6)
ACCEPTED, REFRESHED, RELEASED, LAPSED, SEIZED = range(1, 6)


Keys = Sequence[SigningKey]


@pytest.fixture(scope="module")
def ground() -> Iterator[Arena]:
    with open_arena() as arena:
        yield arena


@pytest.fixture(scope="module")
def founded(ground: Arena) -> tuple[Deployed, Deployed]:
    """Two gates alike, so that what is for one can be brought to the other."""
    charter = [committee("governors", GOVERNORS), committee("verifiers", VERIFIERS)], DELAY, DAY
    first, second = (ground.deploy("AttestationGate", charter, *NAMED) for _ in range(2))
    return first, second


@dataclass(frozen=True)
class Gate:
    """The gate under attack."""

    arena: Arena
    contract: Deployed
    other: Deployed

    def word(self, **changes: Any) -> Word:  # noqa: ANN401
        """An honest word of now, with changes."""
        return Word.at(self.arena.now, **changes)

    def digest(self, said: Word, **changes: Any) -> bytes:  # noqa: ANN401
        """What verifiers sign for this gate."""
        return said.digest(CHAIN_ID, self.contract.address, **changes)

    def refusal(self, said: Word, signatures: list[bytes] | None = None) -> str:
        """What the gate says to a word, signed by two of three unless it is said otherwise."""
        signatures = sign(self.digest(said), VERIFIERS[:2]) if signatures is None else signatures
        return self.arena.refusal(self.contract, "submit", said.struct, signatures)

    def submit(self, said: Word) -> None:
        """Bring a word that has to be taken."""
        self.arena.send(self.contract, "submit", said.struct, sign(self.digest(said), VERIFIERS[:2]))

    def is_live(self, acceptance: bytes = Word().acceptance) -> bool:
        """Whether the gate is open for an acceptance."""
        live: bool = self.contract.ask("isLive", acceptance)
        return live

    def govern(self, function: str, kind: str, words: list[bytes], *arguments: object) -> None:
        """Have the governors do something."""
        signatures = sign(digest_for(self.contract, kind, words), GOVERNORS[:2])
        self.arena.send(self.contract, function, *arguments, signatures)

    def revoke(self, member: bytes) -> None:
        """Take a verifier out."""
        words = [role("verifiers"), word(member)]
        self.govern("revoke", REVOCATION, words, role("verifiers"), spell(member))


@pytest.fixture
def gate(ground: Arena, founded: tuple[Deployed, Deployed]) -> Iterator[Gate]:
    with undone(ground):
        yield Gate(ground, *founded)


# --- A3: signatures that are fewer than they look ----------------------------------------------------------


def test_a3_one_signer_does_not_count_twice(gate: Gate) -> None:
    said = gate.word()
    (one,) = sign(gate.digest(said), VERIFIERS[:1])
    assert gate.refusal(said, [one, one]) == "SignersNotRising"
    assert gate.refusal(said, [one, twin_of(one)]) == "SignatureMalformed"
    assert gate.refusal(said, [twin_of(one), one]) == "SignatureMalformed"


def test_a3_one_signature_too_few_opens_nothing(gate: Gate) -> None:
    said = gate.word()
    assert gate.refusal(said, []) == "SignaturesMiscounted"
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS[:1])) == "SignaturesMiscounted"
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS) * 6) == "SignaturesMiscounted"
    assert gate.refusal(said) == ""


def test_a3_signatures_in_another_order_are_refused(gate: Gate) -> None:
    said = gate.word()
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS[1::-1])) == "SignersNotRising"


@pytest.mark.parametrize("filler", ["governor 0", "a stranger"])
def test_a3_whoever_is_no_verifier_fills_no_seat(gate: Gate, filler: str) -> None:
    said = gate.word()
    keys = sorted([VERIFIERS[0], key_of(filler)], key=lambda key: key.address)
    assert gate.refusal(said, sign(gate.digest(said), keys)) == "SignerUnknown"


def test_a3_bytes_that_lead_to_no_key_are_nobody(gate: Gate) -> None:
    said = gate.word()
    (good,) = sign(gate.digest(said), VERIFIERS[:1])
    compact = good[:32] + (int.from_bytes(good[32:64], "big") | (good[64] - 27) << 255).to_bytes(32, "big")
    bad = [
        bytes(65),
        bytes(64) + b"\x1b",
        good[:64] + b"\x00",
        good[:64] + b"\x1d",
        good[:64],
        good + b"\0",
        compact,
        b"",
    ]
    for each in bad:
        assert gate.refusal(said, [each, good]) == "SignatureMalformed", each.hex()


def test_a3_a_revoked_signer_counts_no_more_and_what_is_left_is_too_little(gate: Gate) -> None:
    said = gate.word()
    gate.revoke(VERIFIERS[0].address)
    assert gate.refusal(said) == "SignerUnknown"
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS[1:])) == ""
    gate.revoke(VERIFIERS[1].address)
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS[2:])) == "SignaturesMiscounted"
    assert gate.refusal(said, sign(gate.digest(said), VERIFIERS[1:])) == "SignerUnknown"


def test_a3_a_committee_names_nobody_twice_and_can_be_outvoted_by_no_half(gate: Gate) -> None:
    one, two, three = VERIFIERS
    tries = {
        "MembersNotRising": [((one, one, two), 2), ((two, one), 2)],
        "CommitteeMalformed": [((), 0), ((), 1), ((one,), 0), ((one, two), 1), ((one, two, three), 4), ((one,), 255)],
    }
    for refused, committees in tries.items():
        for members, threshold in committees:
            assert appointment(gate, members, threshold) == refused
    crowd = sorted((key_of(f"crowd {place}") for place in range(17)), key=lambda key: key.address)
    assert appointment(gate, crowd, 9) == "CommitteeMalformed"
    assert appointment(gate, crowd[:16], 9) == ""


def test_a3_nobody_at_address_zero_is_a_member(gate: Gate) -> None:
    listed = hash_bytes(word(0) + word(VERIFIERS[0].address))
    words = [role("verifiers"), word(2), listed, word(2)]
    zero = role("verifiers"), [spell(bytes(20)), spell(VERIFIERS[0].address)], 2
    signatures = sign(digest_for(gate.contract, APPOINTMENT, words), GOVERNORS[:2])
    assert gate.arena.refusal(gate.contract, "appoint", zero, 2, signatures) == "MembersNotRising"


# --- A5: rotation and revocation while it is open ---------------------------------------------------------


def test_a5_whoever_was_replaced_speaks_no_more_from_that_second_on(gate: Gate) -> None:
    said = gate.word()
    newer = sorted((key_of(f"newer {place}") for place in range(3)), key=lambda key: key.address)
    appoint(gate, newer, 2)
    assert gate.refusal(said) == "", "the new ones have not taken effect"
    assert gate.refusal(said, sign(gate.digest(said), newer[:2])) == "SignerUnknown"
    gate.arena.node.advance(DELAY)
    later = gate.word()
    assert gate.refusal(later) == "SignerUnknown"
    assert gate.refusal(later, sign(gate.digest(later), newer[:2])) == ""


def test_a5_an_appointment_that_was_replaced_never_takes_effect(gate: Gate) -> None:
    captured = sorted((key_of(f"captured {place}") for place in range(3)), key=lambda key: key.address)
    appoint(gate, captured, 2)
    appoint(gate, VERIFIERS, 2, epoch=3)
    gate.arena.node.advance(DELAY)
    said = gate.word()
    assert gate.refusal(said, sign(gate.digest(said), captured[:2])) == "SignerUnknown"
    assert gate.refusal(said) == ""


def test_a5_an_appointment_is_good_once(gate: Gate) -> None:
    appoint(gate, VERIFIERS[:2], 2)
    appoint(gate, VERIFIERS, 2, epoch=3)
    assert appointment(gate, VERIFIERS[:2], 2) == "EpochNotNext"
    assert appointment(gate, VERIFIERS, 2, epoch=9) == "EpochNotNext"


def test_a5_who_was_revoked_comes_back_with_no_committee(gate: Gate) -> None:
    gate.revoke(VERIFIERS[2].address)
    assert appointment(gate, VERIFIERS, 2) == "MemberRevoked"
    appoint(gate, VERIFIERS[:2], 2)
    gate.revoke(VERIFIERS[0].address)
    gate.arena.node.advance(DELAY)
    assert gate.refusal(gate.word()) == "SignerUnknown", "a revocation holds in the epoch that comes, too"


def test_a5_governors_need_their_quorum_for_everything(gate: Gate) -> None:
    for keys, refused in ((GOVERNORS[:1], "SignaturesMiscounted"), (VERIFIERS[:2], "SignerUnknown")):
        assert appointment(gate, VERIFIERS[:2], 2, keys=keys) == refused
        words = [role("verifiers"), word(VERIFIERS[0].address)]
        signatures = sign(digest_for(gate.contract, REVOCATION, words), keys)
        arguments = role("verifiers"), spell(VERIFIERS[0].address), signatures
        assert gate.arena.refusal(gate.contract, "revoke", *arguments) == refused


# --- R5: what is meant for another place --------------------------------------------------------------------


def test_r5_the_word_for_another_place_is_another_digest(gate: Gate) -> None:
    said, here = gate.word(), gate.contract.address
    elsewhere = {
        "another gate on this chain": said.digest(CHAIN_ID, gate.other.address),
        "this address on another chain": said.digest(CHAIN_ID + 1, here),
        "this address on mainnet": said.digest(1, here),
        "another verifier": said.digest(CHAIN_ID, here, verifier="desk-2"),
        "another registry of nullifiers": said.digest(CHAIN_ID, here, domain="clearing.test"),
        "a key for development": said.digest(CHAIN_ID, here, is_for_development=True),
        "names swapped": said.digest(CHAIN_ID, here, verifier=REGISTRY, domain=VERIFIER),
        "a byte moved between names": said.digest(CHAIN_ID, here, verifier=VERIFIER + "c", domain=REGISTRY[1:]),
    }
    for place, digest in elsewhere.items():
        assert gate.refusal(said, sign(digest, VERIFIERS[:2])) == "SignerUnknown", place


def test_r5_a_word_that_one_gate_took_does_not_open_its_twin(gate: Gate) -> None:
    said = gate.word()
    signatures = sign(gate.digest(said), VERIFIERS[:2])
    gate.submit(said)
    assert gate.arena.refusal(gate.other, "submit", said.struct, signatures) == "SignerUnknown"
    assert not gate.other.ask("isLive", said.acceptance)


# --- R6: what means something else ------------------------------------------------------------------------


def test_r6_a_signature_under_one_message_is_none_under_another(gate: Gate) -> None:
    said = gate.word()
    older = (
        "Attestation(bytes32 statement,string verifier,string domain,bytes recipient,bytes32 acceptance,uint8 state,"
        "uint64 revision,uint256 positionTag,uint256 policy,uint256[] held,uint64 moment,uint64 lapsesAt,"
        "bool isForDevelopment)"
    )
    struct = gate.digest(said)
    without_domain = hash_bytes(b"\x19\x01" + bytes(32) + struct)
    personal = hash_bytes(b"\x19Ethereum Signed Message:\n32" + struct)
    for digest in (gate.digest(said, kind=older), without_domain, personal, said.statement):
        assert gate.refusal(said, sign(digest, VERIFIERS[:2])) == "SignerUnknown"


def test_r6_a_revocation_of_one_role_is_none_of_another(gate: Gate) -> None:
    member = spell(VERIFIERS[0].address)
    signatures = sign(digest_for(gate.contract, REVOCATION, [role("verifiers"), word(VERIFIERS[0].address)]), GOVERNORS)
    assert gate.arena.refusal(gate.contract, "revoke", role("governors"), member, signatures) == "SignerUnknown"
    assert gate.arena.refusal(gate.other, "revoke", role("verifiers"), member, signatures) == "SignerUnknown"


def test_r6_members_do_not_become_a_threshold_nor_nullifiers_what_left(gate: Gate) -> None:
    said = gate.word(held=(3, 5), left=(), happening=REFRESH, state=REFRESHED, revision=1)
    signatures = sign(gate.digest(said), VERIFIERS[:2])
    moved = said.but(held=(3,), left=(5,), happening=FREE, state=REFRESHED)
    assert gate.refusal(moved, signatures) == "SignerUnknown"
    assert gate.refusal(said.but(recipient=said.recipient + b"\0"), signatures) == "SignerUnknown"
    assert gate.refusal(said, signatures) == ""


# --- R8: nothing, and what was forgotten --------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"statement": bytes(32)},
        {"acceptance": bytes(32)},
        {"recipient": b""},
        {"recipient": bytes(65)},
        {"position_tag": 0},
        {"position_tag": GROUP_ORDER + 7},
        {"moment": 0},
        {"lapses_at": 0},
        {"held": ()},
        {"held": (0, 3)},
        {"held": (5, 3)},
        {"held": (3, 3)},
        {"held": (3, GROUP_ORDER)},
        {"held": (3, GROUP_ORDER + 3)},
        {"held": (2**256 - 1,)},
        {"held": tuple(range(1, 66))},
        {"left": (9,)},
        {"happening": 0},
        {"happening": 6},
        {"state": 0},
        {"state": 6},
        {"state": RELEASED},
        {"revision": 1},
    ],
    ids=str,
)
def test_r8_a_word_without_sense_is_refused_whoever_signed_it(gate: Gate, changes: dict[str, Any]) -> None:
    refused = gate.refusal(gate.word(**changes))
    assert refused in {"AttestationMalformed", "NullifiersMalformed", "StateImpossible"}


def test_r8_a_gate_that_was_just_made_knows_nothing(gate: Gate) -> None:
    assert not gate.is_live(bytes(32))
    assert not gate.is_live()
    assert gate.contract.ask("acceptanceOf", 0) == bytes(32)
    assert not any(gate.contract.ask("find", bytes(32)))
    assert not gate.contract.ask("isHeld", 0)


def test_v1_a_nullifier_has_one_name(gate: Gate) -> None:
    gate.submit(gate.word())
    for name in (3 + GROUP_ORDER, 3 + 2 * GROUP_ORDER):
        assert gate.refusal(gate.word(acceptance=OTHER, held=(name,))) == "NullifiersMalformed"


# --- A4: altered, too early, too late -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"statement": b"\x12" * 32},
        {"recipient": b"\x23" * 20},
        {"acceptance": OTHER},
        {"position_tag": 8},
        {"policy": 10},
        {"held": (3,)},
        {"held": (3, 6)},
        {"lapses_at": 2**40},
    ],
    ids=str,
)
def test_a4_no_field_can_be_altered(gate: Gate, changes: dict[str, Any]) -> None:
    said = gate.word()
    signatures = sign(gate.digest(said), VERIFIERS[:2])
    assert gate.refusal(said, signatures) == ""
    assert gate.refusal(said.but(**changes), signatures) in {"SignerUnknown", "PeriodTooLong"}


def test_a4_what_has_lapsed_opens_nothing(gate: Gate) -> None:
    said = gate.word()
    gate.submit(said)
    assert gate.is_live()
    gate.arena.node.advance(PERIOD)
    assert not gate.is_live()
    late = Word.at(said.moment, acceptance=OTHER, held=(7,))
    assert gate.refusal(late) == "Expired"
    assert gate.refusal(gate.word(acceptance=OTHER, held=(7,), lapses_at=gate.arena.now)) == "Expired"


def test_a4_a_word_of_tomorrow_is_not_taken_today(gate: Gate) -> None:
    now = gate.arena.now
    for ahead in (3600, 31_536_000):
        assert gate.refusal(Word.at(now + ahead)) == "FromTheFuture"
    assert gate.refusal(Word.at(now + 30)) == ""


# --- R7 and R9: what belongs to others, and what is over ---------------------------------------------------


def test_r7_a_lock_of_one_acceptance_is_none_of_another(gate: Gate) -> None:
    gate.submit(gate.word())
    for held in ((3,), (5, 8), (1, 2, 3)):
        assert gate.refusal(gate.word(acceptance=OTHER, held=held)) == "NullifierTaken"
    stolen = gate.word(acceptance=OTHER, happening=SEIZE, state=SEIZED, revision=3, held=(), left=(5,))
    assert gate.refusal(stolen) == "NullifierTaken"


def test_r9_a_released_lock_is_never_collateral_again(gate: Gate) -> None:
    first = gate.word()
    gate.submit(first)
    gate.submit(gate.word(happening=FREE, state=RELEASED, revision=1, held=(), left=(3, 5)))
    assert not gate.is_live()
    assert gate.refusal(first) == "RevisionTooLow", "the old word does not bring it back"
    assert gate.refusal(gate.word(happening=REFRESH, state=REFRESHED, revision=2)) == "AcceptanceEnded"
    assert gate.refusal(gate.word(acceptance=OTHER)) == "NullifierTaken", "nor is it collateral for another"
    assert gate.contract.ask("acceptanceOf", 3) == first.acceptance


def test_r9_a_lock_that_left_a_living_acceptance_does_not_come_back_into_it(gate: Gate) -> None:
    gate.submit(gate.word())
    gate.submit(gate.word(happening=FREE, state=ACCEPTED, revision=1, held=(3,), left=(5,)))
    again = gate.word(happening=REFRESH, state=REFRESHED, revision=2, held=(3, 5))
    assert gate.refusal(again) == "NullifierSpent"
    twice = gate.word(happening=FREE, state=ACCEPTED, revision=2, held=(3,), left=(5,))
    assert gate.refusal(twice) == "NullifierSpent"


def test_r9_a_lapse_is_followed_by_nothing_but_seizure(gate: Gate) -> None:
    gate.submit(gate.word())
    gate.submit(gate.word(happening=LAPSE, state=LAPSED, revision=1))
    for changes in (
        {"happening": REFRESH, "state": REFRESHED},
        {"happening": FREE, "state": RELEASED, "held": (), "left": (3, 5)},
        {"happening": LAPSE, "state": LAPSED},
    ):
        assert gate.refusal(gate.word(revision=2, **changes)) == "AcceptanceEnded"
    gate.submit(gate.word(happening=SEIZE, state=SEIZED, revision=2, held=(5,), left=(3,)))
    assert gate.refusal(gate.word(happening=REFRESH, state=REFRESHED, revision=3, held=(5,))) == "AcceptanceEnded"
    gate.submit(gate.word(happening=SEIZE, state=SEIZED, revision=3, held=(), left=(5,)))
    assert not gate.is_live()


def test_r9_whoever_skips_words_on_the_way_does_not_undo_them(gate: Gate) -> None:
    """A relayer that brings the last word alone has brought all that it says of locks."""
    gate.submit(gate.word(happening=REFRESH, state=REFRESHED, revision=4, held=(3, 5, 8)))
    for revision in range(4):
        happening, state = (ACCEPT, ACCEPTED) if revision == 0 else (REFRESH, REFRESHED)
        assert gate.refusal(gate.word(happening=happening, state=state, revision=revision)) == "RevisionTooLow"
    assert gate.refusal(gate.word(acceptance=OTHER, held=(8,))) == "NullifierTaken"


def test_r9_a_lock_is_not_held_because_the_word_that_it_left_was_skipped(gate: Gate) -> None:
    """The trader frees a lock, refreshes by the other, and brings the second word before the first."""
    gate.submit(gate.word())
    freed = gate.word(happening=FREE, state=ACCEPTED, revision=1, held=(3,), left=(5,))
    gate.submit(gate.word(happening=REFRESH, state=REFRESHED, revision=2, held=(3,)))
    assert not gate.contract.ask("isHeld", 5)
    gate.submit(freed)
    assert not gate.contract.ask("isHeld", 5)
    assert gate.contract.ask("isHeld", 3)
    assert gate.refusal(gate.word(happening=REFRESH, state=REFRESHED, revision=3)) == "NullifierSpent"


def test_a_word_that_comes_late_changes_nothing_but_what_left(gate: Gate) -> None:
    gate.submit(gate.word(held=(3, 5)))
    gate.submit(gate.word(happening=REFRESH, state=REFRESHED, revision=4, held=(3, 8)))
    before = tuple(gate.contract.ask("find", Word().acceptance))[:1]
    for changes in (
        {"happening": FREE, "state": RELEASED, "held": (), "left": (3, 5)},
        {"happening": FREE, "state": REFRESHED, "held": (3, 9), "left": (5,), "lapses_at": gate.arena.now + DAY},
    ):
        with undone(gate.arena):
            late = gate.word(revision=3, **changes)
            if not gate.refusal(late):
                gate.submit(late)
            assert tuple(gate.contract.ask("find", late.acceptance))[:1] == before
            assert gate.contract.ask("acceptanceOf", 9) == bytes(32)


def test_a_stolen_key_s_acceptance_is_struck_before_or_after_it_came(gate: Gate) -> None:
    for is_known in (True, False):
        with undone(gate.arena):
            said = gate.word()
            if is_known:
                gate.submit(said)
            gate.govern("strike", STRIKE, [said.acceptance], said.acceptance)
            assert not gate.is_live()
            assert not gate.contract.ask("isHeld", 3)
            again = said if not is_known else gate.word(happening=REFRESH, state=REFRESHED, revision=1)
            assert gate.refusal(again) == "AcceptanceStruck"


def test_nobody_lives_longer_than_a_year_on_one_word(gate: Gate) -> None:
    now = gate.arena.now
    for lapses_at in (now + 367 * DAY, 2**62, 2**64 - 1):
        assert gate.refusal(gate.word(lapses_at=lapses_at)) in {"Expired", "PeriodTooLong"}


def test_the_same_revision_again_changes_nothing_whatever_else_it_says(gate: Gate) -> None:
    said = gate.word()
    gate.submit(said)
    before = tuple(gate.contract.ask("find", said.acceptance))
    equivocal = said.but(held=(3, 5, 8), lapses_at=said.lapses_at + 60)
    gate.submit(equivocal)
    assert tuple(gate.contract.ask("find", said.acceptance)) == before
    assert gate.contract.ask("acceptanceOf", 8) == bytes(32)
    assert gate.refusal(said, []) == "SignaturesMiscounted", "junk is not answered like success"
    assert gate.refusal(said, sign(bytes(32), VERIFIERS[:2])) == "SignerUnknown"


# --- Pauses -----------------------------------------------------------------------------------------------


def test_governors_cannot_chain_their_pauses(ground: Arena) -> None:
    """Each governor alone can pause; none can go on where another one ended, nor do it sooner than after a pause."""
    accounts = [bytes.fromhex(each[2:]) for each in sorted(ground.node.accounts[:3], key=str.lower)]
    members = role("governors"), [spell(each) for each in accounts], 2
    charter = [members, committee("verifiers", VERIFIERS)], DELAY, DAY
    with undone(ground):
        gate = ground.deploy("AttestationGate", charter, *NAMED)
        assert ground.refusal(gate, "pause", sender=5) == "NotGovernor"
        ground.send(gate, "pause", sender=0)
        for sender in range(3):
            assert ground.refusal(gate, "pause", sender=sender) == "PausedLately"
        ground.node.advance(DAY)
        assert not gate.ask("isPaused")
        for sender in range(3):
            assert ground.refusal(gate, "pause", sender=sender) == "PausedLately"
        ground.node.advance(DAY)
        ground.send(gate, "pause", sender=1)


def test_a_pause_keeps_out_what_is_new_and_lets_bad_news_in(ground: Arena) -> None:
    accounts = [bytes.fromhex(each[2:]) for each in sorted(ground.node.accounts[:3], key=str.lower)]
    charter = [(role("governors"), list(map(spell, accounts)), 2), committee("verifiers", VERIFIERS)], DELAY, DAY
    with undone(ground):
        gate = Gate(ground, *(ground.deploy("AttestationGate", charter, *NAMED) for _ in "12"))
        gate.submit(gate.word())
        ground.send(gate.contract, "pause", sender=0)
        assert gate.refusal(gate.word(acceptance=OTHER, held=(9,))) == "Paused"
        assert gate.refusal(gate.word(acceptance=OTHER, held=(9,), left=(8,), happening=FREE, revision=1)) == "Paused"
        for changes in (
            {"happening": FREE, "state": RELEASED, "held": (), "left": (3, 5)},
            {"happening": LAPSE, "state": LAPSED},
            {"happening": SEIZE, "state": SEIZED, "held": (3,), "left": (5,)},
        ):
            assert gate.refusal(gate.word(revision=1, **changes)) == ""


def test_the_end_of_one_pause_ends_no_other(ground: Arena) -> None:
    with undone(ground):
        words = [word(ground.now + DAY)]
        gate = ground.deploy(
            "AttestationGate",
            ([committee("governors", GOVERNORS), committee("verifiers", VERIFIERS)], DELAY, DAY),
            *NAMED,
        )
        signatures = sign(digest_for(gate, RESUMPTION, words), GOVERNORS[:2])
        assert ground.refusal(gate, "resume", signatures) == "NotPaused"


# --- Gas ----------------------------------------------------------------------------------------------------


def test_the_largest_word_there_can_be_fits_into_a_block(gate: Gate) -> None:
    gas = gate.arena.send(
        gate.contract,
        "submit",
        (said := gate.word(held=tuple(range(1, 65)))).struct,
        sign(gate.digest(said), VERIFIERS),
    )
    assert gas < 4_000_000


# --- How governors speak -----------------------------------------------------------------------------------


def appointment(
    gate: Gate,
    members: Keys,
    threshold: int,
    *,
    epoch: int = 2,
    keys: Keys | None = None,
) -> str:
    """What the gate says to the appointment of verifiers."""
    arguments = signed_appointment(gate, members, threshold, epoch, keys)
    return gate.arena.refusal(gate.contract, "appoint", *arguments)


def appoint(gate: Gate, members: Keys, threshold: int, *, epoch: int = 2) -> None:
    """Appoint verifiers."""
    gate.arena.send(gate.contract, "appoint", *signed_appointment(gate, members, threshold, epoch, None))


def signed_appointment(gate: Gate, members: Keys, threshold: int, epoch: int, keys: Keys | None) -> tuple[Any, ...]:
    """The arguments of an appointment."""
    named = committee("verifiers", members, threshold)
    words = [named[0], word(epoch), hash_addresses(members), word(threshold)]
    domain = hash_domain(CHAIN_ID, gate.contract.address)
    digest = hash_typed_data(domain, hash_struct(APPOINTMENT, words))
    return named, epoch, sign(digest, GOVERNORS[:2] if keys is None else keys)
