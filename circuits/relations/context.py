"""The context: where a proof may be used.

    context = H(tag, domain, binding)

The verifier compares the public context with its own. Inside a statement only the domain matters: it has to be the
domain of every lock, so that two registries of nullifiers can't both accept one lock. The binding may be anything here,
because the hash already fixes it.
"""

from circuits.builder import Builder, Element
from circuits.gadgets.comparison import enforce_nonzero
from circuits.relations.commitment import hash_tagged
from circuits.signal import Signal
from facts.tags import Tag


def open_context(builder: Builder, context: Signal) -> Signal:
    """The domain inside the context: determined, because nobody finds a second opening of a hash."""
    with builder.scope("context"):
        domain = builder.private("domain", Element(), "the registry of nullifiers")
        binding = builder.private("binding", Element(), "hash of verifier, chain, contract, recipient and expiry")
        builder.enforce_equal(hash_tagged(builder, Tag.CONTEXT, domain, binding), context, rule="context_opens")
    return domain


def bind_context(context: Signal) -> None:
    """A statement without locks reads nothing of its context, and ties it all the same: it is not zero.

    That is what makes a proof for one context invalid for any other.
    """
    enforce_nonzero(context, rule="context_is_given")
