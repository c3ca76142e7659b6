"""How long acceptances live at gates, beside how long an exit waits for one at the escrows that back them.

An escrow pays an exit at last, whatever is held against it: CONTEST_LIMIT after it was asked for. An acceptance that
lives for longer than the escrow's ``longestPeriod`` can outlive its own lock. How long one lives is a setting of the
verifier, which it tells those who may pledge; the gate has a bound of its own, which is far longer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chains.contracts import find_escrow
from chains.gate import LONGEST_PERIOD
from chains.relaying import Place
from chains.rpc import Chain, spell
from ringfence.cli.relay_settings import RelaySettings


class Periods(Protocol):
    """Whoever knows how long acceptances live."""

    def find_periods(self) -> Mapping[Place, int]:
        """Of the destinations that it tells of."""


@dataclass(frozen=True, slots=True)
class Covering:
    """For how long exits surely wait, and what does not go with it."""

    longest_period: int | None
    """None where no escrow is known here."""
    warnings: Sequence[str]


def compare_periods(settings: RelaySettings, chains: Mapping[int, Chain], periods: Periods) -> Covering:
    """What to warn of at a start. An acceptance that comes is looked at again."""
    places = {each.place for each in settings.escrows} | set(settings.release.escrows if settings.release else ())
    if not places:
        return Covering(None, ())
    longest = min(find_escrow(chains[place.chain_id], place.address).ask_one("longestPeriod") for place in places)
    known, warnings = periods.find_periods(), []
    for gate in settings.followed.gates if settings.followed else ():
        name, period = f"{gate.chain_id}/{spell(gate.address)}", known.get((gate.chain_id, gate.address))
        if period is not None and period > longest:
            warnings.append(f"PERIOD_TOO_LONG: acceptances at {name} live for {period} seconds, {waits(longest)}")
        elif period is None and longest < LONGEST_PERIOD:
            bound = f"the verifier does not tell this caller how long acceptances at {name} live"
            warnings.append(f"PERIOD_UNKNOWN: {bound}, and the gate takes {LONGEST_PERIOD} seconds; {waits(longest)}")
    return Covering(longest, warnings)


def waits(longest: int) -> str:
    """For how long an exit waits."""
    return f"an exit surely waits for {longest}"
