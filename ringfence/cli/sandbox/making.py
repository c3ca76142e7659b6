"""Makes a sandbox: every key, certificate and document that a trial of prover and verifier needs."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from circuits.catalogue import find_statement
from facts.committee import Committee
from facts.committee_document import describe_committee
from facts.elements import draw_element
from facts.lock_root import name_chain
from facts.sealed_release import create_release_key
from facts.signed import Purpose
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache, Progress
from prover.config import require_name
from prover.development import DEMAND, OTHERS
from prover.publication import Chain, Publication, write_publication
from prover.wallet import Wallet
from ringfence.cli.sandbox.documents import (
    ENTRY,
    UPKEEP,
    describe_anchor,
    describe_connection,
    describe_destinations,
    describe_keys,
    describe_prover,
    describe_trust,
    describe_verifier,
    render_demand,
    render_json,
    render_tables,
)
from ringfence.cli.sandbox.parties import COST, DAY_SECONDS, appoint, form_committee
from ringfence.cli.sandbox.places import (
    GOVERNANCE_SCOPE,
    HOUR,
    ORACLE_SCOPE,
    STATEMENTS,
    VENUE_SCOPE,
    Sandbox,
)
from serving.development_certificates import write_privately
from serving.roles import ROLES
from snark.groth16.formats.verification_key import format_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from verifier.registry import Registry
from verifier.store.address import open_database
from verifier.store.schema import Identity, upgrade_store
from verifier.store.sqlite import create_file
from verifier.trust import read_trust

KEYS: Final = "keys.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a sandbox."""

    statements: Sequence[str]
    verifier_address: str
    prover_address: str
    period_seconds: int
    """How long one proof is good for, before its acceptance lapses."""
    store: str = ""
    """The address of what the verifier remembers; a file in the folder where nothing is said."""

    def __post_init__(self) -> None:
        for name in self.statements:
            require_name(name, "--statement")


def make_sandbox(sandbox: Sandbox, wanted: Wanted, *, moment: int, progress: Progress) -> None:
    """Everything, in a folder where there is nothing yet; nothing of it where that was interrupted."""
    require_new(sandbox.folder)
    try:
        fill_sandbox(sandbox, wanted, moment=moment, progress=progress)
    except BaseException:
        shutil.rmtree(sandbox.folder, ignore_errors=True)
        raise


def fill_sandbox(sandbox: Sandbox, wanted: Wanted, *, moment: int, progress: Progress) -> None:
    """One thing after the other."""
    create_parties(sandbox, moment=moment, progress=progress)
    furnish(sandbox, wanted, make_keys(wanted.statements, progress), moment=moment)


def create_parties(sandbox: Sandbox, *, moment: int, progress: Progress) -> None:
    """Everybody who takes part, with keys and certificates: before anything is said of where."""
    sandbox.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    progress("certificates")
    sandbox.certificates.create()
    progress("keys of governance, venue, oracle, watchers and verifier")
    for party in sandbox.members:
        party.create_member(moment)
    sandbox.verifier.create()
    sandbox.verifier.create_verifier_keys(moment)
    sandbox.trader.create()
    Wallet.create(sandbox.trader.folder / "wallet", sandbox.trader.passphrase, COST)


def furnish(sandbox: Sandbox, wanted: Wanted, keys: Mapping[str, VerifyingKey], *, moment: int) -> None:
    """What they agree on, and what servers and callers read."""
    governance = form_committee(Purpose.GOVERNANCE, GOVERNANCE_SCOPE, [sandbox.governance], moment)
    committees = form_committees(sandbox, moment)
    sandbox.committee("").parent.mkdir(mode=0o700)
    for committee in committees:
        write_privately(sandbox.committee(committee.scope), render_json(describe_committee(committee)))
    make_verifier(sandbox, wanted, governance, keys, appoint_everybody(sandbox, governance, committees))
    make_facts(sandbox)
    write_settings(sandbox, wanted)


def make_rival(
    sandbox: Sandbox, rival: Sandbox, address: str, keys: Mapping[str, VerifyingKey], *, moment: int
) -> None:
    """A verifier of another domain, which believes whom the first one believes, with keys and a store of its own."""
    rival.folder.mkdir(mode=0o700)
    rival.certificates.create()
    rival.verifier.create()
    rival.verifier.create_verifier_keys(moment)
    governance = form_committee(Purpose.GOVERNANCE, GOVERNANCE_SCOPE, [sandbox.governance], moment)
    appointments = appoint_everybody(sandbox, governance, form_committees(sandbox, moment))
    wanted = Wanted(tuple(keys), address, "", HOUR)
    make_verifier(rival, wanted, governance, keys, appointments)
    write_callers(rival, wanted)


def require_new(folder: Path) -> None:
    """Nothing is there that could be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        expected = "a folder that is empty, or not there"
        raise MisuseError(Reason.WRONG_FILE, "folder", found="something that is there", expected=expected)


def make_keys(statements: Sequence[str], progress: Progress) -> Mapping[str, VerifyingKey]:
    """The verifying keys of the keys for development with which this user's prover proves."""
    cache = Cache(progress=progress)
    keys = {}
    for name in statements:
        zkey = cache.development_key(cache.artifact(find_statement(name)))
        keys[name] = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
    return keys


def make_verifier(
    sandbox: Sandbox,
    wanted: Wanted,
    governance: Committee,
    keys: Mapping[str, VerifyingKey],
    appointments: Iterable[bytes],
) -> None:
    """What the verifier reads, and the store in which it remembers, and knows whom governance has appointed."""
    terms, statements = sandbox.terms, sandbox.verifier.folder / STATEMENTS
    statements.mkdir(mode=0o700)
    for name, key in keys.items():
        write_privately(sandbox.statement(name), format_verifying_key(key).encode())
    write_privately(statements / KEYS, render_json(describe_keys(keys)))
    destinations = render_json(describe_destinations(terms, wanted.period_seconds))
    write_privately(sandbox.verifier.folder / "destinations.json", destinations)
    trust = describe_trust(governance, terms)
    write_privately(sandbox.trust, render_json(trust))
    if not wanted.store:
        create_file(sandbox.store)
    store, identity = wanted.store or str(sandbox.store), Identity(terms.domain, terms.origin)
    database = open_database(store)
    upgrade_store(database, identity)
    moment = governance.active_from + DAY_SECONDS
    registry = Registry(database, identity, read_trust(trust), lambda: moment)
    for appointment in appointments:
        registry.publish(appointment)
    database.close()
    write_privately(
        sandbox.verifier_settings, render_tables(describe_verifier(sandbox, wanted.verifier_address, store))
    )


def governance_of(sandbox: Sandbox) -> Committee:
    """Whom the verifier has pinned."""
    return read_trust(read_document(sandbox.trust)).governance


def form_committees(sandbox: Sandbox, moment: int) -> Sequence[Committee]:
    """Who keeps the book, who says what prices are, and who watches the chains."""
    chains = (name_chain(chain) for chain in sandbox.terms.chains)
    return [
        form_committee(Purpose.VENUE, VENUE_SCOPE, [sandbox.venue], moment),
        form_committee(Purpose.ORACLE, ORACLE_SCOPE, sandbox.oracle, moment),
        *(form_committee(Purpose.WATCHERS, scope, sandbox.watchers, moment) for scope in chains),
    ]


def appoint_everybody(sandbox: Sandbox, governance: Committee, committees: Iterable[Committee]) -> Sequence[bytes]:
    """The word of governance on each of them."""
    signer = sandbox.governance.open_member()
    return [appoint(governance, signer, committee) for committee in committees]


def make_facts(sandbox: Sandbox) -> None:
    """A book in which there are others already, and what the verifier demands; others' locks where none are real."""
    terms, others = sandbox.terms, OTHERS if sandbox.terms.is_invented else 0
    chains = [Chain(chain_id, [draw_element() for _ in range(others)]) for chain_id in terms.chains]
    write_publication(sandbox.facts, Publication([draw_element() for _ in range(OTHERS)], chains=chains))
    write_privately(sandbox.facts / DEMAND, render_demand(terms, ENTRY))
    write_privately(sandbox.facts / "upkeep.toml", render_demand(terms, UPKEEP))


def write_settings(sandbox: Sandbox, wanted: Wanted) -> None:
    """What the prover and callers read."""
    prover = render_tables(describe_prover(sandbox, wanted.prover_address, wanted.statements))
    write_privately(sandbox.prover_settings, prover)
    write_callers(sandbox, wanted)
    to_prover = render_tables(describe_connection(sandbox, wanted.prover_address, "trader"))
    write_privately(sandbox.client_settings("prover"), to_prover)
    public_key = create_release_key(sandbox.release_key, sandbox.venue.passphrase, COST)
    write_privately(sandbox.release_public_key, f"{public_key.hex()}\n".encode())


def write_callers(sandbox: Sandbox, wanted: Wanted) -> None:
    """What those read who call the verifier."""
    sandbox.client_settings("").parent.mkdir(mode=0o700)
    for role in ROLES:
        connection = render_tables(describe_connection(sandbox, wanted.verifier_address, role))
        write_privately(sandbox.client_settings(role), connection)
    anchor = describe_anchor(sandbox.terms, sandbox.verifier.keys.read().keys)
    write_privately(sandbox.anchor, render_json(anchor))
