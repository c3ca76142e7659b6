"""The key that a program signs with: the one of a folder that is in use for its role."""

from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from facts import ed25519, secp256k1
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from margin.errors import MisuseError, Reason

KeyT = TypeVar("KeyT", ed25519.SigningKey, secp256k1.SigningKey)
ALGORITHMS: Final = MappingProxyType({ed25519.SigningKey: Algorithm.ED25519, secp256k1.SigningKey: Algorithm.SECP256K1})


def open_own_key(folder: Path, role: Role, kind: type[KeyT], passphrase: str) -> KeyT:
    """The key of a kind that is in use for a role."""
    keys = KeyFolder(folder)
    listed = keys.read().in_use(role, ALGORITHMS[kind])
    if listed is None:
        expected = f"a key of role {role.value} that is neither retired nor revoked"
        raise MisuseError(Reason.NO_SIGNER, str(folder), found="none", expected=expected)
    key = keys.open(listed, passphrase)
    if not isinstance(key, kind):
        expected = f"a key of {ALGORITHMS[kind].value}"
        raise MisuseError(Reason.NOT_A_KEY, listed.name, found="another one", expected=expected)
    return key
