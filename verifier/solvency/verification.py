"""Everything that an auditor asks of a published run, one step after the other.

    1  header       in its one spelling, and of a shape that there can be
    2  tables       made of leaves that are under the header's price root
    3  round        that root is the one that the oracle's committee signed
    4  batches      as many as the header says, each beginning where the one before it ended
    5  challenge    drawn from the header, the root over all batches and the sums
    6  total        in the mode of the header, and of these totals or reserves
    7  proofs       all of them at once, under keys that are allowed
    8  reserves     signed by attesters that are trusted, each place once, and enough for what is owed of every asset

A step that was not asked for (no committee, no attesters) is not passed: it says so.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from facts.committee import Committee, verify_signed
from facts.solvency.batch_tree import BatchTree
from facts.solvency.challenge import Challenge, draw_challenge
from facts.solvency.header import Header
from facts.solvency.marks import require_tables
from facts.solvency.published import BATCHES, ROUND, TOTAL, BatchLine, TotalDocument, name_total
from facts.solvency.reserves import add_reserves
from facts.solvency.running import BEGINNING, commit_running
from facts.solvency.totals import Totals, commit_reserves, require_reserves
from margin.errors import MarginError, MisuseError, Reason, RejectedError
from snark.bn254.threads import require_threads
from snark.groth16.batch import MAX_CLAIMS, BatchRejectedError, Claim, verify_batch
from snark.groth16.formats.calldata import decode_proof
from snark.groth16.keys import VerifyingKey
from verifier.allow_list import AllowList, Proves
from verifier.solvency.directory import Directory

DAY_SECONDS: Final = 86400


class Step(IntEnum):
    """What is asked of a run."""

    HEADER = 1
    TABLES = 2
    ROUND = 3
    BATCHES = 4
    CHALLENGE = 5
    TOTAL = 6
    PROOFS = 7
    RESERVES = 8


class RefusedError(RejectedError):
    """A step said no; its number and name stand in front of the field."""

    def __init__(self, step: Step, refusal: MarginError) -> None:
        self.step = step
        name = f"step {step.value} {step.name.lower()}"
        field_name = f"{name}.{refusal.field}" if refusal.field else name
        super().__init__(refusal.reason, field_name, found=refusal.found, expected=refusal.expected)

    def under(self, parent: str) -> MarginError:
        """The same error seen from one level further out, where steps have no numbers."""
        return RejectedError(self.reason, f"{parent}.{self.field}", found=self.found, expected=self.expected)


@contextmanager
def at_step(step: Step) -> Iterator[None]:
    """What is rejected in here is refused at a step."""
    try:
        yield
    except RejectedError as refusal:
        raise RefusedError(step, refusal) from None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom and what an auditor trusts."""

    keys: AllowList | None = None
    """Without one, the keys in the directory are taken if they are for development and that is allowed."""
    allow_development_keys: bool = False
    committee: Committee | None = None
    """Of the oracle."""
    attesters: Mapping[bytes, Committee] = field(default_factory=dict)
    revoked: Collection[bytes] = ()
    max_age_seconds: int = DAY_SECONDS
    """Of a statement of reserves, counted from the moment of the run."""


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """What was found to be so."""

    header: Header
    root: int
    totals: Totals | None
    """In the mode ``shown``."""
    reserves: tuple[int, ...] | None
    """What is attested of each asset, where attesters are trusted."""
    proofs: int
    key_ids: Mapping[str, str]
    has_round: bool
    is_for_development: bool

    @property
    def is_covered(self) -> bool | None:
        """Whether reserves cover what is owed; None where nobody was asked."""
        return None if self.reserves is None else True


def verify_run(directory: Directory, trust: Trust, threads: int | None = None) -> VerifiedRun:
    """Raise ``RefusedError`` unless every step that is asked for says yes."""
    with at_step(Step.HEADER):
        header = directory.read_header()
    with at_step(Step.TABLES):
        require_tables(header, directory.read_tables())
    with at_step(Step.ROUND):
        has_round = verify_round(directory, header, trust)
    with at_step(Step.BATCHES):
        batches = directory.read_batches(header)
        require_chain(batches)
    with at_step(Step.CHALLENGE):
        total = directory.read_total(header)
        root = BatchTree([each.root for each in batches], header.levels, header.tree_levels).root
        require_root(total, root)
        challenge = draw_challenge(header.hash, root, total.sums)
    with at_step(Step.TOTAL):
        said = commit_total(total, header)
    with at_step(Step.PROOFS):
        keys = find_keys(directory, header, trust)
        claims = [*claim_batches(batches, header, keys, challenge)]
        last = batches[-1].after
        inputs = (challenge.challenge, challenge.mixer, last, total.sums, header.tables, said)
        claims.append(Claim(keys[name_total(header)], inputs, decode_proof(total.proof)))
        verify_proofs(claims, require_threads(threads))
    with at_step(Step.RESERVES):
        reserves = verify_reserves(directory, header, total, trust)
    return VerifiedRun(
        header=header,
        root=root,
        totals=total.totals,
        reserves=reserves,
        proofs=len(claims),
        key_ids={name: key.id for name, key in keys.items()},
        has_round=has_round,
        is_for_development=any(key.is_for_development for key in keys.values()),
    )


def verify_round(directory: Directory, header: Header, trust: Trust) -> bool:
    """The committee signed the root that the tables are under; whether that was asked for."""
    if trust.committee is None:
        return False
    if not directory.has_round:
        expected = "the round that the committee signed"
        raise RejectedError(Reason.MISSING_FIELD, ROUND, found="no such file", expected=expected)
    signed = directory.read_round()
    verified = verify_signed(signed, trust.committee, revoked=trust.revoked, moment=header.time)
    if verified.statement.root != header.price_root:
        expected = "the price root of the header"
        raise RejectedError(Reason.WRONG_ROOT, f"{ROUND}.root", found="another root", expected=expected)
    return True


def require_chain(batches: Sequence[BatchLine]) -> None:
    """Each batch begins where the one before it ended, and the first where nothing was counted."""
    state = commit_running(BEGINNING)
    for number, batch in enumerate(batches, start=1):
        if batch.before != state:
            expected = "the state after the batch before it" if number > 1 else "the state in which nothing is counted"
            name = f"{BATCHES}.line {number}.before"
            raise RejectedError(Reason.CONFLICTING_FIELDS, name, found="another state", expected=expected)
        state = batch.after


def require_root(total: TotalDocument, root: int) -> None:
    """The root that account holders are told is that of the batches."""
    if total.root != root:
        expected = "the root over all batches"
        raise RejectedError(Reason.WRONG_ROOT, f"{TOTAL}.root", found="another root", expected=expected)


def commit_total(total: TotalDocument, header: Header) -> int:
    """The public input that stands for what the total says."""
    if total.mode is not header.mode:
        raise RejectedError(
            Reason.CONFLICTING_FIELDS, f"{TOTAL}.mode", found=total.mode.value, expected=header.mode.value
        )
    if total.totals is not None:
        return total.totals.commit(header.total)
    return commit_reserves(total.reserves or (), header.total)


# --- Proofs ------------------------------------------------------------------------------------------


def find_keys(directory: Directory, header: Header, trust: Trust) -> dict[str, VerifyingKey]:
    """The key of every statement of a run: the one that the directory has, if it is allowed."""
    if trust.keys is None and not trust.allow_development_keys:
        expected = "a list of keys that are allowed, or keys for development allowed"
        raise MisuseError(Reason.MISSING_FIELD, "keys", found="nothing", expected=expected)
    wanted = {each.shape.name: Proves.SOLVENCY for each in header.classes}
    wanted[name_total(header)] = Proves.SOLVENCY_TOTAL
    return {name: find_key(directory, name, proves, trust) for name, proves in wanted.items()}


def find_key(directory: Directory, name: str, proves: Proves, trust: Trust) -> VerifyingKey:
    """One of them."""
    key = directory.read_key(name, allow_development_keys=trust.allow_development_keys)
    if trust.keys is None:
        if not key.is_for_development:
            expected = "a key on a list of those that are allowed"
            raise RejectedError(Reason.NOT_A_KEY, f"keys.{name}", found="a key on no list", expected=expected)
        return key
    allowed = trust.keys.find(key.id, proves)
    if allowed.statement != name:
        raise RejectedError(Reason.NOT_A_KEY, f"keys.{name}", found=f"a key of {allowed.statement}", expected=name)
    return allowed.key


def claim_batches(
    batches: Sequence[BatchLine], header: Header, keys: Mapping[str, VerifyingKey], challenge: Challenge
) -> Iterator[Claim]:
    """What the proof of each batch claims."""
    lines = iter(batches)
    for each in header.classes:
        key = keys[each.shape.name]
        for _ in range(each.batches):
            line = next(lines)
            inputs = challenge.challenge, challenge.mixer, line.root, line.before, line.after
            yield Claim(key, inputs, decode_proof(line.proof))


def verify_proofs(claims: Sequence[Claim], threads: int) -> None:
    """All of them together, and the first that is none by its place; the last is that of the total."""
    for start in range(0, len(claims), MAX_CLAIMS):
        try:
            verify_batch(claims[start : start + MAX_CLAIMS], threads=threads)
        except BatchRejectedError as rejected:
            place = start + min(rejected.refusals)
            name = TOTAL if place == len(claims) - 1 else f"{BATCHES}.line {place + 1}"
            found = f"{len(rejected.refusals)} that prove nothing, the first here"
            expected = "a proof of these inputs under its key"
            raise RejectedError(Reason.WRONG_PROOF, f"{name}.proof", found=found, expected=expected) from None


# --- Reserves ----------------------------------------------------------------------------------------


def verify_reserves(directory: Directory, header: Header, total: TotalDocument, trust: Trust) -> tuple[int, ...] | None:
    """What is attested of each asset, enough for what is owed of it; nothing where no attester is trusted."""
    if not trust.attesters:
        return None
    reserves = add_reserves(
        directory.read_reserves(),
        header,
        trust.attesters,
        revoked=trust.revoked,
        max_age_seconds=trust.max_age_seconds,
    )
    if total.totals is not None:
        require_covered(total.totals, reserves, header)
    else:
        require_attested(total.reserves or (), reserves, header)
    return reserves


def require_covered(totals: Totals, reserves: Sequence[int], header: Header) -> None:
    """Reserves are enough; the asset of which they are not by its name."""
    try:
        require_reserves(totals, reserves)
    except MarginError as error:
        place = int(error.field.removeprefix("reserves[").removesuffix("]"))
        name = f"reserves.{header.assets[place].name}"
        raise RejectedError(Reason.INSUFFICIENT_MARGIN, name, found=error.found, expected=error.expected) from None


def require_attested(proven: Sequence[int], reserves: Sequence[int], header: Header) -> None:
    """What the proof compared with is attested."""
    for asset, compared, attested in zip(header.assets, proven, reserves, strict=True):
        if compared > attested:
            expected = f"at least {compared} units, which the proof compared with"
            raise RejectedError(Reason.INSUFFICIENT_MARGIN, f"reserves.{asset.name}", found=attested, expected=expected)
