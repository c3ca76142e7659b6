"""What the shapes of all margin statements have in common: how many locks, and how deep the trees are."""

from dataclasses import dataclass

from circuits.statement import Statement
from facts.book_root import BOOK_LEVELS
from facts.lock_root import LOCK_LEVELS
from facts.market_root import MARKET_LEVELS


@dataclass(frozen=True)
class MarginStatement(Statement):
    """A claim that the equity of one hidden position suffices; the locks back it and nothing else does."""

    locks: int = 0
    book_levels: int = BOOK_LEVELS
    market_levels: int = MARKET_LEVELS
    lock_levels: int = LOCK_LEVELS

    @property
    def shape(self) -> dict[str, int]:
        """Without locks, how deep their tree is makes no difference."""
        depth = {"lock_levels": self.lock_levels} if self.locks else {}
        return {"locks": self.locks, "book_levels": self.book_levels, "market_levels": self.market_levels} | depth
