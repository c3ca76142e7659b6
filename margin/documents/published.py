"""The venues' public policies that ship with the product, and files that users bring."""

from functools import cache
from importlib import resources
from pathlib import Path

from margin.documents.policy_document import PolicyDocument, read_policy
from margin.documents.reading import Fields, parse_toml, read_document
from margin.errors import MisuseError, Reason

FOLDER = resources.files("margin") / "policies"


@cache
def list_policies() -> tuple[str, ...]:
    """The names of the policies that ship, sorted."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in FOLDER.iterdir() if entry.name.endswith(".toml")))


@cache
def load_policy(name: str) -> PolicyDocument:
    """A shipped policy by name."""
    if name not in list_policies():
        raise MisuseError(
            Reason.UNKNOWN_POLICY, "policy", found=name, expected=f"a file or one of {', '.join(list_policies())}"
        )
    return read_policy(parse_toml((FOLDER / f"{name}.toml").read_bytes()))


def find_policy(name: str, folder: Path | None) -> PolicyDocument:
    """A shipped policy by name, or a policy file by its path from ``folder``; no file where there is none."""
    if folder is None or not name.endswith((".toml", ".json")):
        return load_policy(name)
    with Fields({"file": read_document(folder / name)}) as fields:
        return read_policy(fields.take("file"))
