"""The format is pinned: every backend computes the committed vectors, and a leaf is the plain hash of its inputs."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from snark.bn254.backend import BACKEND_VARIABLE, BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.reference import hash_row
from tests.facts.vectors import compute_vectors

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("backend", [pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE])
def test_the_vectors_are_computed_anew(backend: BackendName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, backend)
    assert compute_vectors() == VECTORS


def tag_of(kind: str) -> int:
    """A tag by its definition."""
    return int.from_bytes(sha256(f"ringfence.v1.{kind}".encode()).digest(), "big") >> 8


def hash_parts(kind: str, parts: dict[str, str], names: str) -> str:
    """The hash of named parts after the tag of their kind, apart from ``facts``."""
    return str(hash_row([tag_of(kind), *(int(parts[name]) for name in names.split())]))


def test_tags_follow_from_their_names() -> None:
    assert VECTORS["tags"] == {name: str(tag_of(name)) for name in VECTORS["tags"]}
    assert VECTORS["empty"][0] == str(hash_row([tag_of("empty")]))
    assert VECTORS["empty"][1] == str(hash_row([int(VECTORS["empty"][0])] * 8))
    for name, value in VECTORS["unused"].items():
        assert value == str(hash_row([tag_of("unused"), tag_of(f"input:{name}")]))


def test_commitments_are_the_plain_hash_of_their_parts() -> None:
    parts = {"position_id": "42", "lock_salt": str(2**249 + 5), "chain_id": "1", "amount": str(12 * 10**17)}
    parts |= VECTORS["commitments"] | {"deposit_index": "3"}
    formulas = {
        "owner": "secret",
        "position_tag": "secret position_id",
        "lock_owner": "secret lock_salt",
        "lock": "chain_id domain asset amount lock_owner deposit_index",
        "nullifier": "secret lock",
        "release": "asset amount",
    }
    for kind, names in formulas.items():
        assert parts[kind] == hash_parts(kind, parts, names)
    assert parts["position"] == hash_parts("position_perp", parts, "owner position_id body cash salt")
    assert int(parts["body"]) == 1 + (1500 << 1) + (97_500_000_000 << 65) + (1_234_567 << 165) + (1 << 229) + (7 << 230)
    assert int(parts["negative_cash"]) - int(parts["cash"]) == 1 << 100


def test_transitions_are_the_plain_hash_of_their_parts() -> None:
    opening = {name: VECTORS["commitments"][name] for name in ("secret", "owner", "salt")}
    parts = opening | {"position_id": "42", "leaf": VECTORS["commitments"]["position"], "zero": "0"}
    parts |= VECTORS["transition"] | {"none": str(tag_of("no_position"))}
    formulas = {
        "leaf_nullifier": ("leaf_nullifier", "leaf salt"),
        "absent_nullifier": ("leaf_nullifier", "none salt"),
        "leaf_salt": ("leaf_salt", "leaf_nullifier salt"),
        "birth": ("birth", "secret position_id"),
        "absent_birth": ("birth", "salt none"),
        "no_position": ("no_position", "owner position_id zero zero salt"),
        "flows": ("flows", "wallet settlement"),
        "transition": ("transition", "leaf no_position flows"),
    }
    for name, (kind, names) in formulas.items():
        assert parts[name] == hash_parts(kind, parts, names)
    assert int(parts["wallet"]) == 1000 + (7 << 100) + (1 << 200)
    assert int(parts["settlement"]) == 12 + (345 << 100) + (1 << 200)


def test_liquidations_are_the_plain_hash_of_their_parts() -> None:
    opening = {"leaf": VECTORS["commitments"]["position"], "salt": VECTORS["commitments"]["salt"]}
    numbers = {"one": "1", "basket": "6", "slippage": "2", "fee": "12", "penalty": "34", "returned": "7", "gap": "8"}
    parts = opening | numbers | {"five": "5", "none": "0"} | VECTORS["liquidation"]
    flows = "leaf one basket slippage settled fee penalty returned gap"
    assert parts["liquidation"] == hash_parts("liquidation", parts, flows)
    assert int(parts["settled"]) + 345 == GROUP_ORDER
    assert parts["entry"] == hash_parts("queue_entry", parts, "leaf salt five basket")
    assert parts["empty_entry"] == hash_parts("queue_entry", parts, "leaf salt none basket")
    assert parts["deleverage"] == hash_parts("deleverage", parts, "one entry entry empty_entry")


def test_leaves_are_the_plain_hash_of_their_parts() -> None:
    names = "terms funding floor ceiling initial maintenance policy_hash"
    named = VECTORS["policy_hash"]
    assert named["hash"] == hash_parts("policy", named, "document terms")
    for tier in VECTORS["market_tiers"]:
        assert tier["leaf"] == hash_parts("market", tier, names)
        assert tier["policy_hash"] == named["hash"]
    for tier in VECTORS["asset_tiers"]:
        assert tier["leaf"] == hash_parts("asset", tier, "asset terms floor ceiling")
    words = " ".join(f"outcomes[{index}]" for index in range(4))
    assert VECTORS["instrument"]["leaf"] == hash_parts("instrument", VECTORS["instrument"], f"terms {words}")


def test_the_numbers_of_a_leaf_stand_where_they_should() -> None:
    low, middle, _ = VECTORS["market_tiers"]
    terms = 7 + (0 << 20) + (1 << 21) + (10 << 33) + (6_497_500 << 97) + (6_502_500 << 161)
    assert int(low["terms"]) == terms
    assert int(low["funding"]) == 1_000_000 + (1 << 64)
    assert int(low["initial"]) == 8000 + (1 << 160)
    rates = (12_500 << 4) + (200_000 << 24) + (500 << 44) + (10**6 << 64)
    assert int(VECTORS["policy_hash"]["terms"]) == 2 + (1 << 3) + rates + (10**11 << 84) + (1 << 184)
    assert int(middle["maintenance"]) == 5000 + (50_000_000_000 * 1000 << 20) + (500 << 140) + (1 << 162)
    first, second = VECTORS["asset_tiers"]
    rate = (250_000 - 125) * 10**4
    assert int(first["terms"]) == rate + (50_000 << 100) + (1 << 240)
    assert int(second["terms"]) == rate + (142_858 << 100) + (10**12 * 92_858 << 120) + (1 << 240)
    first = 2**61 + ((2**61 - 1) << 62) + ((2**61 + 512) << 124) + ((2**61 - 3**9) << 186)
    assert int(VECTORS["instrument"]["outcomes[0]"]) == first
    assert int(VECTORS["instrument"]["outcomes[3]"]) >> 186 == 2**61 - 15**9
    assert int(VECTORS["instrument"]["terms"]) == 11 + (1 << 20) + (1_000_001 << 32)


def test_context_and_claim_are_the_digest_of_their_bytes() -> None:
    binding = int.from_bytes(sha256(bytes.fromhex(VECTORS["binding_bytes"])).digest(), "big") >> 8
    assert VECTORS["binding"] == str(binding)
    assert VECTORS["context"] == str(hash_row([tag_of("context"), tag_of("domain:test"), binding]))
    claim = b"ringfence.v1.claim\n" + tag_of("domain:test").to_bytes(32, "big") + bytes([0x5A]) * 32
    assert VECTORS["claim"] == sha256(claim + bytes.fromhex(VECTORS["public_inputs"])).hexdigest()
