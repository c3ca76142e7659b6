"""Option rules as a policy file writes them: the rule's name, and each of its parameters by name.

The parameters are the fields of the rule's dataclass, so a rule that gains a parameter gains it
here, in the error texts and in ``ringfence policy show`` without another line.
"""

from enum import Enum
from fractions import Fraction
from typing import get_type_hints

from margin.documents.reading import Fields
from margin.errors import InternalError, MalformedError, Reason
from margin.options import OptionRule
from margin.options.registry import OPTION_RULES, build_option_rule, list_parameters


def read_option_rule(fields: Fields) -> OptionRule:
    """``rule = "deribit"`` and its parameters; every one of them must be there."""
    with fields:
        name = fields.text("rule")
        if name not in OPTION_RULES:
            raise MalformedError(
                Reason.NOT_A_CHOICE, "rule", found=name, expected=f"one of {', '.join(sorted(OPTION_RULES))}"
            )
        family = OPTION_RULES[name]
        hints = get_type_hints(family)
        return build_option_rule(
            name, {each: read_parameter(fields, each, hints[each]) for each in list_parameters(family)}
        )


def read_parameter(fields: Fields, name: str, kind: object) -> object:
    """One parameter, by the type that the rule gives it."""
    if kind is Fraction:
        return fields.rate(name)
    if kind is bool:
        return fields.boolean(name)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return fields.choice(name, kind)
    raise InternalError(Reason.BROKEN_INVARIANT, name, found=kind, expected="a parameter type that a file can write")
