"""Positions of a wallet change by a document; what opens their new leaves is kept until the book shows which stands."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.transition import Transition
from facts.book_change import Opening
from facts.book_root import BOOK_LEVELS
from facts.commitments import commit_position
from facts.demand import Demand, read_demand
from facts.packing import PERP_BODY
from facts.stored_tree.keeper import TreeKeeper
from facts.transition import StatedTransition, derive_absent_nullifier, derive_birth
from margin.documents.reading import parse_json, parse_toml
from margin.errors import MalformedError, MarginError, MisuseError, Reason
from prover.commitment import top_up
from prover.development import DEMAND_TEXT, commit_for_development
from prover.perpetual import Perpetual
from prover.place import Where
from prover.publication import Publication
from prover.request import read_kept_request, read_request
from prover.succession import find_standing
from prover.transition import Plan, Planner
from prover.transition_document import WrittenChange, read_changes
from prover.wallet import MOST_SUCCESSORS, KeptPosition, Secrets, Standing, read_secrets, render_secrets
from tests.prover.proofs import document

OWNER = Secrets()
UNIT = 10**6


def demand() -> Demand:
    return read_demand(parse_toml(DEMAND_TEXT.encode()))


WHERE = Where(demand().domain, demand().binding)


@pytest.fixture(scope="module")
def book() -> tuple[dict[str, KeptPosition], Publication]:
    """Two positions that were committed, and the facts in which they stand."""
    kept, published = dict[str, KeptPosition](), Publication(list(range(1, 20)))
    for name, content in {"one": document(cash="3000"), "two": document(cash="9000", size="2")}.items():
        text = json.dumps(content)
        made, published = commit_for_development(read_request(parse_json(text), None), OWNER, published, demand())
        kept[name] = replace(made, document=text)
    return kept, published


def write(*changes: Mapping[str, object]) -> tuple[WrittenChange, ...]:
    return read_changes({"format": "ringfence.transition/1", "changes": [dict(each) for each in changes]})


def plan(book: tuple[Mapping[str, KeptPosition], Publication], *changes: Mapping[str, object]) -> Plan:
    kept, published = book
    return Planner(OWNER, kept, published, WHERE).plan(write(*changes))


def prove(made: Plan) -> None:
    """All rules of the statement hold; no key is needed to see that."""
    Transition().define(Builder(IntegerEngine(made.inputs)))


def applied(published: Publication, made: Plan) -> Publication:
    """The book after a venue has put the new leaves in the place of the old ones."""
    made.book_change.require_applied(made.witness.public_inputs().nullifiers, made.witness.stated().leaves)
    return Publication(made.book_change.succeed(published.leaves), published.facts, published.chains)


def stands(made: Plan, published: Publication, name: str = "one") -> KeptPosition:
    return find_standing(made.kept[name], applied(published, made))


def position_of(kept: KeptPosition) -> Any:  # noqa: ANN401 - a position of the rules of margin
    subject = read_kept_request(kept).subject
    assert isinstance(subject, Perpetual)
    return subject.position


OF_ONE: dict[str, tuple[Mapping[str, object], int, int]] = {
    "top up": ({"position": "one", "change": "top_up", "amount": "200"}, 0, 200 * UNIT),
    "withdraw": ({"position": "one", "change": "withdraw", "amount": "100"}, 0, -100 * UNIT),
    "settle": ({"position": "one", "change": "settle"}, 0, 0),
    "increase": ({"position": "one", "change": "increase", "size": "0.5", "amount": "2000"}, 500, 2000 * UNIT),
    "close some": ({"position": "one", "change": "close", "size": "0.5", "amount": "10"}, -500, -10 * UNIT),
    "close some for a fee": ({"position": "one", "change": "close", "size": "0.5", "fee": "99"}, -500, 0),
}


@pytest.mark.parametrize("name", OF_ONE)
def test_one_position_changes(book: tuple[dict[str, KeptPosition], Publication], name: str) -> None:
    written, lots, brought = OF_ONE[name]
    made = plan(book, written)
    prove(made)
    before, after = position_of(book[0]["one"]), position_of(stands(made, book[1]))
    assert after.size == before.size + lots * before.size // 1000
    flows = made.witness.stated().flows
    assert flows.paid_in - flows.paid_out == brought
    assert before.cash + brought == after.cash + flows.fees + flows.settled
    assert after.side is before.side
    kept = stands(made, book[1])
    assert kept.standing is Standing.CHANGED
    assert kept.successors == ()
    assert kept.committed.position_id == book[0]["one"].committed.position_id
    assert kept.committed.salt != book[0]["one"].committed.salt


def test_a_position_is_closed_whole(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(book, {"position": "one", "change": "close_all"})
    prove(made)
    kept = stands(made, book[1])
    assert kept.standing is Standing.CLOSED
    with pytest.raises(MisuseError) as error:
        read_kept_request(kept)
    assert error.value.reason is Reason.WRONG_STATE
    with pytest.raises(MisuseError):
        plan(({"one": kept}, applied(book[1], made)), {"position": "one", "change": "settle"})


def test_two_positions_change_at_once(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(
        book,
        {"position": "one", "change": "top_up", "amount": "200"},
        {"position": "two", "change": "close", "size": "1", "amount": "50"},
    )
    prove(made)
    assert made.witness.stated().flows.paid_in == 150 * UNIT
    assert set(made.kept) == {"one", "two"}
    assert len(made.book_change.leaves) == 2


def test_collateral_moves_from_one_silo_to_the_other(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(book, {"position": "two", "change": "move", "to": "one", "amount": "75"})
    prove(made)
    flows = made.witness.stated().flows
    assert (flows.paid_in, flows.paid_out) == (0, 0)
    for name, sign in (("one", 1), ("two", -1)):
        before, after = position_of(book[0][name]), position_of(stands(made, book[1], name))
        settled = before.cash + sign * 75 * UNIT - after.cash
        assert 0 <= settled <= 2


def test_a_position_is_opened_and_tried_again(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    kept, published = book
    written = {"position": "three", "change": "open", "document": document(cash="4000", size="1")}
    first = plan(book, written)
    prove(first)
    tried = first.kept["three"]
    assert tried.standing is Standing.OPENING
    assert find_standing(tried, published) == tried
    again = plan(({**kept, "three": tried}, published), written)
    prove(again)
    birth = derive_birth(OWNER.key, tried.committed.position_id)
    assert again.witness.public_inputs().nullifiers[2] == first.witness.public_inputs().nullifiers[2] == birth
    for made in (again, first):
        found = find_standing(again.kept["three"], applied(published, made))
        assert found.standing is Standing.CHANGED
        assert commit_position(found.committed) == made.witness.stated().leaves[0]
        assert found.successors == ()
    with pytest.raises(MisuseError) as error:
        plan(({**kept, "three": again.kept["three"]}, applied(published, again)), written)
    assert error.value.reason is Reason.DUPLICATE_FIELD


def test_a_position_goes_on_from_where_it_is(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    """Changed twice, the second time from the leaf that the book shows."""
    first = plan(book, {"position": "one", "change": "close", "size": "0.5"})
    published = applied(book[1], first)
    second = plan((first.kept, published), {"position": "one", "change": "withdraw", "amount": "1"})
    prove(second)
    (change,) = second.book_change.leaves
    assert change.before == Opening(first.witness.stated().leaves[0], first.kept["one"].successors[0].salt)
    after = stands(second, published)
    assert PERP_BODY.decode(after.committed.body)["size"] == position_of(book[0]["one"]).size // 2


def test_what_is_spent_is_what_a_venue_computes_from_the_opening(
    book: tuple[dict[str, KeptPosition], Publication],
) -> None:
    made = plan(book, {"position": "one", "change": "settle"})
    (change,) = made.book_change.leaves
    assert change.before is not None
    nullifiers = made.witness.public_inputs().nullifiers
    assert change.before.leaf == commit_position(book[0]["one"].committed)
    assert change.before.nullifier == nullifiers[0]
    assert nullifiers[1] == derive_absent_nullifier(made.witness.places[1].salt)


# --- Old and new ---------------------------------------------------------------------------------------


def test_old_and_new_are_kept_until_the_book_shows_one(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    kept, published = dict(book[0]), book[1]
    plans = []
    for amount in ("1", "2", "3"):
        plans.append(plan((kept, published), {"position": "one", "change": "top_up", "amount": amount}))
        kept |= plans[-1].kept
    assert len(kept["one"].successors) == 3
    assert find_standing(kept["one"], published) == kept["one"]
    secrets = Secrets(OWNER.key, kept)
    assert read_secrets(parse_json(render_secrets(secrets))) == secrets
    nowhere = Publication([1, 2, 3], published.facts)
    assert find_standing(kept["one"], nowhere) == kept["one"], "a book of nothing decides nothing"
    for made in plans:
        found = find_standing(kept["one"], applied(published, made))
        assert commit_position(found.committed) == made.witness.stated().leaves[0]
        assert found.successors == ()
        assert position_of(found).cash == position_of(stands(made, published)).cash


def test_a_stored_book_shows_which_of_its_leaves_stands(
    book: tuple[dict[str, KeptPosition], Publication], tmp_path: Path
) -> None:
    made = plan(book, {"position": "one", "change": "settle"})
    old, (new, *_) = commit_position(book[0]["one"].committed), made.witness.stated().leaves
    with TreeKeeper.create(tmp_path / "book", BOOK_LEVELS) as keeper:
        for leaf in (7, old):
            keeper.update({9_999: leaf})
            assert find_standing(made.kept["one"], Publication(stored_book=keeper.newest)) == made.kept["one"]
        keeper.update({9_999: new})
        found = find_standing(made.kept["one"], Publication(stored_book=keeper.newest))
        assert (commit_position(found.committed), found.successors) == (new, ())


def test_no_more_successors_than_a_wallet_keeps(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(book, {"position": "one", "change": "settle"})
    full = replace(made.kept["one"], successors=made.kept["one"].successors * MOST_SUCCESSORS)
    with pytest.raises(MisuseError) as error:
        plan(({"one": full}, book[1]), {"position": "one", "change": "settle"})
    assert error.value.reason is Reason.WRONG_COUNT


def test_locks_are_added_to_a_position_that_changed(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    """The document says what it was; the position is what its commitment says, and a further lock changes neither."""
    made = plan(book, {"position": "one", "change": "top_up", "amount": "200"})
    kept = stands(made, book[1])
    content = document(cash="3000", basket=[{"asset": "WBTC", "amount": "0.01"}])
    content["prices"]["assets"] = {"WBTC": {"price": "60000"}}
    more = top_up(kept, read_request(content, None), OWNER, 7)
    assert more is not None
    assert more.committed == kept.committed
    assert len(more.awaited) == 1


# --- What is no change ---------------------------------------------------------------------------------


def test_a_withdrawal_that_leaves_too_little_breaks_a_rule(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(book, {"position": "one", "change": "withdraw", "amount": "2900"})
    with pytest.raises(BrokenRuleError):
        prove(made)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([], Reason.WRONG_COUNT),
        ([{"position": "one", "change": "settle"}] * 2, Reason.DUPLICATE_FIELD),
        ([{"position": "one", "change": "settle"}] * 3, Reason.WRONG_COUNT),
        ([{"position": "one", "change": "move", "to": "one", "amount": "1"}], Reason.DUPLICATE_FIELD),
        (
            [{"position": "one", "change": "move", "to": "two", "amount": "1"}, {"position": "x", "change": "settle"}],
            Reason.WRONG_COUNT,
        ),
        ([{"position": "one", "change": "give"}], Reason.NOT_A_CHOICE),
        ([{"position": "one", "change": "top_up"}], Reason.MISSING_FIELD),
        ([{"position": "one", "change": "top_up", "amount": "0"}], Reason.OUT_OF_BOUNDS),
        ([{"position": "one", "change": "top_up", "amount": "-1"}], Reason.OUT_OF_BOUNDS),
        ([{"position": "one", "change": "close", "size": "1", "amount": "-1"}], Reason.OUT_OF_BOUNDS),
        ([{"position": "one", "change": "settle", "amount": "1"}], Reason.UNKNOWN_FIELD),
        ([{"position": "one", "change": "top_up", "amount": "1", "fee": "1"}], Reason.UNKNOWN_FIELD),
        ([{"position": "one", "change": "open"}], Reason.MISSING_FIELD),
        ([{"position": "", "change": "settle"}], Reason.NOT_A_STRING),
    ],
)
def test_documents_that_say_no_change(changes: list[Mapping[str, object]], reason: Reason) -> None:
    with pytest.raises(MarginError) as error:
        write(*changes)
    assert error.value.reason is reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"position": "nobody", "change": "settle"}, Reason.NOT_IN_TREE),
        ({"position": "one", "change": "top_up", "amount": "0.0000001"}, Reason.NOT_ON_GRID),
        ({"position": "one", "change": "close", "size": "1"}, Reason.OUT_OF_BOUNDS),
        ({"position": "one", "change": "close", "size": "7"}, Reason.OUT_OF_BOUNDS),
        ({"position": "one", "change": "open", "document": document()}, Reason.DUPLICATE_FIELD),
        ({"position": "new", "change": "open", "document": "long-btc.json"}, Reason.NOT_APPLICABLE),
    ],
)
def test_changes_that_cannot_be(
    book: tuple[dict[str, KeptPosition], Publication], change: Mapping[str, object], reason: Reason
) -> None:
    with pytest.raises(MarginError) as error:
        plan(book, change)
    assert error.value.reason is reason


def test_another_format_is_refused() -> None:
    with pytest.raises(MalformedError):
        read_changes({"format": "ringfence.transition/2", "changes": [{"position": "one", "change": "settle"}]})


def test_nothing_of_a_plan_is_shown(book: tuple[dict[str, KeptPosition], Publication]) -> None:
    made = plan(book, {"position": "one", "change": "withdraw", "amount": "123.456789"})
    told = repr(made) + repr(made.kept) + repr(write({"position": "one", "change": "withdraw", "amount": "123.456789"}))
    assert "123456789" not in told
    assert "one" not in repr(made)
    assert str(OWNER.key) not in told
    assert isinstance(made.demand.policy, StatedTransition)
