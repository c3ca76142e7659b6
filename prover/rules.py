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
    "book_is_given": "a book is given",
    "absent_has_nothing": "a position without lots has no entry and no cash",
    "nullifier_is_of_leaf": "the nullifier is that of the position before, or of none",
    "birth_is_of_position": "the birth is that of the position that is opened, or of none",
    "id_is_not_reserved": "the position's id is not the one that stands for no position",
    "positions_differ": "the two positions have different ids",
    "no_more_is_closed_than_there_is": "no more lots are closed than there are, and no more held than fit",
    "traded_price_above_zero": "the market has a price for the side of the trade",
    "entry_grows_by_value": "the entry notional grows by what the lots are worth, rounded up",
    "entry_keeps_its_share": "the lots that stay keep their share of the entry notional",
    "entry_rounds_up_to_the_next": "the share of the entry notional is rounded up, to the next unit and no further",
    "zero_has_no_sign": "cash of nothing has no sign",
    "cash_is_conserved": "the cash afterwards is the cash before with what flowed",
    "fee_covers_closing_fee": "the fee covers the market's closing fee",
    "one_currency": "both positions settle in one currency",
    "wallet_balances": "what the wallet paid and was paid is what the positions got and gave",
    "fees_add_up": "the fees are those of both positions",
    "settlement_adds_up": "what is settled is what both positions settle",
    "transition_is_stated": "the new leaves and the flows are those that are stated",
    "position_was_breached": "the equity was below the maintenance requirement at the attested price",
    "execution_above_zero": "the execution was at a price above zero",
    "closed_above_zero": "at least one lot is closed",
    "closed_at_most_size": "no more lots are closed than there are",
    "left_entry_rounds_up": "the lots that stay keep their share of the entry notional, rounded up",
    "left_entry_is_least": "the share of the entry notional is rounded up to the next unit and no further",
    "notional_against_trader": "the notional that is closed is rounded against the trader",
    "notional_is_nearest": "the notional that is closed is rounded to the next unit and no further",
    "rule_is_provable": "the policy closes all lots, the least number, or a fraction",
    "full_closes_all": "the policy closes all lots",
    "small_position_is_closed": "the policy closes all lots of a position up to its threshold",
    "fraction_is_closed": "at least the policy's fraction is closed",
    "fraction_is_least": "no lot more than the policy's fraction is closed",
    "denominator_in_bounds": "the prices, and the size beside them, are within what can be compared",
    "requirements_on_one_basis": "both requirements of the target have one basis",
    "left_at_most_ceiling": "what is left is within the tier that was opened for it",
    "left_above_floor": "what is left is above the floor of the tier that was opened for it",
    "more_above_floor": "one lot more is above the floor of the tier that was opened for it",
    "target_is_restored": "what is left covers the target",
    "initial_target_is_restored": "what is left covers the initial requirement of the target",
    "initial_is_a_target": "the initial requirement is lacked only where it is a target",
    "lacked_is_of_tier": "the requirement that is lacked is that of its tier",
    "one_lot_less_is_too_few": "with one lot less closed the target would not be covered",
    "top_holds_tier": "the tier's path ends at a child of the round's root",
    "word_is_of_outcome": "the new leaf and the flows are those that are stated",
    "position_is_bankrupt": "the position has no equity at the attested price",
    "bankrupt_in_book": "the bankrupt position stands in the book",
    "bankrupt_has_lots": "the bankrupt position has lots",
    "equity_above_zero": "an entry of the queue has equity",
    "notional_in_bounds": "the notional is within what can be ranked",
    "entry_in_bounds": "the entry notional is within what can be ranked",
    "taken_at_most_size": "no more lots are taken of an entry than it has",
    "entries_differ": "no position stands in the queue twice",
    "no_place_left_out": "the queue has no place without an entry before one with an entry",
    "highest_score_first": "the queue is in the order of its scores",
    "equal_scores_by_leaf": "equal scores are in the order of their leaves",
    "front_is_taken_first": "lots are taken from the front of the queue",
    "all_lots_are_closed": "as many lots are taken as the bankrupt position has",
    "word_is_of_queue": "the entries are those that are stated",
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
