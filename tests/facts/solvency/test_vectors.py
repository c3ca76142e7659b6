"""The format of solvency is pinned: every backend computes the vectors, and each is the plain hash of its parts."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from snark.bn254.backend import BACKEND_VARIABLE, BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.facts.solvency.vectors import compute_vectors

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("backend", [pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE])
def test_the_vectors_are_computed_anew(backend: BackendName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, backend)
    assert compute_vectors() == VECTORS


def tag_of(kind: str) -> int:
    """A tag by its definition."""
    return int.from_bytes(sha256(f"ringfence.v1.{kind}".encode()).digest(), "big") >> 8


def hash_all(kind: str, numbers: list[str]) -> str:
    """The hash of a list, apart from ``facts``."""
    state = tag_of(kind)
    for start in range(0, len(numbers), 15):
        state = hash_inputs([state, *map(int, numbers[start : start + 15])])
    return str(state)


def test_leaves_are_the_plain_hash_of_their_numbers() -> None:
    for leaf, shape in ((VECTORS["leaves"]["alice"], (2, 4, 0)), (VECTORS["leaves"]["carol"], (1, 2, 1))):
        positions, balances, debts = shape
        holder = hash_inputs([tag_of("holder"), int(leaf["identity"]), int(leaf["salt"])])
        words = [pack(position, (1, 64, 12, 84, 1, 84, 1)) for position in leaf["positions"]]
        words += [0] * (positions - len(words))
        entries = [pack([leaf["number"]], (72,))]
        entries += [pack(each, (12, 64)) for each in leaf["balances"]]
        entries += [0] * (1 + balances - len(entries)) + [pack(each, (12, 64)) for each in leaf["debts"]]
        entries += [0] * (1 + balances + debts - len(entries))
        words.append(entries[0] | entries[1] << 72 | entries[2] << 148)
        words.append(entries[3] | entries[4] << 76 if balances == 4 else entries[3])
        if debts:
            words.append(int(hash_all("cover", leaf["cover"])))
        tag = tag_of(f"account:p{positions}-b{balances}-d{debts}")
        assert leaf["words"] == list(map(str, words))
        assert leaf["leaf"] == str(hash_inputs([tag, holder, *words]))


def pack(numbers: list[str], widths: tuple[int, ...]) -> int:
    """Numbers side by side."""
    element = place = 0
    for number, bits in zip(numbers, widths, strict=True):
        element, place = element | int(number) << place, place + bits
    return element


def test_everything_else_is_the_plain_hash_of_its_parts() -> None:
    text = VECTORS["header"]["text"]
    assert VECTORS["header"]["hash"] == str(int(sha256(text.encode()).hexdigest()[:62], 16))
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text
    assert VECTORS["tables"]["hash"] == hash_all("tables", VECTORS["tables"]["elements"])
    assert json.loads(text)["tables"] == VECTORS["tables"]["hash"]
    assert VECTORS["sums"]["hash"] == hash_all("sums", VECTORS["sums"]["elements"])
    totals = VECTORS["totals"]
    columns = [number for name in ("owed6", "debts", "gaps6") for number in (*totals[name], "0")]
    assert totals["shown"] == hash_all("totals", columns)
    assert totals["hidden"] == hash_all("reserves", [*totals["reserves"], "0"])
    for state in VECTORS["running"]:
        numbers = [int(state[name]) for name in ("salt", "number", "lines", "rows")]
        assert state["hash"] == str(hash_inputs([tag_of("running"), *numbers]))
    assert VECTORS["beginning"] == VECTORS["running"][0]["hash"]


def test_the_challenge_and_its_inverses_follow() -> None:
    drawn = VECTORS["challenge"]
    inputs = VECTORS["header"]["hash"], drawn["root"], VECTORS["sums"]["hash"]
    assert drawn["challenge"] == str(hash_inputs([tag_of("challenge"), *map(int, inputs)]))
    assert drawn["mixer"] == str(hash_inputs([tag_of("mixer"), int(drawn["challenge"])]))
    challenge, mixer = int(drawn["challenge"]), int(drawn["mixer"])
    weight = int(VECTORS["tables"]["markets"][2][0])
    line = sum(int(number) * mixer ** (at + 1) for at, number in enumerate(VECTORS["tables"]["haircuts"][1][0]))
    price = int(VECTORS["tables"]["prices"][2])
    poles = {
        "balance_0": 1 << 12,
        "debt_2": (2 << 12) + 2,
        "counted_1": (3 << 12) + 1,
        "gap_1": (4 << 12) + 1,
        "market_2": (5 << 12) + 2 + mixer * weight,
        "haircut_1_0": (6 << 12) + 1 + line,
        "price_2": (7 << 12) + 2 + mixer * price,
    }
    for name, pole in poles.items():
        assert int(VECTORS["inverses"][name]) * (challenge - pole) % GROUP_ORDER == 1
