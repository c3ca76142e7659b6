"""What a proof would tell, and what it would not: read from the very inputs that the proof would be made of.

Every input of a statement has a name. Those that ``facts.public_inputs`` lists are what whoever has the proof sees; two
groups of the others are what the public words ``policy`` and ``context`` were packed of, and stand in the demand. All
that is left is known to the prover alone, and of that the page is told names and no number.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from facts.demand import Demand
from facts.demand_words import describe_demand
from facts.public_inputs import PublicInputs, identify_claim, input_names
from prover.desk import Assembled
from prover.publication import Publication
from prover.rules import words
from prover.witness import Situation

STATED: Final = frozenset({"policy", "context"})
"""What opens these public words is what was demanded."""


def report_disclosure(assembled: Assembled) -> dict[str, object]:
    """The preview of a proof."""
    provable, demand = assembled.provable, assembled.situation.demand
    public = read_public_inputs(assembled)
    learns = explain_inputs(assembled.situation)
    return {
        "statement": provable.name,
        "key_id": provable.key_id,
        "development": provable.is_for_development,
        "claim_id": identify_claim(demand.domain_element, provable.key_id, public),
        "proves": describe_demand(demand, len(public.nullifiers)),
        "revealed": [
            {"name": name, "value": f"{value:064x}", "learns": learns[kind_of(name)]}
            for name, value in zip(public.names, public.values, strict=True)
        ],
        "hidden": [
            {
                "name": name_run(scopes),
                "parts": parts,
                "means": explain_hidden(scopes[0], assembled.situation.publication),
            }
            for scopes, parts in join_runs(group_hidden(assembled.inputs, public.names))
        ],
    }


def read_public_inputs(assembled: Assembled) -> PublicInputs:
    """The public ones among the inputs."""
    names = input_names(len(assembled.situation.kept.locks))
    values = [assembled.inputs[name] for name in names]
    return PublicInputs.of([value for value in values if isinstance(value, int)])


def explain_inputs(situation: Situation) -> dict[str, str]:
    """What somebody learns from each kind of public input who knows everything that is published."""
    published = situation.publication
    locks = sum(len(chain.locks) for chain in published.chains)
    counts = bool(situation.kept.locks)
    return {
        "book_root": f"The state of the venue's book, and that the position is {count_of(book_size(published))} in it.",
        "market_root": f"The oracle's round of prices, the same for everybody: {len(published.facts)} facts.",
        "lock_root": f"The locks of all chains: yours are among {locks} on {len(published.chains)}."
        if counts
        else "Nothing: a constant, because no lock counts.",
        "position_tag": "A pseudonym: the same in every proof of this position, and in nothing else that you do.",
        "nullifier": "One lock, by a number that is its own everywhere, so that it counts once; not which.",
        "context": f"Where the proof is good, and nowhere else: {describe_where(situation.demand)}.",
        "policy": "What was asked, as one number: the sentences of what it proves.",
    }


def explain_hidden(scope: str, published: Publication) -> str:
    """What stays with the prover, in words."""
    count = len(published.facts)
    means = {
        "secret": "The key of the wallet.",
        "position": "Everything of the position.",
        "market": f"Which of the round's {count} facts its market is, and with it prices and terms.",
        "leg": "What it is, bought or sold, how much and at which strike; or that there is none.",
        "holding": f"Which of the round's {count} facts it is, how much of it, bought or sold; or none.",
        "lock": "Which lock it is, on which chain, of what, and how much.",
    }
    return means.get(kind_of(scope), "What else the statement is about.")


def group_hidden(inputs: Iterable[str], public: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The inputs that nobody sees, by what they belong to, as words."""
    groups: dict[str, list[str]] = {}
    for name in inputs:
        scope, _, part = name.partition(".")
        if name not in public and scope not in STATED:
            groups.setdefault(scope, []).append(words(part or scope).replace(".", " "))
    return list(groups.items())


def join_runs(groups: Iterable[tuple[str, list[str]]]) -> list[tuple[list[str], list[str]]]:
    """Groups of one kind that follow each other and have the same parts, as one: all places of a statement."""
    runs = groupby(groups, key=lambda group: (kind_of(group[0]), group[1]))
    return [([scope for scope, _ in run], parts) for (_, parts), run in runs]


def name_run(scopes: Sequence[str]) -> str:
    """``leg[0]`` alone, or from it to ``leg[7]``."""
    return scopes[0] if len(scopes) == 1 else f"{scopes[0]} to {scopes[-1]}"


def kind_of(name: str) -> str:
    """``nullifier`` of ``nullifier[0]``."""
    return name.partition("[")[0]


def book_size(published: Publication) -> int | None:
    """How many positions a book has, where it is a document."""
    return None if published.stored_book is not None else len(published.leaves)


def count_of(size: int | None) -> str:
    """One of so many."""
    return "one" if size is None else f"one of {size}"


def describe_where(demand: Demand) -> str:
    """Domain and binding of a demand."""
    binding = demand.binding
    until = datetime.fromtimestamp(binding.expiry, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return (
        f"domain {demand.domain}, verifier {binding.verifier}, contract 0x{binding.contract.hex()} "
        f"on chain {binding.chain_id}, recipient 0x{binding.recipient.hex()}, until {until}"
    )
