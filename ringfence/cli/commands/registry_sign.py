"""``ringfence registry sign``: what one member of a committee adds, on its own machine, to what it checked itself."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from facts.book_root import BOOK_LEVELS, BookRoot
from facts.bounds import CHAIN_ID_BITS, MARKET_ID_BITS
from facts.canonical import DIGEST_BYTES, SEQUENCE_BITS
from facts.committee import Committee, verify_signed
from facts.committee_document import parse_hexadecimal, read_committee
from facts.cosigning import add_signature
from facts.demand import parse_moment
from facts.ed25519 import KEY_BYTES
from facts.feed import require_believable
from facts.key_file import Role, open_key
from facts.lock_root import CHAIN_LEVELS, LockRoot, chain_root
from facts.market_round import MarketRound, PriceReport, RoundTerms, close_prices, require_same_round
from facts.policy_commitment import hash_policy
from facts.policy_version import VERSION_BITS, PolicySchedule, PolicyVersion
from facts.price_document import read_prices
from facts.roots import parse_element, read_roots
from facts.roster import Appointment, Revocation
from facts.round_leaves import require_leaves
from facts.signed import Purpose, Signed, StatementT
from facts.stored_tree.tree import StoredTree, is_stored_tree
from margin.documents.policy_document import PolicyDocument
from margin.documents.published import find_policy
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason, RejectedError
from margin.policy import MarketPolicy
from prover.publication import ROOTS, Publication, read_publication
from ringfence.cli.fact_files import describe_fact, read_fact, read_facts_of, require_kind, write_fact
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import draw_facts, write_json
from verifier.trust import Trust, read_trust

LARGEST_SEQUENCE: Final = 2**SEQUENCE_BITS - 1

app = typer.Typer(help="Sign a fact as one member of its committee; others join it.", no_args_is_help=True)

KeyOption = Annotated[Path, typer.Option("--key", help="The member's key file (role member).", show_default=False)]
CommitteeOption = Annotated[
    Path, typer.Option("--committee", help="The document of the committee that speaks.", show_default=False)
]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The file of the fact.", show_default=False)]
JoinOption = Annotated[
    Path | None, typer.Option("--join", help="What another member signed: the same is signed, if it is the same.")
]
AtOption = Annotated[
    str | None, typer.Option("--at", help="The moment that the fact is of; that of what is joined, or now.")
]
SequenceOption = Annotated[
    int, typer.Option("--sequence", help="Its number, above the one before.", min=1, max=LARGEST_SEQUENCE)
]
FolderArgument = Annotated[Path, typer.Argument(help="The folder of the publication.", show_default=False)]
LeavesArgument = Annotated[
    Path,
    typer.Argument(help="The folder of the publication, or of a stored tree (ringfence tree).", show_default=False),
]
TrustOption = Annotated[
    Path, typer.Option("--trust", help="The trust document: the rules of feeds, and what they price.")
]
AppointmentsOption = Annotated[
    list[Path] | None,
    typer.Option("--appointment", help="The appointment of a later governance (.fact); any number, in their order."),
]
RevocationsOption = Annotated[
    list[Path] | None, typer.Option("--revocation", help="A key that was revoked (.fact); any number.")
]


class Member:
    """Whoever signs, with the committee that it is a member of."""

    def __init__(self, key: Path, committee: Path, file: Path | None, descriptor: int | None) -> None:
        self.committee = read_committee(read_document(committee))
        self._key = key
        self._file = file
        self._descriptor = descriptor

    def sign(self, statement: StatementT, before: Signed[Any] | None, output: Path, *, as_json: bool) -> None:
        """Add a signature to a statement and write it, with those that it had, where it was asked for."""
        passphrase = ask_passphrase(self._file, self._descriptor, is_new=False, of="the key")
        signer = open_key(self._key, passphrase, Role.MEMBER)
        signed = add_signature(statement, self.committee, signer, int(time.time()), before)
        write_fact(output, signed)
        report = {**describe_fact(signed), "threshold": self.committee.threshold, "quorum": self.committee.quorum}
        if as_json:
            write_json(report)
        else:
            draw_facts(f"Signed: {output}", {name: value for name, value in report.items() if name != "prices"})


# --- The oracle ------------------------------------------------------------------------------------------


@app.command()
def report(
    prices: Annotated[Path, typer.Argument(help="The prices that the member saw.", show_default=False)],
    *,
    trust: TrustOption,
    committee: CommitteeOption,
    sequence: SequenceOption,
    key: KeyOption,
    output: OutputOption,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign what one member of an oracle saw, for a round that is still to be closed."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    rules, moment = read_trust(read_document(trust)).rules, int(time.time())
    seen = read_prices(read_document(prices))
    for price in seen:
        require_believable(price, rules, moment)
    stated = PriceReport(member.committee.scope, member.committee.digest, sequence, seen)
    member.sign(stated, None, output, as_json=as_json)


@app.command()
def market(
    folder: FolderArgument,
    *,
    trust: TrustOption,
    committee: CommitteeOption,
    sequence: SequenceOption,
    reports: Annotated[list[Path], typer.Option("--report", help="The report of a member (.fact); one of each.")],
    policies: Annotated[
        list[Path] | None, typer.Option("--policy", help="A version of a market's policy (.fact), from the first on.")
    ] = None,
    before: Annotated[Path | None, typer.Option("--before", help="The round before (.fact), if there was one.")] = None,
    appointments: AppointmentsOption = None,
    revocations: RevocationsOption = None,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    at: AtOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a round over the reports and sign it, if the member's own leaves hold these prices and good policies."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    believed, now = read_trust(read_document(trust)), int(time.time())
    voice = Governance(believed, appointments or [], revocations or [], now)
    joined = read_joined(join, MarketRound)
    closed_at = joined.statement.closed_at if joined else read_at(at, now)
    earlier = require_kind(read_fact(before), MarketRound, str(before)).statement if before else None
    terms = RoundTerms(member.committee, voice.revoked, believed.rules, sequence, now if joined else closed_at, earlier)
    heard = read_facts_of(reports, PriceReport)
    prices = close_prices(heard, terms)
    leaves = read_leaves(folder).round
    require_leaves(leaves.facts, prices, believed.listings, voice.schedules(policies or [], believed.venue), closed_at)
    if joined:
        require_same_round(joined.statement, heard, terms, leaves.root)
    scope, digest = member.committee.scope, member.committee.digest
    stated = MarketRound(scope, digest, sequence, closed_at, leaves.root, prices)
    member.sign(stated, joined, output, as_json=as_json)


# --- The venue and the watchers --------------------------------------------------------------------------


@app.command()
def book(
    folder: LeavesArgument,
    *,
    committee: CommitteeOption,
    sequence: SequenceOption,
    root: Annotated[
        str | None, typer.Option("--root", help="The root of a book that is no file, in decimal digits.")
    ] = None,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    at: AtOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the root of a venue's book, built from its leaves; of a stored tree, that of its newest round."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    joined = read_joined(join, BookRoot)
    published_at = joined.statement.published_at if joined else read_at(at, int(time.time()))
    own = find_book_root(folder) if root is None else parse_element(root, "root")
    stated = BookRoot(member.committee.scope, member.committee.digest, sequence, published_at, own)
    member.sign(stated, joined, output, as_json=as_json)


@app.command()
def locks(
    folder: LeavesArgument,
    *,
    committee: CommitteeOption,
    chain_id: Annotated[int, typer.Option("--chain-id", help="The chain.", min=1, max=2**CHAIN_ID_BITS - 1)],
    block: Annotated[int, typer.Option("--block", help="The block that they are of.", min=1, max=LARGEST_SEQUENCE)],
    block_hash: Annotated[str, typer.Option("--block-hash", help="Its hash, 64 hexadecimal digits.")],
    final_block: Annotated[
        int, typer.Option("--final-block", help="The highest block that is final.", min=1, max=LARGEST_SEQUENCE)
    ],
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    at: AtOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the root of the locks of one chain at a final block, built from its leaves, or that of a stored tree."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    joined = read_joined(join, LockRoot)
    observed_at = joined.statement.observed_at if joined else read_at(at, int(time.time()))
    own = find_chain_root(folder, chain_id)
    hashed = parse_hexadecimal(block_hash.removeprefix("0x"), "block_hash", DIGEST_BYTES)
    stated = LockRoot(chain_id, member.committee.digest, block, hashed, final_block, observed_at, own)
    member.sign(stated, joined, output, as_json=as_json)


# --- Governance ------------------------------------------------------------------------------------------


@app.command()
def policy(
    document: Annotated[str, typer.Argument(help="A shipped policy by name, or a policy file.", show_default=False)],
    *,
    committee: CommitteeOption,
    venue: Annotated[str, typer.Option("--venue", help="The venue of the market.")],
    market_id: Annotated[int, typer.Option("--market-id", help="The market.", min=1, max=2**MARKET_ID_BITS - 1)],
    version: Annotated[
        int, typer.Option("--version", help="From 1, one after the other.", min=1, max=2**VERSION_BITS - 1)
    ],
    market: Annotated[
        str | None, typer.Option("--market", help="Which market of the document; needless where there is one.")
    ] = None,
    active_from: Annotated[str, typer.Option("--active-from", help="From when on it is in force.")],
    grace_seconds: Annotated[
        int, typer.Option("--grace-seconds", help="So long after that the version before is good, too.", min=0)
    ] = 0,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the next version of a market's policy."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    found = find_policy(document, Path())
    named = hash_policy(found, choose_market(found, market))
    moment = parse_moment(active_from, "active_from")
    head = (member.committee.scope, member.committee.digest, venue, market_id, version)
    stated = PolicyVersion(*head, named, moment, grace_seconds)
    member.sign(stated, read_joined(join, PolicyVersion), output, as_json=as_json)


def choose_market(document: PolicyDocument, name: str | None) -> MarketPolicy | None:
    """The market that is named, or the only one; a document of options alone has none."""
    if name is None and not document.markets:
        return None
    if name is None and len(document.markets) > 1:
        expected = f"one of {', '.join(document.markets)}"
        raise MisuseError(Reason.MISSING_FIELD, "market", found="none", expected=expected)
    return document.market(name or next(iter(document.markets))).policy


@app.command()
def appointment(
    appointed: Annotated[Path, typer.Argument(help="The document of the committee.", show_default=False)],
    *,
    committee: CommitteeOption,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign, for governance, that a committee speaks next for something."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    following = read_committee(read_document(appointed))
    stated = Appointment(member.committee.scope, member.committee.digest, following)
    member.sign(stated, read_joined(join, Appointment), output, as_json=as_json)


@app.command()
def revocation(
    revoked: Annotated[str, typer.Argument(help="The key, 64 hexadecimal digits.", show_default=False)],
    *,
    committee: CommitteeOption,
    key: KeyOption,
    output: OutputOption,
    join: JoinOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign, for governance, that a key never counts again."""
    member = Member(key, committee, passphrase_file, passphrase_fd)
    gone = parse_hexadecimal(revoked, "key", KEY_BYTES)
    stated = Revocation(member.committee.scope, member.committee.digest, gone)
    member.sign(stated, read_joined(join, Revocation), output, as_json=as_json)


# --- What a member holds its statement against -----------------------------------------------------------


class Governance:
    """What governance signed, as far as the member was given it; each is verified before it counts."""

    def __init__(self, trust: Trust, appointments: list[Path], revocations: list[Path], moment: int) -> None:
        """Each later governance has to be appointed by the quorum of the one before it, down to the one pinned."""
        self._known = {trust.digest: trust.governance}
        self._moment = moment
        self.revoked: frozenset[bytes] = frozenset()
        """The keys that nobody believes any more."""
        for signed in read_facts_of(appointments, Appointment):
            following, speaker = signed.statement.appointed, self._speaker(signed)
            self._verify(signed, following.active_from, least=speaker.quorum)
            if (following.purpose, following.predecessor) != (Purpose.GOVERNANCE, speaker.digest):
                found, expected = following.scope, "the governance that follows"
                raise MisuseError(Reason.WRONG_COMMITTEE, "appointed", found=found, expected=expected)
            self._known[following.digest] = following
        gone = read_facts_of(revocations, Revocation)
        self.revoked = frozenset(self._verify(each, self._last_begin(each)).key for each in gone)

    def schedules(self, files: list[Path], venue: str) -> dict[int, PolicySchedule]:
        """The versions of each market of the venue."""
        versions: dict[int, list[PolicyVersion]] = {}
        for each in read_facts_of(files, PolicyVersion):
            version = self._verify(each, each.statement.active_from)
            if version.venue != venue:
                raise MisuseError(Reason.UNKNOWN_MARKET, "venue", found=version.venue, expected=venue)
            versions.setdefault(version.market_id, []).append(version)
        ordered = {market_id: sorted(known, key=lambda each: each.version) for market_id, known in versions.items()}
        return {market_id: PolicySchedule(tuple(known)) for market_id, known in ordered.items()}

    def _verify(self, signed: Signed[StatementT], moment: int, least: int | None = None) -> StatementT:
        """What was signed, by those who counted when it came into force; nothing is older than the one who reads it."""
        speaker = self._speaker(signed)
        moment = max(min(moment, self._moment), speaker.active_from)
        kept = tuple(each for each in signed.signatures if each.key not in self.revoked)
        if not kept:
            expected = "a signer that was not revoked"
            raise RejectedError(Reason.REVOKED_SIGNER, "signatures", found="none left", expected=expected)
        return verify_signed(
            replace(signed, signatures=kept), speaker, revoked=(), moment=moment, least=least
        ).statement

    def _last_begin(self, signed: Signed[Revocation]) -> int:
        """When the last of its signers began to count: a revocation has no moment, and never ends."""
        members = map(self._speaker(signed).member, (each.key for each in signed.signatures))
        return max((member.valid_from for member in members if member), default=self._moment)

    def _speaker(self, signed: Signed[StatementT]) -> Committee:
        """The governance that a statement names."""
        named = signed.statement.committee
        if named not in self._known:
            expected = "a governance that was appointed"
            raise RejectedError(Reason.WRONG_COMMITTEE, "committee", found=named.hex(), expected=expected)
        return self._known[named]


def read_leaves(folder: Path) -> Publication:
    """The leaves in a folder; the roots beside them have to be theirs."""
    publication = read_publication(folder)
    if (folder / ROOTS).exists() and read_roots(read_document(folder / ROOTS)) != publication.roots:
        expected = "the roots of the leaves beside it"
        raise RejectedError(Reason.WRONG_ROOT, ROOTS, found="other roots", expected=expected)
    return publication


def find_book_root(folder: Path) -> int:
    """The root of the book in a folder, which is a publication or a stored tree."""
    return read_stored_root(folder, BOOK_LEVELS) if is_stored_tree(folder) else read_leaves(folder).book.root


def find_chain_root(folder: Path, chain_id: int) -> int:
    """The root of the locks of one chain, from a publication or from the stored tree of that chain."""
    if is_stored_tree(folder):
        return read_stored_root(folder, CHAIN_LEVELS)
    publication = read_leaves(folder)
    for slot, chain in enumerate(publication.chains):
        if chain.chain_id == chain_id:
            return chain_root(publication.locks, slot)
    raise MisuseError(Reason.NOT_IN_TREE, "chain_id", found=chain_id, expected="a chain of the publication")


def read_stored_root(folder: Path, levels: int) -> int:
    """The root of a stored tree of the depth that is asked for."""
    with StoredTree(folder) as stored:
        if stored.levels != levels:
            found, expected = f"{stored.levels} levels", f"{levels} levels"
            raise MisuseError(Reason.WRONG_COUNT, "levels", found=found, expected=expected)
        return stored.root


def read_joined(path: Path | None, kind: type[StatementT]) -> Signed[StatementT] | None:
    """What is joined, if anything is."""
    return None if path is None else require_kind(read_fact(path), kind, str(path))


def read_at(text: str | None, now: int) -> int:
    """The moment that was said, or now."""
    return now if text is None else parse_moment(text, "at")
