"""The catalogue of errors, made of the reasons in the code: ``python -m tests.packaging.error_catalogue``."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.packaging.sources import REPOSITORY

PAGE = REPOSITORY / "docs" / "errors.md"
SOURCES = {
    "margin/errors.py": "Positions, facts, claims and what a verifier remembers",
    "serving/errors.py": "Calls and settings of servers",
    "snark/errors.py": "Keys, proofs and their files",
}
HEAD = """# Errors

<!-- Generated from the reasons in the code by `make protos`. -->

Every refusal, whether a command, a server or a function makes it, has the same parts: a `kind`, a `reason`, the `field`
it is about, what was `found` there (told to nobody but who asked on this machine) and what was `expected`. A reason is
never renamed or used again, so that a program can act on it; the other parts are for people.

| kind | what | exit code | code of gRPC |
|---|---|---|---|
| rejected | a rule says no | 1 | `FAILED_PRECONDITION`, or a refusal with its step |
| misuse | the question does not apply | 2 | `FAILED_PRECONDITION` |
| malformed | the input cannot be read as what it claims to be | 3 | `INVALID_ARGUMENT` |
| internal | a defect; nothing that was computed may be used | 4 | `INTERNAL` |

How they travel over gRPC is in [Serving](serving.md#errors), how the steps of acceptance are numbered in
[The verifier](verifier/service.md).
"""


def list_reasons(source: Path) -> Iterator[tuple[str, str]]:
    """The reasons of a package in their order, each with what it says."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Reason")
    for node, after in zip(kind.body, [*kind.body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, read_text(after)


def read_text(node: ast.stmt | None) -> str:
    """The text that stands behind a reason; nothing where there is none."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).split())
    return ""


def render_catalogue() -> str:
    """The page."""
    parts = [HEAD]
    for source, title in SOURCES.items():
        rows = [f"| `{name}` | {text} |" for name, text in list_reasons(REPOSITORY / source)]
        parts.append("\n".join([f"## {title}", "", "| reason | what it says |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render_catalogue(), encoding="utf-8")
