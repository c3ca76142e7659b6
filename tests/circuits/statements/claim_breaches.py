"""For each rule that all statements of margin have inputs that break it, and how inputs are altered to do so."""

from circuits.statements.claim import Inputs
from facts.packing import POLICY
from facts.policy import MAX_SHOCK_PPM
from tests.circuits.statements.cheating import derived_from, forge, locks_of, number


def find_breaches_of_claim(honest: Inputs, basket: int = 0) -> dict[str, Inputs]:
    """A breach of what holds for the position, the locks and the policy, whatever the position is."""
    least = POLICY.bits - POLICY.widths["least_basket_value"]
    rich = (basket + 1 << least) + number(honest, "policy") % (1 << least)
    return {
        "policy.shock_leaves_a_price": forge(honest, {"policy.shock_ppm": MAX_SHOCK_PPM + 1}),
        "position.path_holds_leaf": after(honest, "position.salt"),
        "position.position_in_book": after(honest, "book_root"),
        "position.tag_is_of_position": after(honest, "position_tag"),
        "basket_covers_least_value": honest | {"policy": rich},
        **breaches_of_locks(honest, len(locks_of(honest))),
    }


def breaches_of_locks(honest: Inputs, locks: int) -> dict[str, Inputs]:
    """What depends on how many locks there are."""
    if not locks:
        unused = {"lock_root_is_unused": after(honest, "lock_root")}
        return {"context_is_given": honest | {"context": 0}} | unused
    return {"context.context_opens": after(honest, "context")} | ({"locks_differ": twice(honest)} if locks > 1 else {})


def breaches_of_market(honest: Inputs) -> dict[str, Inputs]:
    """A tier that the round does not have."""
    return {
        "market.path_holds_leaf": after(honest, "market.policy_hash"),
        "market.market_in_round": with_other_root(honest, "market.path"),
    }


def after(inputs: Inputs, name: str) -> Inputs:
    """The inputs with one of them larger by 1."""
    return inputs | {name: number(inputs, name) + 1}


def with_derived(inputs: Inputs) -> Inputs:
    """The inputs with the public names that follow from them."""
    return inputs | dict(derived_from(inputs))


def twice(inputs: Inputs) -> Inputs:
    """The first lock in the place of the second too."""
    first = {name: value for name, value in inputs.items() if name.startswith("lock[0].")}
    again = {name.replace("lock[0]", "lock[1]"): value for name, value in first.items()}
    return inputs | again | {"nullifier[1]": inputs["nullifier[0]"]}


def with_other_root(inputs: Inputs, path: str) -> Inputs:
    """A path that holds its leaf and leads elsewhere: a sibling at the top is another."""
    children = inputs[path]
    assert not isinstance(children, int)
    return inputs | {path: [*children[:-1], children[-1] + 1]}
