"""What the browser says of claims in the bytes of their message, held against what the verifier says of them."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Final

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from facts.context import Binding
from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand, Said
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.policy import StatementPolicy
from facts.public_inputs import FIXED_COUNT, PublicInputs
from facts.transition import Flows, StatedTransition
from margin.deleverage import PnlBasis
from margin.errors import MarginError
from margin.requirement import RequirementKind
from ringfence.client.release import decode_claim
from ringfence.v1 import claim_pb2
from ringfence.wire.claim import write_claim, write_demand
from snark.bn254.constants import GROUP_ORDER
from snark.errors import SnarkError
from snark.groth16.formats.calldata import encode_proof
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.verify import verify_proof
from tests.console.front import ask_sources, needs_tools
from tests.console.judging import GOOD, pack, pin
from tests.ringfence.wire.faults import faults
from tests.snark.groth16.mutations import EVERY, WORD, Case
from tests.snark.groth16.simulator import Simulator

pytestmark = [needs_tools, pytest.mark.native, pytest.mark.slow]

PROOFS, MESSAGES, DEMANDS = 250, 900, 300
LOCKS = 1
SIMULATOR: Final = Simulator.of(FIXED_COUNT + LOCKS)
KEY: Final = SIMULATOR.key
NOT_PINNED: Final = "ab" * 32
"""A claim under it was read, and nothing more is asked of it."""
PLACE: Final = Binding("desk-1", 10, b"\x11" * 20, b"\x22" * 20, 1_800_000_000)
SAYINGS: Final[Sequence[Said]] = (
    StatementPolicy(RequirementKind.MAINTENANCE, 50_000, 100, 7),
    ReleaseDemand("eip155:1/slip44:60", 10**18),
    StatedTransition((3, 4), Flows(7, 1, 2, 3, -4)),
    StatedLiquidation(5, LiquidationFlows(7, 1, 2, -3, 4, 5, 6, 8)),
    StatedDeleverage(PnlBasis.MARK, 6, (7, 8, 9)),
)
DEMANDED: Final = [write_demand(Demand(saying, "clearing.example", PLACE)) for saying in SAYINGS]
MOST_ENTRIES: Final = 14
COUNTS: Final = (0, 1, 2, 3, 11, 12, 13)
ELEMENTS: Final = [value.to_bytes(WORD, "big") for value in (0, 1, GROUP_ORDER - 1, GROUP_ORDER, 2**256 - 1)]
WHOLE: Final = (0, 2**100 - 1, 2**100, 2**102 - 1, 2**102, 2**128 - 1, 2**128, 10**38, 10**39 - 1, 10**39)
SPELLED: Final = (
    "",
    "-0",
    "01",
    "-01",
    "+1",
    "1.0",
    "1e3",
    " 1",
    "1 ",
    "1\n",
    "1_0",
    "0x1",
    "\uff11",
    "\ufeff1",
    "\x00",
)
NAMED: Final = ("a" * 255, "a" * 256, "\u00e9" * 127, "\u00e9" * 128, "\U0001f600" * 63, "\U0001f600" * 64)
EDGES: Final[Mapping[int, Sequence[object]]] = {
    FieldDescriptor.TYPE_STRING: (*map(str, WHOLE), *(f"-{each}" for each in WHOLE), *SPELLED, *NAMED),
    FieldDescriptor.TYPE_BYTES: (*(b"\x01" * length for length in (0, 1, 31, 32, 33, 64, 65)), *ELEMENTS),
    FieldDescriptor.TYPE_UINT32: (0, 1, 4095, 4096, 10**6 - 1, 10**6, 2**20 - 1, 2**20, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 1, 2**63, 2**64 - 1),
    FieldDescriptor.TYPE_ENUM: (0, 1, 2, 3, -1, 2**31 - 1),
}
"""By the kind of a field, what stands at its bounds and around them."""
ODD_BYTES: Final = bytes(
    (0x00, 0x01, 0x07, 0x0A, 0x0B, 0x0C, 0x10, 0x1A, 0x22, 0x7B, 0x7C, 0x7F, 0x80, 0xC0, 0xED, 0xFF)
)
ODD_FIELDS: Final = (
    b"\x78\x05",
    b"\x78" + b"\xff" * 9 + b"\x7f",
    b"\x78" + b"\xff" * 10 + b"\x01",
    b"\x79" + bytes(8),
    b"\x7d" + bytes(4),
    b"\x7a\x02ab",
    b"\x7a\x82\x80\x80\x80\x00ab",
    b"\x7a\x82\x80\x80\x80\x80\x00ab",
    b"\x7a\xff\xff\xff\xff\x07",
    b"\x7a\xff\xff\xff\xff\x0f",
    b"\x7b\x0a\x02ab\x7c",
    b"\x7b\x02\x00\x7c",
    b"\x7b\x73\x74\x7c",
    b"\x7b\x74",
    b"\x7b",
    b"\x7c",
    b"\x7b" * 97 + b"\x7c" * 97,
    b"\x7b" * 98 + b"\x7c" * 98,
    b"\x7b" * 99 + b"\x7c" * 99,
    b"\x7b" * 100 + b"\x7c" * 100,
    b"\x7b" * 101 + b"\x7c" * 101,
    b"\x02\x00",
    b"\x00\x00",
    b"\x7e\x00",
    b"\x7f\x00",
    b"\x8a\x80\x80\x80\x00\x01a",
    b"\x8a\x80\x80\x80\x80\x00\x01a",
    b"\xfa\xff\xff\xff\x0f\x00",
    b"\xfa\xff\xff\xff\x1f\x00",
    b"\x08\x05",
    b"\x0b\x0c",
    b"\x12\x00",
    b"\x22\x00",
    b"\x10\x85\x80\x80\x80\x10",
    b"\x22\x02\xc0\x80",
    b"\x22\x04\xef\xbb\xbf1",
)
"""Fields that a message has no place for, or has with another kind, and what is none at all."""


def judge(data: bytes) -> tuple[str, str]:
    """What the verifier says: the reason and the field, or that it is valid."""
    try:
        claim = decode_claim(data)
        if claim.key_id != KEY.id:
            return "V23_KEY_NOT_PINNED", "key"
        verify_proof(KEY, claim.values, claim.proof)
    except (MarginError, SnarkError) as refusal:
        return str(refusal.reason), refusal.field
    return GOOD


def compare(messages: Sequence[bytes]) -> Counter[str]:
    """Both say the same of every message; how often each reason was given."""
    asked = [{"key": KEY.encode().hex(), "message": pack(each)} for each in messages]
    found = [tuple(each) for each in ask_sources("judge", {"messages": asked})["messages"]]
    expected = [judge(each) for each in messages]
    wrong = [(each.hex(), e, f) for each, e, f in zip(messages, expected, found, strict=True) if e != f]
    assert wrong == []
    return Counter(reason for reason, _ in expected)


def claimed(seed: int) -> tuple[int, ...]:
    """Public inputs."""
    return tuple(1 + seed * place for place in range(1, KEY.input_count + 1))


def message_of(values: Sequence[int], points: bytes, demand: claim_pb2.Demand, key_id: str = KEY.id) -> bytes:
    """A claim of whatever is said."""
    spelled = [(value % 2**256).to_bytes(WORD, "big") for value in values]
    names = ("book_root", "market_root", "lock_root", "position_tag")
    before, spent, after = spelled[:4], spelled[4:-2], spelled[max(4, len(spelled) - 2) :]
    inputs = claim_pb2.PublicInputs(nullifiers=spent, **dict(zip(names, before, strict=False)))
    for name, value in zip(("context", "policy"), after, strict=False):
        setattr(inputs, name, value)
    proof = claim_pb2.Proof(points=points)
    return claim_pb2.Claim(
        key_id=bytes.fromhex(key_id), public_inputs=inputs, proof=proof, demand=demand
    ).SerializeToString()


def test_altered_proofs_are_judged_as_the_verifier_judges_them() -> None:
    demands, messages = cycle(DEMANDED), []
    for seed in range(PROOFS):
        choose = random.Random(seed)  # noqa: S311 - the same cases every time
        values = claimed(1 + seed % 20)
        case = Case(list(values), bytearray(encode_proof(SIMULATOR.prove(values))))
        for _ in range(choose.choice([1, 1, 1, 2])):
            if len(case.data) == len(encode_proof(SIMULATOR.prove(values))) and len(case.inputs) == len(values):
                choose.choice(EVERY)(case, choose)
        messages.append(message_of(case.inputs, bytes(case.data), next(demands)))
    good = [message_of(claimed(seed), encode_proof(SIMULATOR.prove(claimed(seed))), next(demands)) for seed in (1, 2)]
    assert compare(good) == {"valid": 2}
    assert compare(messages).keys() >= {
        "NOT_READABLE",
        "OUT_OF_BOUNDS",
        "WRONG_COUNT",
        "V10_INPUT_COUNT",
        "V14_INFINITY",
        "V15_OFF_CURVE",
        "V16_OUTSIDE_SUBGROUP",
        "V17_EQUATION_FAILS",
    }


def good_claims() -> list[claim_pb2.Claim]:
    """One for each thing that can be demanded, under a key that nobody pins."""
    inputs, proof = PublicInputs.of(claimed(3)), SIMULATOR.prove(claimed(3))
    found = []
    for demand in DEMANDED:
        message = write_claim(NOT_PINNED, inputs, proof, Demand(SAYINGS[0], "clearing.example", PLACE))
        message.demand.CopyFrom(demand)
        found.append(message)
    return found


def test_every_field_made_worse_is_refused_by_its_path() -> None:
    good = good_claims()
    assert compare([each.SerializeToString() for each in good]) == {"V23_KEY_NOT_PINNED": len(good)}
    worse = [message.SerializeToString() for each in good for _, _, message in faults(each)]
    reasons = compare(worse)
    assert reasons.keys() >= {"MISSING_FIELD", "NOT_AN_INTEGER", "NOT_A_CHOICE", "OUT_OF_BOUNDS", "WRONG_COUNT"}


def edges(message: Message, whole: Message) -> Iterator[bytes]:
    """Every value in a message at and around what may stand there, in the whole that it is a part of."""
    for field, value in message.ListFields():
        if field.is_repeated:
            kept = list(value)
            for entries in [
                *((kept * MOST_ENTRIES)[:count] for count in COUNTS),
                *([each, *kept[1:]] for each in ELEMENTS),
            ]:
                value[:] = entries
                yield whole.SerializeToString()
            value[:] = kept
        elif field.message_type is not None:
            yield from edges(value, whole)
        else:
            for edge in EDGES[field.type]:
                setattr(message, field.name, edge)
                yield whole.SerializeToString()
            setattr(message, field.name, value)


def test_every_bound_of_a_demand_is_the_one_that_the_verifier_has() -> None:
    reasons = compare([message for each in good_claims() for message in edges(each.demand, each)])
    assert reasons.keys() == {"NOT_AN_INTEGER", "NOT_A_CHOICE", "OUT_OF_BOUNDS", "WRONG_COUNT", "V23_KEY_NOT_PINNED"}


def alter(data: bytes, choose: random.Random) -> bytes:
    """A message with a bit or a byte changed, cut, or with fields more, of which some are there already."""
    place = choose.randrange(len(data))
    before, here, after = data[:place], data[place], data[place + 1 :]
    odd = choose.choice(ODD_FIELDS)
    ways = (
        before + bytes((here ^ 1 << choose.randrange(8),)) + after,
        before + after,
        before + bytes((choose.choice(ODD_BYTES), here)) + after,
        before,
        data + before,
        odd + data,
        data + odd,
    )
    return choose.choice((ways[0], *ways))


def delimited(number: int, content: bytes) -> bytes:
    """A field of so many bytes."""
    length, spelled = len(content), bytearray()
    while length > 127:
        spelled.append(length % 128 + 128)
        length //= 128
    return bytes((number * 8 + 2, *spelled, length)) + content


def altered_messages() -> Iterator[bytes]:
    """Altered from without, and in the message that is innermost."""
    choose = random.Random("messages")  # noqa: S311 - the same cases every time
    good = good_claims()
    whole = [each.SerializeToString() for each in good]
    for data in islice(cycle(whole), MESSAGES):
        yield alter(data, choose)
    for each in islice(cycle(good), DEMANDS):
        rest = claim_pb2.Claim(key_id=each.key_id, public_inputs=each.public_inputs, proof=each.proof)
        said = str(each.demand.WhichOneof("says"))
        number = each.demand.DESCRIPTOR.fields_by_name[said].number
        inner = alter(getattr(each.demand, said).SerializeToString(), choose)
        place = each.demand.context.SerializeToString()
        spelled = delimited(number, inner) + delimited(3, alter(place, choose) if choose.randrange(3) == 0 else place)
        yield rest.SerializeToString() + delimited(4, spelled)
    for first in whole:
        yield from (first + second for second in whole)
        yield from (first + field for field in ODD_FIELDS)


def test_altered_messages_are_read_as_the_verifier_reads_them() -> None:
    messages = list(altered_messages())
    assert len(messages) > 1000
    reasons = compare(messages)
    assert reasons.keys() >= {"NOT_READABLE", "MISSING_FIELD", "OUT_OF_BOUNDS", "WRONG_COUNT", "V23_KEY_NOT_PINNED"}
    assert reasons["V23_KEY_NOT_PINNED"] < len(messages) / 2


def test_a_claim_is_told_from_text_and_checked_under_the_key_that_it_names() -> None:
    other = Simulator.of(FIXED_COUNT + LOCKS, seed=1)
    values = claimed(2)
    proof = SIMULATOR.prove(values)
    mine = pack(message_of(values, encode_proof(proof), DEMANDED[0]))
    theirs = pack(message_of(values, encode_proof(proof), DEMANDED[0], other.key.id))
    parts = [pack(format_proof(proof)), pack(format_public(values))]
    pinned = [pin("perp-k1", other.key), pin("perp-k1", KEY)]
    asked = [
        {"files": [mine], "pinned": pinned},
        {"files": parts, "pinned": pinned},
        {"files": [theirs], "pinned": pinned},
        {"files": [mine], "pinned": pinned[:1]},
        {"files": [pack(b"PK\x03\x04")], "pinned": pinned},
        {"files": [pack(b"\x00" + json.dumps({"pi_a": []}).encode())], "pinned": pinned},
    ]
    found = [tuple(each) for each in ask_sources("judge", {"judgements": asked})["judgements"]]
    assert found == [
        ("valid", "perp-k1"),
        ("valid", "perp-k1"),
        ("V17_EQUATION_FAILS", "proof"),
        ("V23_KEY_NOT_PINNED", "key"),
        ("NOT_READABLE", "claim"),
        ("NOT_READABLE", "claim"),
    ]
