"""Whether ``ringfence`` would understand what a page or a unit tells it, without doing it."""

from functools import cache
from typing import Final

from tests.packaging.interface_reference import list_commands, options

SANDBOX: Final = "sandbox"
"""Its first command is the one that is meant where none is named."""


@cache
def known_options() -> dict[str, set[str]]:
    """The options of every command."""
    return {
        " ".join(words): {name for each in options(command) for name in (*each.opts, *each.secondary_opts)}
        for words, command in list_commands()
    }


def require_command(words: list[str]) -> None:
    """``ringfence`` has this command, with these options."""
    named = [word for word in words if not word.startswith("-")]
    if named[0] == SANDBOX and " ".join(named[:2]) not in known_options():
        named.insert(1, "make")
    found = [" ".join(named[:count]) for count in (3, 2, 1) if " ".join(named[:count]) in known_options()]
    assert found, f"no command: ringfence {' '.join(words)}"
    said = {
        word.split("=")[0] for word in words if word.startswith("-") and word not in {"-", "--json", "--help", "-h"}
    }
    unknown = said - known_options()[found[0]]
    assert not unknown, f"ringfence {found[0]} has no {', '.join(sorted(unknown))}"
