"""Makes a sandbox: every key, certificate and document that a trial of prover and verifier needs."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from circuits.catalogue import find_statement
from facts.committee import Committee
from facts.committee_document import describe_committee
from facts.elements import draw_element
from facts.lock_root import name_chain
from facts.sealed_release import create_release_key
from facts.signed import Purpose
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache, Progress
from prover.config import require_name
from prover.development import DEMAND, OTHERS
from prover.publication import Chain, Publication, write_publication
from prover.wallet import Wallet
from ringfence.cli.sandbox.documents import (
    DEMAND_TEXT,
    UPKEEP_TEXT,
    describe_anchor,
    describe_connection,
    describe_destinations,
    describe_keys,
    describe_prover,
    describe_trust,
    describe_verifier,
    render_json,
    render_tables,
)
from ringfence.cli.sandbox.parties import appoint, form_committee
from ringfence.cli.sandbox.places import (
    CHAINS,
    DOMAIN,
    GOVERNANCE_SCOPE,
    ORACLE_SCOPE,
    ORIGIN,
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
from verifier.store.schema import Identity, upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file
from verifier.trust import read_trust


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a sandbox."""

    statements: Sequence[str]
    verifier_address: str
    prover_address: str
    period_seconds: int
    """How long one proof is good for, before its acceptance lapses."""

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
    sandbox.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    progress("certificates")
    sandbox.certificates.create()
    progress("keys of governance, venue, oracle, watchers and verifier")
    for party in sandbox.members:
        party.create_member(moment)
    sandbox.verifier.create()
    sandbox.verifier.create_verifier_keys(moment)
    sandbox.trader.create()
    Wallet.create(sandbox.trader.folder / "wallet", sandbox.trader.passphrase)
    progress("committees")
    governance = form_committee(Purpose.GOVERNANCE, GOVERNANCE_SCOPE, [sandbox.governance], moment)
    make_verifier(sandbox, governance, make_keys(wanted.statements, progress), wanted.period_seconds)
    appoint_everybody(sandbox, governance, moment)
    make_facts(sandbox.facts)
    write_settings(sandbox, wanted)


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
    sandbox: Sandbox, governance: Committee, keys: Mapping[str, VerifyingKey], period_seconds: int
) -> None:
    """What the verifier reads, and the store in which it remembers."""
    folder = sandbox.verifier.folder
    (folder / "statements").mkdir(mode=0o700)
    for name, key in keys.items():
        write_privately(folder / "statements" / f"{name}.json", format_verifying_key(key).encode())
    write_privately(folder / "statements" / "keys.json", render_json(describe_keys(keys)))
    write_privately(folder / "destinations.json", render_json(describe_destinations(period_seconds)))
    write_privately(sandbox.trust, render_json(describe_trust(governance)))
    create_file(sandbox.store)
    database = SQLiteDatabase(sandbox.store)
    upgrade_store(database, Identity(DOMAIN, ORIGIN))
    database.close()


def appoint_everybody(sandbox: Sandbox, governance: Committee, moment: int) -> None:
    """Governance says who keeps the book, who says what prices are, and who watches the chains."""
    signer = sandbox.governance.open_member()
    committees = [
        form_committee(Purpose.VENUE, VENUE_SCOPE, [sandbox.venue], moment),
        form_committee(Purpose.ORACLE, ORACLE_SCOPE, sandbox.oracle, moment),
        *(form_committee(Purpose.WATCHERS, name_chain(chain), sandbox.watchers, moment) for chain in CHAINS),
    ]
    database = SQLiteDatabase(sandbox.store)
    trust = read_trust(describe_trust(governance))
    registry = Registry(database, Identity(DOMAIN, ORIGIN), trust, lambda: moment)
    sandbox.committee("").parent.mkdir(mode=0o700)
    for committee in committees:
        registry.publish(appoint(governance, signer, committee))
        write_privately(sandbox.committee(committee.scope), render_json(describe_committee(committee)))
    database.close()


def make_facts(folder: Path) -> None:
    """A book and chains on which there are others already, and what the verifier demands."""
    strangers = [[draw_element() for _ in range(OTHERS)] for _ in (*CHAINS, "book")]
    chains = [Chain(chain_id, strangers.pop()) for chain_id in CHAINS]
    write_publication(folder, Publication(strangers.pop(), chains=chains))
    write_privately(folder / DEMAND, DEMAND_TEXT.encode())
    write_privately(folder / "upkeep.toml", UPKEEP_TEXT.encode())


def write_settings(sandbox: Sandbox, wanted: Wanted) -> None:
    """What servers and callers read."""
    verifier = render_tables(describe_verifier(sandbox, wanted.verifier_address))
    prover = render_tables(describe_prover(sandbox, wanted.prover_address, wanted.statements))
    write_privately(sandbox.verifier_settings, verifier)
    write_privately(sandbox.prover_settings, prover)
    sandbox.client_settings("").parent.mkdir(mode=0o700)
    for role in ROLES:
        connection = render_tables(describe_connection(sandbox, wanted.verifier_address, role))
        write_privately(sandbox.client_settings(role), connection)
    to_prover = render_tables(describe_connection(sandbox, wanted.prover_address, "trader"))
    write_privately(sandbox.client_settings("prover"), to_prover)
    public_key = create_release_key(sandbox.release_key, sandbox.venue.passphrase)
    write_privately(sandbox.release_public_key, f"{public_key.hex()}\n".encode())
    write_privately(sandbox.anchor, render_json(describe_anchor(sandbox.verifier.keys.read().keys)))
