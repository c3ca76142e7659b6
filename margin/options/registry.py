"""From a policy's words to a rule: the name of a family, and a value for each of its parameters."""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from margin.errors import MalformedError, Reason
from margin.options.bybit import BybitRule
from margin.options.deribit import DeribitRule
from margin.options.derive import DeriveRule
from margin.options.gate import GateRule
from margin.options.paradex import ParadexRule

AnyOptionRule = BybitRule | DeribitRule | DeriveRule | GateRule | ParadexRule

OPTION_RULES: Mapping[str, type[AnyOptionRule]] = MappingProxyType(
    {rule.name: rule for rule in (BybitRule, DeribitRule, DeriveRule, GateRule, ParadexRule)}
)
"""Every family by its name."""


def list_parameters(rule: type[AnyOptionRule]) -> tuple[str, ...]:
    """The names of a family's parameters in their order; every one must be given."""
    return tuple(field.name for field in fields(rule))


def build_option_rule(name: str, parameters: Mapping[str, object]) -> AnyOptionRule:
    """The rule of the family ``name`` with exactly the ``parameters`` it asks for."""
    family = OPTION_RULES.get(name)
    if family is None:
        raise MalformedError(Reason.NOT_A_CHOICE, "rule", found=name, expected=f"one of {', '.join(OPTION_RULES)}")
    expected = list_parameters(family)
    for given in parameters:
        if given not in expected:
            raise MalformedError(Reason.UNKNOWN_FIELD, given, found=given, expected=f"one of {', '.join(expected)}")
    for wanted in expected:
        if wanted not in parameters:
            raise MalformedError(Reason.MISSING_FIELD, wanted, found=None, expected=f"a value: {name} asks for it")
    return family(**parameters)  # type: ignore[arg-type]  # each family checks its own fields
