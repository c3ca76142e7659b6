"""The rules of statements as sentences: what a trader is told whose position breaks one.

A rule that has no sentence here is told by its name, whose words are those of the domain already.
"""

import re
from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "equity_covers_requirement": "the equity covers the requirement, with the buffer on top",
    "basket_covers_least_value": "the locked assets count for the least value that is demanded",
    "equity_is_not_negative": "the equity is not below zero",
    "equity_covers_worst_loss": "the equity covers the structure's worst loss, with the buffer on top",
    "loss_is_limited": "the structure's loss is limited however far the price rises",
    "equity_covers_short_minimums": "the equity covers the short minimums, with the buffer on top",
    "equity_covers_scenario": "the equity covers the loss in every scenario, with the buffer on top",
    "basis_above_floor": "the notional is above the floor of the tier that was opened",
    "notional_at_most_ceiling": "the notional is within the tier that was opened, and within the market's cap",
    "entry_at_most_ceiling": "the entry notional is within the tier that was opened, and within the market's cap",
    "value_in_tier_above_low": "the locked amount is above the floor of the haircut tier that was opened",
    "value_in_tier_at_most_high": "the locked amount is within the haircut tier that was opened",
    "position_in_book": "the position stands in the book",
    "market_in_round": "the market stands in the oracle's round",
    "instrument_in_round": "the instrument stands in the oracle's round",
    "policy_has_no_shock": "the policy asks for no shock: this statement has its own worst price",
    "release_is_of_lock": "asset and amount are those of the lock",
    "asset_tier_in_round": "the asset stands in the oracle's round",
    "lock_in_tree": "the lock stands among the locks of its chain",
    "path_holds_leaf": "the path begins at the leaf that it is said to begin at",
    "tag_is_of_position": "the position tag is that of the position",
    "nullifier_is_of_lock": "the nullifier is that of the lock",
    "context_opens": "the context is that of the domain and the binding",
    "context_is_given": "a context is given",
    "locks_differ": "no lock is counted twice",
    "size_above_zero": "the position has a size",
    "entry_above_zero": "the position was opened for something",
    "price_above_zero": "the market has a price",
    "shock_leaves_a_price": "the shock leaves the market a price",
}
RANGE: Final = re.compile(r"(\w+)_fits_\d+_bits")


def describe_rule(rule: str) -> str:
    """``lock[0].lock_in_tree`` as a sentence; scopes before the name say where."""
    *scopes, name = rule.split(".")
    bounded = RANGE.fullmatch(name)
    sentence = f"{words(bounded[1])} is within its range" if bounded else SENTENCES.get(name, words(name))
    return f"{sentence} ({', '.join(map(words, scopes))})" if scopes else sentence


def words(name: str) -> str:
    """A name in words."""
    return name.replace("_", " ")
