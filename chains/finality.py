"""What was final is so still: a chain that takes it back is none that anything can be counted on."""

from chains.escrow import contradicts
from chains.rpc import Chain


def require_unchanged(chain: Chain, final: int, number: int, block_hash: bytes) -> None:
    """Raise unless a block that was final has the hash that it had, and finality has not gone back behind it."""
    if final < number:
        raise contradicts("final block", f"block {final}", f"block {number}, which was final, or a later one")
    if chain.agreed_block(number).hash != block_hash:
        raise contradicts(f"block {number}", "another hash", "the hash that it had when it was final")
