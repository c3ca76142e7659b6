"""Whom and what a verifier trusts, as it is at a moment."""

from collections.abc import Iterator

from facts.lock_root import name_chain
from facts.roster import Roster
from facts.signed import Purpose
from margin.errors import RejectedError
from ringfence.wire.trust import TrustedCommittee, TrustedDestination, TrustedKey, TrustReport
from verifier.service.desk import Desk
from verifier.trust import Trust

AGELESS = 0
"""What governance says does not age."""


def describe_trust(desk: Desk, caller: str) -> TrustReport:
    """What a caller holds against what it was told elsewhere; destinations are those that it may pledge to."""
    admission, moment = desk.admission, desk.clock()
    allowed = admission.allowed.keys.values()
    destinations = (each for each in admission.destinations.by_place.values() if each.admits(caller))
    return TrustReport(
        domain=admission.domain,
        verifier=admission.name,
        keys=tuple(
            TrustedKey(each.key.id, each.statement, each.key.is_for_development, each.key.encode()) for each in allowed
        ),
        committees=tuple(list_committees(desk.registry.trust, desk.registry.roster, moment)),
        attestation_keys=desk.signer.public_keys,
        eip712_signers=desk.signer.addresses,
        log=desk.heads.keys[0],
        destinations=tuple(
            TrustedDestination(*each.place, each.terms.entry, each.terms.upkeep, each.terms.period_seconds)
            for each in destinations
        ),
    )


def list_committees(trust: Trust, roster: Roster, moment: int) -> Iterator[TrustedCommittee]:
    """Of everything that is trusted, who speaks for it now; nobody where governance has appointed nobody yet."""
    ages = {
        (Purpose.GOVERNANCE, roster.governance): AGELESS,
        (Purpose.VENUE, trust.venue): trust.book_limit.max_age_seconds,
        (Purpose.ORACLE, trust.oracle): trust.round_limit.max_age_seconds,
        **{
            (Purpose.WATCHERS, name_chain(chain.chain_id)): chain.limit.max_age_seconds
            for chain in trust.chains.values()
        },
    }
    for (purpose, scope), age in ages.items():
        try:
            committee = roster.in_force(purpose, scope, moment)
        except RejectedError:
            continue
        members = tuple(member.key for member in committee.members if member.key not in roster.revoked)
        yield TrustedCommittee(purpose, scope, committee.digest, committee.threshold, committee.quorum, members, age)
