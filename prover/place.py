"""Where a proof of a change of positions is to be good, before it is known what it will say."""

from dataclasses import dataclass

from facts.context import Binding, name_domain
from facts.demand import Demand, Said


@dataclass(frozen=True, slots=True)
class Where:
    """The registry that spends are written down in, and the one place that the proof is for."""

    domain: str
    binding: Binding

    @property
    def domain_element(self) -> int:
        """The registry as a context names it."""
        return name_domain(self.domain)

    def demand(self, said: Said) -> Demand:
        """What a proof says, and that it is good here."""
        return Demand(said, self.domain, self.binding)
