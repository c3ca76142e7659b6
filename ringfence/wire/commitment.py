"""What a commitment made public, and what opens it: the second is for the position's owner alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from facts.commitments import CommittedPosition, PositionKind, commit_position
from facts.tags import Tag
from margin.bounds import MAX_HOLDINGS, MONEY_BITS
from margin.errors import MalformedError, Reason
from ringfence.v1 import prover_service_pb2
from ringfence.wire.elements import (
    join,
    read_amount,
    read_choice,
    read_count,
    read_field_element,
    read_text,
    write_amount,
    write_field_element,
)

POSITION_KINDS: Final[Mapping[prover_service_pb2.PositionKind, PositionKind]] = MappingProxyType(
    {
        prover_service_pb2.POSITION_KIND_PERP: Tag.POSITION_PERP,
        prover_service_pb2.POSITION_KIND_STRUCTURE: Tag.POSITION_STRUCTURE,
        prover_service_pb2.POSITION_KIND_PORTFOLIO: Tag.POSITION_PORTFOLIO,
    }
)
POSITION_KIND_NUMBERS: Final = MappingProxyType({kind: number for number, kind in POSITION_KINDS.items()})
MOST_CASH: Final = 2**MONEY_BITS - 1


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Whom an escrow has to write down as the owner of a lock."""

    asset: str = field(repr=False)
    lock_owner: int


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What a commitment made public."""

    commitment: int
    position_tag: int
    lock_owners: tuple[LockOwner, ...]


def read_commitment(message: prover_service_pb2.CommitResponse) -> CommitmentReport:
    """What a commitment made public."""
    read_count(message.lock_owners, "lock_owners", 0, MAX_HOLDINGS)
    return CommitmentReport(
        commitment=read_field_element(message.commitment, "commitment"),
        position_tag=read_field_element(message.position_tag, "position_tag"),
        lock_owners=tuple(
            read_lock_owner(each, f"lock_owners[{place}]") for place, each in enumerate(message.lock_owners)
        ),
    )


def write_commitment(report: CommitmentReport) -> prover_service_pb2.CommitResponse:
    """What a commitment made public, as a message."""
    return prover_service_pb2.CommitResponse(
        commitment=write_field_element(report.commitment),
        position_tag=write_field_element(report.position_tag),
        lock_owners=[
            prover_service_pb2.LockOwner(asset=each.asset, lock_owner=write_field_element(each.lock_owner))
            for each in report.lock_owners
        ],
    )


def read_lock_owner(message: prover_service_pb2.LockOwner, field: str) -> LockOwner:
    """The owner of a lock that is to be made."""
    asset = read_text(message.asset, join(field, "asset"))
    return LockOwner(asset, read_field_element(message.lock_owner, join(field, "lock_owner")))


def read_opening(message: prover_service_pb2.OpenCommitmentResponse) -> CommittedPosition:
    """What opens a commitment, and does."""
    position = CommittedPosition(
        kind=read_choice(message.kind, POSITION_KINDS, "kind"),
        owner=read_field_element(message.owner, "owner"),
        position_id=read_field_element(message.position_id, "position_id", may_be_zero=True),
        body=read_field_element(message.body, "body"),
        cash=read_amount(message.cash, "cash", -MOST_CASH, MOST_CASH),
        salt=read_field_element(message.salt, "salt", may_be_zero=True),
    )
    if read_field_element(message.commitment, "commitment") != commit_position(position):
        expected = "the commitment to what opens it"
        raise MalformedError(Reason.CONFLICTING_FIELDS, "commitment", found="another one", expected=expected)
    return position


def write_opening(position: CommittedPosition) -> prover_service_pb2.OpenCommitmentResponse:
    """What opens a commitment, as a message."""
    return prover_service_pb2.OpenCommitmentResponse(
        commitment=write_field_element(commit_position(position)),
        kind=POSITION_KIND_NUMBERS[position.kind],
        owner=write_field_element(position.owner),
        position_id=write_field_element(position.position_id),
        body=write_field_element(position.body),
        cash=write_amount(position.cash),
        salt=write_field_element(position.salt),
    )
