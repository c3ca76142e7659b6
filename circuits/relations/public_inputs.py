"""The public inputs that every statement has, in the order that ``facts.public_inputs`` owns."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from circuits.builder import Builder, Element
from circuits.signal import Signal
from facts.public_inputs import input_names, unused_input

MEANINGS: Final = {
    "book_root": "root of the venue's positions",
    "market_root": "root of the markets, assets and instruments of an oracle round",
    "lock_root": "root of the locks of all chains",
    "position_tag": "the public name of the position",
    "nullifier": "what spends this lock",
    "context": "where the proof may be used",
    "policy": "requirement, shock, buffer and least basket value in one word",
}


@dataclass(frozen=True, slots=True, eq=False)
class PublicSignals:
    """The public inputs of one statement."""

    book_root: Signal
    market_root: Signal
    lock_root: Signal
    position_tag: Signal
    nullifiers: tuple[Signal, ...]
    context: Signal
    policy: Signal


def declare_public_inputs(builder: Builder, locks: int, *, unused: Collection[str] = ()) -> PublicSignals:
    """All of them in order; those that are unused are held to their constant, and without locks so is their root.

    The statement has to tie each of the others to something: an input that no constraint reads is no part of a proof.
    """
    signals = {name: builder.public(name, Element(), MEANINGS[name.partition("[")[0]]) for name in input_names(locks)}
    for name in (*unused, *(() if locks else ("lock_root",))):
        builder.enforce_equal(signals[name], unused_input(name), rule=f"{name}_is_unused")
    nullifiers = tuple(signals.pop(f"nullifier[{index}]") for index in range(locks))
    return PublicSignals(**signals, nullifiers=nullifiers)
