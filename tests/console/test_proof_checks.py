"""What the browser says of proofs, held against what the verifier says of the same bytes."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from circuits.catalogue import ENTRIES
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs, unused_input
from margin.errors import MarginError
from margin.requirement import RequirementKind
from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.errors import SnarkError
from snark.groth16.formats.proof_json import format_proof, parse_proof
from snark.groth16.formats.public_json import format_public, parse_public
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.console.front import ask_sources, needs_tools
from tests.console.judging import GOOD, pack, pin
from tests.packaging.sources import REPOSITORY
from tests.snark.groth16.mutations import EVERY, KEY, SIMULATOR, WORD, WORDS, Case, judge_key, mutate, prove, statement
from tests.snark.groth16.simulator import Simulator
from tests.snark.groth16.test_vectors import NEGATIVES
from tests.snark.shared_vectors import needs_vectors

pytestmark = [needs_tools, pytest.mark.native, pytest.mark.slow]

MUTATIONS = 400
SPELLINGS = 400
KEYS = 60
SPELLED = (
    '"',
    ",",
    "[",
    "]",
    "{",
    "}",
    "0",
    "1",
    "-",
    ".",
    "e",
    "N",
    " ",
    "\n",
    "\t",
    "\\u0031",
    "\\",
    "é",
    "\x00",
    "1e3",
)


def ask(**cases: Any) -> Any:  # noqa: ANN401 - JSON there and back
    """What the browser's own code says."""
    return ask_sources("judge", cases)


def judge(key: VerifyingKey, inputs: str, proof: str) -> tuple[str, str]:
    """What the verifier says: the reason and the field, or that it is valid."""
    try:
        verify_proof(key, parse_public(inputs), parse_proof(proof))
    except SnarkError as refusal:
        return str(refusal.reason), refusal.field
    return GOOD


def compare(claims: Sequence[tuple[VerifyingKey, str, str]]) -> Counter[str]:
    """Both say the same of every claim; how often each reason was given."""
    asked = [{"key": k.encode().hex(), "inputs": pack(i), "proof": pack(p)} for k, i, p in claims]
    found = [tuple(each) for each in ask(claims=asked)["claims"]]
    expected = [judge(*claim) for claim in claims]
    wrong = [(claim[1:], e, f) for claim, e, f in zip(claims, expected, found, strict=True) if e != f]
    assert wrong == []
    return Counter(reason for reason, _ in expected)


def spell_proof(case: Case) -> str:
    """Calldata as ``proof.json``, whatever stands in it."""
    a0, a1, b01, b00, b11, b10, c0, c1 = (str(case.word(index)) for index in range(WORDS))
    zero, one = ("0", "1")
    points = {
        "pi_a": ["0", "1", "0"] if (a0, a1) == (zero, zero) else [a0, a1, one],
        "pi_b": [[b00, b01], [b10, b11], [one, zero]],
        "pi_c": [c0, c1, one],
    }
    return json.dumps({**points, "protocol": "groth16", "curve": "bn128"})


def test_mutated_proofs_are_judged_as_the_verifier_judges_them() -> None:
    cases = [mutate(seed, EVERY) for seed in range(MUTATIONS)]
    claims = [
        (KEY, json.dumps(list(map(str, case.inputs))), spell_proof(case))
        for case in cases
        if len(case.data) == WORD * WORDS
    ]
    reasons = compare([(KEY, format_public(statement(seed)), format_proof(prove(seed))) for seed in range(5)])
    assert reasons == {"valid": 5}
    reasons = compare(claims)
    assert reasons.keys() >= {
        "V08_NUMBER_SPELLING",
        "V10_INPUT_COUNT",
        "V11_INPUT_OUT_OF_FIELD",
        "V12_COORDINATE_OUT_OF_FIELD",
        "V14_INFINITY",
        "V15_OFF_CURVE",
        "V16_OUTSIDE_SUBGROUP",
        "V17_EQUATION_FAILS",
    }


def respell(text: str, choose: random.Random) -> str:
    """A text with a character more, less or changed, or with a part of it twice."""
    place = choose.randrange(len(text))
    match choose.randrange(4):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + choose.choice(SPELLED) + text[place:]
        case 2:
            return text[:place] + choose.choice(SPELLED) + text[place + 1 :]
        case _:
            return text[: place + choose.randrange(80)] + text[place:]


ODD_PROOFS: tuple[Callable[[dict[str, Any], str], str], ...] = (
    lambda _, text: text.replace('"protocol"', '"curve": "bn128", "protocol"'),
    lambda _, text: text.replace('"pi_a"', '"pi_\\u0061"'),
    lambda _, text: text.replace('"pi_a"', '"pi_a": 1, "pi_\\u0061"'),
    lambda _, text: "\ufeff" + text,
    lambda _, text: text + "\n \t\r",
    lambda _, text: text + "x",
    lambda _, text: text.replace('"1"', "1"),
    lambda _, text: text.replace('"1"', "1.0"),
    lambda _, text: text.replace('"1"', "NaN"),
    lambda _, text: text.replace('"1"', "-Infinity"),
    lambda _, text: text.replace('"1"', '"01"'),
    lambda _, text: text.replace('"1"', '"\uff11"'),
    lambda _, text: text.replace('"1"', '"2"'),
    lambda _, text: "[" * 60 + text,
    lambda _, text: text + " " * 2**14,
    lambda _, __: "9" * 4301,
    lambda _, __: "",
    lambda found, _: json.dumps({**found, "protocol": "plonk"}),
    lambda found, _: json.dumps({**found, "curve": "bls12381"}),
    lambda found, _: json.dumps({**found, "curve": ["bn128"]}),
    lambda found, _: json.dumps({**found, "more": None}),
    lambda found, _: json.dumps({name: found[name] for name in list(found)[1:]}),
    lambda found, _: json.dumps({**found, "pi_b": found["pi_a"]}),
    lambda found, _: json.dumps({**found, "pi_a": found["pi_b"]}),
    lambda found, _: json.dumps({**found, "pi_b": [["0", "0"], ["1", "0"], ["0", "0"]]}),
    lambda found, _: json.dumps({**found, "pi_c": ["0", "0", "1"]}),
    lambda found, _: json.dumps({**found, "pi_a": ["0", "1", "0"]}),
    lambda found, _: json.dumps({**found, "pi_b": [*found["pi_b"][:2], ["1", "1"]]}),
    lambda found, _: json.dumps(list(found.items())),
)


def test_files_are_read_as_strictly_as_the_verifier_reads_them() -> None:
    choose = random.Random("spellings")  # noqa: S311 - the same cases every time
    proof, inputs = format_proof(prove(1)), format_public(statement(1))
    claims = [(KEY, inputs, odd(json.loads(proof), proof)) for odd in ODD_PROOFS]
    claims += [(KEY, inputs, respell(proof, choose)) for _ in range(SPELLINGS)]
    claims += [(KEY, respell(inputs, choose), proof) for _ in range(SPELLINGS // 2)]
    claims += [
        (KEY, text, proof)
        for text in ("[]", "{}", "null", "[1, 2]", '["1", "1", "1"]', '["-1", "1"]', '["", ""]', "[[], []]")
    ]
    reasons = compare(claims)
    numbered = {f"V{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 17)}
    assert {reason[:3] for reason in reasons} >= numbered


@needs_vectors
def test_bad_variants_from_elsewhere_are_judged_alike() -> None:
    found = ask(files=[pack(json.dumps(case["vk"])) for case in NEGATIVES])["files"]
    assert [each[0] for each in found] == [read_key(case)[0] for case in NEGATIVES]
    sane = [(key, case) for case in NEGATIVES if (key := read_key(case)[1]) is not None]
    compare([(key, json.dumps(case["public"], ensure_ascii=False), json.dumps(case["proof"])) for key, case in sane])


def read_key(case: dict[str, Any]) -> tuple[str, VerifyingKey | None]:
    """The key of a case, or why it is none."""
    try:
        return "valid", parse_verifying_key(json.dumps(case["vk"]), allow_development_keys=True)
    except SnarkError as refusal:
        return str(refusal.reason), None


def test_keys_are_judged_alike() -> None:
    choose = random.Random("keys")  # noqa: S311 - the same cases every time
    good, keys = KEY.encode(), [KEY.encode()]
    for _ in range(KEYS):
        data = bytearray(good)
        match choose.randrange(5):
            case 0:
                data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
            case 1:
                start = len(good) - WORD * choose.randrange(1, 18)
                data[start : start + WORD] = bytes(WORD)
            case 2:
                start = len(good) - WORD * choose.randrange(1, 18)
                data[start : start + WORD] = (FIELD_MODULUS + choose.randrange(2)).to_bytes(WORD, "big")
            case 3:
                data = data[: choose.randrange(len(data))]
            case _:
                data += bytes(choose.randrange(1, 70))
        keys.append(bytes(data))
    fixed = len(good) - 3 * 2 * WORD
    gamma, delta = slice(fixed - 8 * WORD, fixed - 4 * WORD), slice(fixed - 4 * WORD, fixed)
    keys += [good[: delta.start] + good[gamma] + good[delta.stop :], good[: -2 * WORD] + bytes(2 * WORD)]
    found = [tuple(each) for each in ask(keys=[data.hex() for data in keys])["keys"]]
    expected = [judge_key(data, BackendName.NATIVE) for data in keys]
    assert found == expected
    assert {reason[:3] for reason, _ in expected} >= {"val", "V01", "V12", "V14", "V15", "V21"}


def test_a_statement_is_told_as_it_is_made() -> None:
    policies = (
        StatementPolicy(RequirementKind.INITIAL),
        StatementPolicy(RequirementKind.MAINTENANCE, 20_000, 100_000, 2**100 - 1),
        StatementPolicy(RequirementKind.INITIAL, 999_999, 2**20 - 1, 7),
    )
    asked = [{"statement": "perp-k1", "inputs": list(map(str, (1, 2, 3, 4, 5, 6, each.encode())))} for each in policies]
    for policy, (answer, said) in zip(policies, ask(statements=asked)["statements"], strict=True):
        assert answer == "valid"
        assert said["policy"] == {
            "maintenance": policy.requirement is RequirementKind.MAINTENANCE,
            "shockPpm": policy.shock_ppm,
            "bufferPpm": policy.buffer_ppm,
            "leastBasketValue": str(policy.least_basket_value),
        }
    named = {"book_root", "market_root", "lock_root", "position_tag"}
    unused = [
        *(str(unused_input(name)) for name in ("book_root", "market_root", "lock_root", "position_tag")),
        "6",
        "0",
    ]
    ((_, said),) = ask(statements=[{"statement": "deleverage-n4", "inputs": unused}])["statements"]
    assert set(said["unused"]) == named
    for word in (2**141, 1_000_000 << 1):
        with pytest.raises(MarginError):
            StatementPolicy.decode(word)
        ((_, said),) = ask(statements=[{"statement": "perp-k0", "inputs": [*"12345", str(word)]}])["statements"]
        assert said["policy"] is None


@pytest.mark.parametrize("name", sorted(entry.name for entry in ENTRIES))
def test_inputs_have_the_names_of_their_statement(name: str) -> None:
    page = (REPOSITORY / "docs" / "statements" / f"{name}.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `([^`]+)` \| public \|", page, re.MULTILINE)
    inputs = [str(place) for place in range(1, len(names) + 1)]
    ((answer, said),) = ask(statements=[{"statement": f"{name}-x1", "inputs": inputs}])["statements"]
    assert (answer, said["names"]) == ("valid", names)
    assert "no words" not in " ".join(said["sentences"])


def test_what_no_claim_may_say_is_refused() -> None:
    good = [1, 2, 3, 4, 5, 6, 7, 0]
    cases = [good, [1, 2, 3, 4, 5, 5, 7, 8], *([*good[:place], 0, *good[place + 1 :]] for place in range(7))]
    asked = [{"statement": "perp-k2", "inputs": list(map(str, each))} for each in cases]
    found = [
        said["names"] if answer == "valid" else [answer, said] for answer, said in ask(statements=asked)["statements"]
    ]
    assert found == [name_inputs(each) for each in cases]


def name_inputs(values: list[int]) -> list[str]:
    """The names of the inputs of a claim, or why it is none."""
    try:
        return list(PublicInputs.of(values).names)
    except MarginError as refusal:
        return [str(refusal.reason), refusal.field]


def test_only_pinned_keys_are_used_whatever_comes_with_a_proof() -> None:
    other, third = Simulator.of(2, seed=1), Simulator.of(3)
    files = [pack(format_proof(prove(1))), pack(format_public(statement(1)))]
    pinned = [pin("other", other.key), pin("third", third.key), pin("mine", KEY)]
    foreign = [pack(format_verifying_key(KEY))]
    asked = [
        {"files": files, "pinned": pinned},
        {"files": [*files, *foreign], "pinned": pinned},
        {"files": [*files, *foreign], "pinned": pinned[:2]},
        {"files": files, "pinned": pinned[:2]},
        {"files": files, "pinned": pinned[1:2]},
        {"files": files, "pinned": []},
        {"files": [*files, pack(format_verifying_key(other.key))], "pinned": pinned},
        {"files": files, "pinned": [{**pinned[2], "canonical": pinned[0]["canonical"]}]},
        {"files": files, "pinned": [{**pinned[2], "canonical": ""}]},
    ]
    found = [tuple(each) for each in ask(judgements=asked)["judgements"]]
    assert found == [
        ("valid", "mine"),
        ("valid", "mine"),
        ("V23_KEY_NOT_PINNED", "key"),
        ("V17_EQUATION_FAILS", "proof"),
        ("V10_INPUT_COUNT", "inputs"),
        ("V23_KEY_NOT_PINNED", "key"),
        ("V17_EQUATION_FAILS", "proof"),
        ("V23_KEY_NOT_PINNED", "key"),
        ("V23_KEY_NOT_PINNED", "key"),
    ]


def test_a_statement_that_adds_up_to_nothing_is_no_proof_by_itself() -> None:
    """Inputs for which the sum over IC is infinity, of which no pairing is taken."""
    a, b, c = SIMULATOR.ic
    inputs = (5, -(a + 5 * b) * pow(c, -1, GROUP_ORDER) % GROUP_ORDER)
    proof = SIMULATOR.prove(inputs)
    assert compare([(KEY, format_public(inputs), format_proof(proof))]) == {"valid": 1}
    assert compare([(KEY, format_public(inputs), format_proof(replace(proof, a=-proof.a)))]) == {
        "V17_EQUATION_FAILS": 1
    }
