"""An open wallet with several callers: each has positions of its own, one writer at a time, whole or not at all.

What the command line committed belongs to one of the callers, by its name. A position is found by the caller that
committed it; to everybody else there is none of that name.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from prover.commitment import find_locks
from prover.publication import Publication
from prover.succession import find_standing
from prover.wallet import Asked, KeptPosition, Secrets, Wallet
from serving.errors import MisuseError, Reason, RejectedError

Make = Callable[[Secrets, KeptPosition | None], KeptPosition | None]
"""What becomes of a position, by a wallet's key; nothing where it can't be that."""
MadeT = TypeVar("MadeT")
MakeChange = Callable[[Secrets, Mapping[str, KeptPosition]], tuple[MadeT, Mapping[str, KeptPosition]]]
"""Something that is made of a caller's positions, and what has to be kept of them before it is handed out."""


class Vault:
    """The wallet of a prover that serves."""

    def __init__(self, wallet: Wallet, keeper: str) -> None:
        """``keeper`` is the caller whose positions are those of the command line."""
        self._wallet = wallet
        self._keeper = keeper
        self._lock = threading.Lock()

    @property
    def key(self) -> int:
        """The secret of every commitment."""
        return self._wallet.secrets.key

    def commit(self, caller: str, name: str, asked: Asked, make: Make) -> KeptPosition:
        """Keep what is made, of the position that has the name or of none; it is on the disk when this returns.

        The same request again is the same position. Where nothing can be made of the one that is there, the name is
        taken.
        """
        with self._lock:
            positions = self._positions(caller)
            for called, kept in positions.items():
                if kept.asked is not None and kept.asked.request_id == asked.request_id:
                    return require_same(kept, asked, is_same_name=called == name)
            made = make(self._wallet.secrets, positions.get(name))
            if made is None:
                expected = "a name that no other position has, or the same position with further locks"
                raise MisuseError(Reason.NAME_TAKEN, "name", found="one that is taken", expected=expected)
            self._save(caller, {**positions, name: made})
            return made

    def position(self, caller: str, name: str) -> KeptPosition:
        """A position of this caller."""
        with self._lock:
            return require_known(self._positions(caller), name)

    def positions(self, caller: str) -> Mapping[str, KeptPosition]:
        """All of this caller's, by their names."""
        with self._lock:
            return dict(self._positions(caller))

    def settled_position(self, caller: str, name: str, publication: Publication) -> KeptPosition:
        """A position of this caller with all of its locks, as the book shows it; what was found now is kept."""
        with self._lock:
            positions = self._positions(caller)
            kept = require_known(positions, name)
            settled = find_standing(find_locks(kept, publication), publication)
            if settled is not kept:
                self._save(caller, {**positions, name: settled})
            return settled

    def change(self, caller: str, make: MakeChange[MadeT]) -> MadeT:
        """Keep what positions may become; it is on the disk when this returns, and what is to be proved may leave."""
        with self._lock:
            positions = self._positions(caller)
            made, changed = make(self._wallet.secrets, positions)
            self._save(caller, {**positions, **changed})
            return made

    def require_usable(self) -> None:
        """The file is the one that was opened: a check of readiness."""
        with self._lock:
            self._wallet.require_unchanged()

    def _positions(self, caller: str) -> dict[str, KeptPosition]:
        content = self._wallet.secrets
        return content.positions if caller == self._keeper else content.callers.get(caller, {})

    def _save(self, caller: str, positions: dict[str, KeptPosition]) -> None:
        """Write the wallet with these positions of a caller; where that fails nothing has changed."""
        content = self._wallet.secrets
        if caller == self._keeper:
            self._wallet.secrets = Secrets(content.key, positions, content.callers)
        else:
            self._wallet.secrets = Secrets(content.key, content.positions, {**content.callers, caller: positions})
        try:
            self._wallet.save()
        except OSError:
            self._wallet.secrets = content
            expected = "a wallet that can be written"
            raise RejectedError(Reason.NOT_READY, "wallet", found="an error", expected=expected) from None
        except BaseException:
            self._wallet.secrets = content
            raise


def require_known(positions: dict[str, KeptPosition], name: str) -> KeptPosition:
    """A position that is there."""
    if name not in positions:
        expected = "a position that this caller has committed"
        raise RejectedError(Reason.NOT_FOUND, "name", found="another one", expected=expected)
    return positions[name]


def require_same(kept: KeptPosition, asked: Asked, *, is_same_name: bool) -> KeptPosition:
    """What is asked under an id is what was asked under it before."""
    if not is_same_name or kept.asked != asked:
        expected = "an id that no other request had"
        raise RejectedError(Reason.REQUEST_ID_TAKEN, "request_id", found="one that had", expected=expected)
    return kept
