"""A position gets further locks and stays the position that it was; a proof counts the locks that it is told."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.commitments import commit_position
from facts.demand import Demand, read_demand
from margin.documents.reading import parse_toml
from margin.errors import MisuseError, Reason
from prover.commitment import commit_request, count_locks, find_locks, top_up
from prover.config import Proving
from prover.development import DEMAND_TEXT, commit_for_development, publish_for_development
from prover.publication import Publication, read_publication
from prover.request import Request, read_request
from prover.wallet import KeptPosition, Secrets, read_secrets, render_secrets
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.wire.claim import read_claim
from ringfence.wire.commitment import read_commitment
from tests.packaging.sources import REPOSITORY
from tests.prover.farm import serving_farm, settings_of
from tests.prover.test_service import reason_of

SERVICES = REPOSITORY / "examples" / "services"
OWNER = Secrets()


def content_of(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SERVICES / f"{name}.json").read_text())
    return content


def request_of(name: str) -> Request:
    return read_request(content_of(name), None)


def demand() -> Demand:
    return read_demand(parse_toml(DEMAND_TEXT.encode()))


@pytest.fixture(scope="module")
def first() -> tuple[KeptPosition, Publication]:
    return commit_for_development(request_of("bob"), OWNER, Publication(), demand())


def test_the_position_stays_and_each_new_lock_has_an_owner_of_its_own(first: tuple[KeptPosition, Publication]) -> None:
    kept, published = first
    more, after = commit_for_development(request_of("bob-more"), OWNER, published, demand(), kept)
    assert more.committed == kept.committed
    assert more.locks[:1] == kept.locks
    assert len(set(more.lock_owners)) == 2
    assert more.amounts == [200_000_000, 300 * 10**18]
    assert list(after.leaves) == list(published.leaves)
    assert commit_position(more.committed) in after.leaves
    assert set(map(repr, published.facts)) < set(map(repr, after.facts)), "the new asset, and no price anew"
    assert publish_for_development(request_of("bob-more"), more, after) is after


def test_a_price_of_now_is_not_turned_back_by_a_top_up(first: tuple[KeptPosition, Publication]) -> None:
    kept, published = first
    content = content_of("bob-more")
    content["position"]["prices"]["mark"] = "61000"
    _, after = commit_for_development(read_request(content, None), OWNER, published, demand(), kept)
    assert set(map(repr, published.facts)) < set(map(repr, after.facts))


def test_locks_that_are_found_stand_before_those_that_are_awaited(first: tuple[KeptPosition, Publication]) -> None:
    kept, published = first
    awaiting = top_up(kept, request_of("bob-more"), OWNER, demand().domain_element)
    assert awaiting is not None
    assert (len(awaiting.locks), len(awaiting.awaited)) == (1, 1)
    secrets = Secrets(OWNER.key, {"bob": awaiting})
    assert read_secrets(json.loads(render_secrets(secrets))).positions["bob"] == awaiting
    with pytest.raises(MisuseError) as missing:
        find_locks(awaiting, published)
    assert missing.value.reason is Reason.NOT_IN_TREE
    found = find_locks(awaiting, publish_for_development(request_of("bob-more"), awaiting, published))
    assert found.locks[:1] == kept.locks
    assert (len(found.locks), found.awaited) == (2, ())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("position", "position", "cash"), "101"),
        (("position", "position", "size"), "0.2"),
        (("position", "position", "basket", 0, "amount"), "201"),
        (("locks", "USDC", "chain_id"), 31337),
        (("locks", "USDC", "asset"), "eip155:1/erc20:0x00"),
    ],
)
def test_another_position_is_no_top_up(
    path: tuple[str | int, ...], value: object, first: tuple[KeptPosition, Publication]
) -> None:
    content: Any = content_of("bob-more")
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert top_up(first[0], read_request(content, None), OWNER, demand().domain_element) is None


def test_nothing_further_and_another_order_are_no_top_up(first: tuple[KeptPosition, Publication]) -> None:
    kept, published = first
    with pytest.raises(MisuseError) as refused:
        commit_for_development(request_of("bob"), OWNER, published, demand(), kept)
    assert refused.value.reason is Reason.DUPLICATE_FIELD
    content = content_of("bob-more")
    content["position"]["position"]["basket"].reverse()
    assert top_up(kept, read_request(content, None), OWNER, demand().domain_element) is None


def test_locks_count_that_are_named_or_the_first_ones(first: tuple[KeptPosition, Publication]) -> None:
    kept, published = first
    both, _ = commit_for_development(request_of("bob-more"), OWNER, published, demand(), kept)
    assert count_locks(both, (), 2) == both
    assert count_locks(both, (), 0).locks == ()
    assert count_locks(both, (), 1).locks == both.locks[:1]
    assert count_locks(both, (1,), 1).locks == both.locks[1:]
    assert count_locks(both, (1, 0), 2).locks == both.locks[::-1]
    for places in ((2,), (-1,), (0, 0)):
        with pytest.raises(MisuseError):
            count_locks(both, places, 1)
    alone = commit_request(request_of("bob"), OWNER, demand().domain_element)
    assert replace(alone, awaited=()).amounts == []


@pytest.mark.native
def test_a_prover_that_serves_is_asked_for_all_of_it(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, proving=Proving(development=("perp-k0", "perp-k1"), threads=1))
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        committed = read_commitment(caller.commit("bob", content_of("bob")))
        assert reason_of(lambda: caller.commit("bob", content_of("bob")))[0] == "NAME_TAKEN"
        assert reason_of(lambda: caller.commit("bob", content_of("alice") | {"name": "bob"}))[0] == "NAME_TAKEN"
        more = read_commitment(caller.commit("bob", content_of("bob-more")))
        assert (more.position_tag, more.commitment) == (committed.position_tag, committed.commitment)
        assert [each.asset for each in more.lock_owners] == ["USDC", "DAI"]
        assert more.lock_owners[:1] == committed.lock_owners
        assert more.commitment in read_publication(farm.folder / "facts").leaves
        claims = [
            read_claim(caller.prove("bob", **asked).claim).inputs
            for asked in ({"locks": [0]}, {"locks": [1]}, {"statement": "perp-k1"}, {"statement": "perp-k0"})
        ]
        counted = [each.nullifiers for each in claims]
        assert counted[0] == counted[2] != counted[1]
        assert counted[3] == ()
        assert {each.position_tag for each in claims} == {committed.position_tag}
        for locks in ([2], [0, 0], [0, 1, 2, 3, 4]):
            assert reason_of(lambda locks=locks: caller.create("bob", locks=locks))[0] in {"NOT_IN_TREE", "WRONG_COUNT"}  # type: ignore[misc]
        assert reason_of(lambda: caller.create("bob"))[0] == "NOT_APPLICABLE", "no statement of two locks is served"
        assert caller.create("bob", locks=[1]).state != wire.OPERATION_STATE_UNSPECIFIED
