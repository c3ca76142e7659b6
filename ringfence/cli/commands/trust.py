"""``ringfence trust``: whom and what a verifier trusts, held against what you were told elsewhere."""

from ringfence.cli.connection import ServerOption, open_counter
from ringfence.cli.options import JsonOption
from ringfence.cli.settings import ConfigOption, SetOption
from ringfence.cli.terminal import draw_facts, draw_table, write_json
from ringfence.console.documents import describe_policy
from ringfence.wire.trust import TrustReport


def trust(
    *,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a verifier says of itself. Exit 1 where it is not the one that the trust anchor pins."""
    with open_counter(server, config, settings) as counter:
        report = counter.connection.ask(counter.verifier.trust())
    if as_json:
        write_json(describe_trust(report))
    else:
        show_trust(report)


def describe_trust(report: TrustReport) -> dict[str, object]:
    """All of it, as a program reads it."""
    return {
        "domain": report.domain,
        "verifier": report.verifier,
        "attestation_keys": [each.hex() for each in report.attestation_keys],
        "eip712_signers": [f"0x{each.hex()}" for each in report.eip712_signers],
        "log": {"origin": report.log.origin, "key": report.log.public_key.hex()},
        "keys": [
            {"id": each.key_id, "statement": each.statement, "development": each.is_for_development}
            for each in report.keys
        ],
        "committees": [
            {
                "purpose": each.purpose.value,
                "scope": each.scope,
                "digest": each.digest.hex(),
                "threshold": each.threshold,
                "quorum": each.quorum,
                "members": [member.hex() for member in each.members],
                "longest_age_seconds": each.longest_age_seconds,
            }
            for each in report.committees
        ],
        "destinations": [
            {
                "chain_id": each.chain_id,
                "contract": f"0x{each.contract.hex()}",
                "entry": describe_policy(each.entry),
                "upkeep": describe_policy(each.upkeep),
                "acceptance_seconds": each.acceptance_seconds,
            }
            for each in report.destinations
        ],
    }


def show_trust(report: TrustReport) -> None:
    """Tables."""
    draw_facts(
        "Verifier",
        {
            "verifier": report.verifier,
            "domain": report.domain,
            "signs with": report.attestation_keys[0].hex(),
            "signs for chains with": f"0x{report.eip712_signers[0].hex()}" if report.eip712_signers else None,
            "log": report.log.origin,
            "log key": report.log.public_key.hex(),
        },
    )
    keys = [(each.statement, each.key_id, each.is_for_development) for each in report.keys]
    draw_table("Keys that are allowed", ("statement", "id", "development"), keys)
    committees = [
        (f"{each.purpose.value} {each.scope}", f"{each.threshold} of {len(each.members)}", each.longest_age_seconds)
        for each in report.committees
    ]
    draw_table("Committees", ("committee", "signers", "age in seconds"), committees)
    places = [
        (f"0x{each.contract.hex()}", each.chain_id, each.entry.requirement.value, each.acceptance_seconds)
        for each in report.destinations
    ]
    draw_table("Destinations", ("contract", "chain", "to enter", "seconds"), places)
