"""The attacks on what is restored: R10, X4 and L2; each test has the id of its threat."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from facts.log_head import LogHead, LogKey, verify_head
from facts.log_proof import verify_consistency
from margin.errors import MarginError, Reason
from tests.facts.refusals import refused
from tests.verifier.backups import SIGNER, Desk
from tests.verifier.claims import IDENTITY, TERMS, ask, prove
from verifier.backup import GivenUp
from verifier.log import sign_head
from verifier.witness import require_witnessed

KEY = LogKey(IDENTITY.origin, SIGNER.public_key)
SHRUNK, FORKED, UNWITNESSED = (
    (Reason.LOG_SHRUNK, "log"),
    (Reason.LOG_FORKED, "log"),
    (Reason.LOG_UNWITNESSED, "witness"),
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def is_empty(desk: Desk) -> bool:
    with desk.database.read() as transaction:
        return transaction.execute(desk.database.list_tables) == []


def note_of(desk: Desk) -> str:
    return (desk.folder / "witness").read_text(encoding="utf-8")


def losses_of(desk: Desk) -> list[dict[str, object]]:
    path = desk.folder / "witness.losses"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def outlive(desk: Desk) -> tuple[Path, LogHead]:
    """A copy of three entries of a store that had five when its disk failed; and the head of the five."""
    desk.accept(1, 2, 3)
    path = desk.back_up()
    desk.accept(4, 5)
    head = desk.ledger.head
    desk.lose()
    return path, head


# --- R10: a copy of yesterday --------------------------------------------------------------------------


def test_r10_a_copy_that_is_older_than_the_witness_is_refused(desk: Desk) -> None:
    path, _ = outlive(desk)
    note = note_of(desk)
    assert refused(desk.restore, path) == SHRUNK
    assert is_empty(desk)
    assert note_of(desk) == note
    assert losses_of(desk) == []


def test_r10_a_copy_of_the_last_entry_is_restored_and_revives_nothing(desk: Desk) -> None:
    desk.accept(1, 2, 3)
    path = desk.back_up()
    desk.lose()
    desk.restore(path)
    require_witnessed(desk.ledger, desk.witness.file(IDENTITY.origin))
    assert refused(desk.ledger.accept, ask(), prove(3, tag=9), TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")
    assert losses_of(desk) == []


@pytest.mark.parametrize("given_up", [0, 1, 3, 5, -2, None])
def test_r10_a_loss_is_given_up_by_its_number_or_not_at_all(desk: Desk, given_up: int | None) -> None:
    path, _ = outlive(desk)
    note = note_of(desk)
    assert refused(desk.restore, path, GivenUp(given_up)) == SHRUNK
    assert is_empty(desk)
    assert note_of(desk) == note
    assert losses_of(desk) == []


def test_r10_a_loss_that_is_given_up_is_written_down(desk: Desk) -> None:
    """With the signed head of what there was: nobody can say later that there had been no more."""
    path, head = outlive(desk)
    note = note_of(desk)
    desk.restore(path, GivenUp(2))
    (loss,) = losses_of(desk)
    assert (loss["lost_entries"], loss["restored_size"], loss["given_up"]) == (2, 3, note)
    assert verify_head(str(loss["given_up"]), KEY).head == head
    assert verify_head(note_of(desk), KEY).head.size == 3
    require_witnessed(desk.ledger, desk.witness.file(IDENTITY.origin))


def test_r10_a_second_loss_is_written_below_the_first(desk: Desk) -> None:
    path, _ = outlive(desk)
    desk.restore(path, GivenUp(2))
    desk.accept(6)
    desk.lose()
    assert refused(desk.restore, path) == SHRUNK
    desk.restore(path, GivenUp(1))
    assert [loss["lost_entries"] for loss in losses_of(desk)] == [2, 1]


@pytest.mark.parametrize("given_up", [None, GivenUp(None), GivenUp(2), GivenUp(0)])
def test_r10_another_history_is_never_restored(desk: Desk, tmp_path: Path, given_up: GivenUp | None) -> None:
    """Whatever anybody says: a copy that was served from elsewhere, or that somebody wrote."""
    other = Desk(tmp_path / "other")
    other.accept(101, 102, 103, 104, 105)
    path = other.back_up()
    desk.accept(1, 2, 3)
    desk.lose()
    assert refused(desk.restore, path, given_up) == FORKED
    assert is_empty(desk)


def test_r10_a_copy_without_a_witness_is_refused(desk: Desk) -> None:
    path, _ = outlive(desk)
    (desk.folder / "witness").unlink()
    assert refused(desk.restore, path) == UNWITNESSED
    assert refused(desk.restore, path, GivenUp(2)) == UNWITNESSED
    assert is_empty(desk)
    desk.restore(path, GivenUp(None))
    (loss,) = losses_of(desk)
    assert (loss["lost_entries"], loss["given_up"]) == (None, None)
    require_witnessed(desk.ledger, desk.witness.file(IDENTITY.origin))


def test_r10_nothing_is_given_up_where_nothing_is_lost(desk: Desk) -> None:
    desk.accept(1)
    path = desk.back_up()
    desk.lose()
    assert refused(desk.restore, path, GivenUp(0)) == (Reason.NOT_APPLICABLE, "given_up")
    assert is_empty(desk)


def test_r10_a_store_that_is_older_than_its_witness_is_not_copied(desk: Desk) -> None:
    path, _ = outlive(desk)
    desk.restore(path, GivenUp(2))
    (desk.folder / "witness").write_text(str(losses_of(desk)[0]["given_up"]))
    assert refused(desk.back_up, "another") == SHRUNK
    (desk.folder / "witness").unlink()
    assert refused(desk.back_up, "another") == UNWITNESSED
    assert not (desk.folder / "another").exists()


def test_r10_what_was_not_written_down_was_not_given_up(desk: Desk) -> None:
    path, _ = outlive(desk)
    (desk.folder / "witness.losses").mkdir()
    assert refused(desk.restore, path, GivenUp(2)) == (Reason.STORE_UNAVAILABLE, "witness")
    assert is_empty(desk)
    assert verify_head(note_of(desk), KEY).head.size == 5


# --- R10: a copy that somebody has altered --------------------------------------------------------------


Rows = list[str]


def rewrite(path: Path, alter: Callable[[Rows], Rows]) -> None:
    """Alter a copy and seal it again, as anybody can who may write it."""
    rows = alter(path.read_text(encoding="utf-8").splitlines()[:-1])
    data = "".join(f"{row}\n" for row in rows).encode()
    end = {"lines": len(rows) - 1, "sha256": hashlib.sha256(data).hexdigest()}
    path.write_bytes(data + json.dumps(end, separators=(",", ":")).encode() + b"\n")


def behind(rows: Rows, table: str) -> int:
    """The number of the first row of a table."""
    return 1 + next(number for number, row in enumerate(rows) if row.startswith(f'{{"table":"{table}"'))


def without_first(table: str) -> Callable[[Rows], Rows]:
    def alter(rows: Rows) -> Rows:
        place = behind(rows, table)
        return rows[:place] + rows[place + 1 :]

    return alter


def with_head(**changes: object) -> Callable[[Rows], Rows]:
    def alter(rows: Rows) -> Rows:
        return [json.dumps({**json.loads(rows[0]), **changes}, separators=(",", ":")), *rows[1:]]

    return alter


def with_value(table: str, column: int, value: object) -> Callable[[Rows], Rows]:
    def alter(rows: Rows) -> Rows:
        place = behind(rows, table)
        row = json.loads(rows[place])
        row[column] = value
        return [*rows[:place], json.dumps(row, separators=(",", ":")), *rows[place + 1 :]]

    return alter


def test_r10_a_copy_that_is_sealed_again_unaltered_is_taken(desk: Desk) -> None:
    desk.accept(1, 2, 3)
    path = desk.back_up()
    rewrite(path, lambda rows: rows)
    desk.lose()
    assert desk.restore(path).head.size == 3


@pytest.mark.parametrize(
    "alter",
    [
        *(without_first(table) for table in ("nullifier", "acceptance", "claim", "change", "log_leaf", "log_node")),
        with_value("nullifier", 0, {"hex": "00" * 31 + "63"}),
        with_value("nullifier", 0, {"hex": "00" * 31}),
        with_value("nullifier", 0, "text"),
        with_value("nullifier", 0, None),
        with_value("nullifier", 0, 1 << 80),
        with_value("nullifier", 0, 1.5),
        with_value("nullifier", 0, value=True),
        with_value("nullifier", 0, {"hex": "zz"}),
        with_value("nullifier", 0, {"hex": "00", "or": 1}),
        with_value("nullifier", 2, 7),
        with_value("acceptance", 13, 3),
        with_value("log_leaf", 1, {"hex": "00"}),
        with_value("log_node", 2, {"hex": "11" * 32}),
        lambda rows: [*rows[:2], "[]", *rows[2:]],
        lambda rows: [*rows[:2], "{", *rows[2:]],
        lambda rows: [*rows, '{"table":"intruder","columns":["one"]}', "[1]"],
        lambda rows: [*rows[:1], rows[1].replace("place", "place); DROP TABLE log_leaf; --"), *rows[2:]],
        with_head(size=2),
        with_head(origin="another.example/log"),
        with_head(version=1),
        with_head(version=99),
        with_head(witness=""),
        with_head(witness="a note"),
    ],
)
def test_r10_a_copy_that_was_altered_is_refused(desk: Desk, alter: Callable[[Rows], Rows]) -> None:
    """The checksum is against accidents; against somebody there is the log, from which the rows follow."""
    desk.accept(1, 2, 3)
    path = desk.back_up()
    rewrite(path, alter)
    desk.lose()
    with pytest.raises(MarginError):
        desk.restore(path)
    assert is_empty(desk)


def test_r10_a_copy_for_another_registry_is_not_served_from(desk: Desk) -> None:
    """The domain stands in no entry but as a part of hashes; the configuration of a server names its own."""
    desk.accept(1)
    path = desk.back_up()
    rewrite(path, with_head(domain="another.example"))
    desk.lose()
    desk.restore(path)
    assert refused(lambda: desk.ledger) == (Reason.WRONG_CONTEXT, "store")


def test_x4_every_byte_of_a_copy_counts(desk: Desk) -> None:
    """Altered, left out or put in: it is no copy any more, and nothing else happens."""
    desk.accept(1)
    path = desk.back_up()
    whole = path.read_bytes()
    desk.lose()
    for place in range(0, len(whole), 11):
        before, byte, behind = whole[:place], whole[place], whole[place + 1 :]
        for altered in (bytes([byte ^ 1 << place % 8]), b"", bytes([byte, byte])):
            path.write_bytes(before + altered + behind)
            with pytest.raises(MarginError):
                desk.restore(path)
    assert is_empty(desk)
    path.write_bytes(whole)
    assert desk.restore(path).head.size == 1


# --- L2: the log of those who have seen more --------------------------------------------------------------


def test_l2_after_a_restoration_without_loss_the_log_goes_on(desk: Desk) -> None:
    desk.accept(1, 2, 3)
    pinned = desk.ledger.head
    path = desk.back_up()
    desk.lose()
    desk.restore(path)
    desk.accept(4, 5)
    ledger = desk.ledger
    proof = ledger.consistency_proof(pinned.size, ledger.head.size)
    verify_consistency(pinned.size, ledger.head.size, pinned.root, ledger.head.root, proof)


def test_l2_whoever_kept_a_later_head_refuses_the_log_for_ever(desk: Desk) -> None:
    """An operator may give entries up; those who have seen them do not."""
    path, pinned = outlive(desk)
    desk.restore(path, GivenUp(2))
    assert refused(desk.ledger.consistency_proof, pinned.size, pinned.size) == (Reason.OUT_OF_BOUNDS, "size")
    desk.accept(*range(11, 20))
    ledger = desk.ledger
    head = ledger.head
    assert head.size > pinned.size
    proof = ledger.consistency_proof(pinned.size, head.size)
    with pytest.raises(MarginError):
        verify_consistency(pinned.size, head.size, pinned.root, head.root, proof)
    assert ledger.root_at(pinned.size) != pinned.root


def test_l2_a_process_that_saw_more_refuses_what_was_restored_under_it(desk: Desk) -> None:
    desk.accept(1, 2, 3)
    path = desk.back_up()
    desk.accept(4, 5)
    running = desk.ledger
    assert running.head.size == 5
    desk.lose()
    running._database = desk.database  # noqa: SLF001 - it reconnects to what is there now
    desk.restore(path, GivenUp(2))
    assert refused(running.accept, ask(), prove(6, tag=6), TERMS) == SHRUNK


def test_l2_another_witness_keeps_what_was_given_up(desk: Desk) -> None:
    """A copy of the witness that is out of the operator's reach is what makes a loss known."""
    path, head = outlive(desk)
    note = note_of(desk)
    desk.restore(path, GivenUp(2))
    desk.accept(*range(11, 16))
    away = desk.folder / "away"
    away.write_text(note)
    elsewhere = type(desk.witness)(away, (SIGNER.public_key,)).file(IDENTITY.origin)
    assert refused(require_witnessed, desk.ledger, elsewhere) == FORKED
    assert refused(elsewhere.advance, sign_head(desk.ledger.head, SIGNER), desk.ledger) == FORKED
    assert verify_head(note, KEY).head == head
