"""The catalogue of errors, made of the reasons in the code: ``python -m tests.packaging.error_catalogue``.

The console shows the same words: they are written into its sources, too.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import grpc

from tests.packaging.sources import REPOSITORY
from verifier.steps import Step

PAGE = REPOSITORY / "docs" / "errors.md"
SCRIPT = REPOSITORY / "console" / "src" / "reasons.ts"
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
| unreachable | nobody answers in time; it may have been done all the same | 2 | `UNAVAILABLE`, `DEADLINE_EXCEEDED` |
| malformed | the input cannot be read as what it claims to be | 3 | `INVALID_ARGUMENT` |
| internal | a defect; nothing that was computed may be used | 4 | `INTERNAL` |

How they travel over gRPC is in [Serving](serving.md#errors), how the steps of acceptance are numbered in
[The verifier](verifier/service.md). Metrics count refusals by their reasons, and [the console](console.md) shows them.

## Whose it is to mend

A reason says what is wrong; the step, or the code of gRPC, says who can do something about it.

"""
FILES = re.compile(r"[WFC][0-9]{2}_")
"""How reasons begin that no claim is refused for: they are about files."""
CALLERS = "The caller"
NOBODYS = "Nobody: it tries again by itself"
MENDED: dict[Step | grpc.StatusCode, str] = {
    Step.WELL_FORMED: "The caller's program",
    Step.KEY_ALLOWED: "The trader: this verifier does not allow the key of that circuit",
    Step.ROOTS_KNOWN: "The trader, who proves anew under published roots; if all are refused, whoever signs them",
    Step.ROOTS_FRESH: "The trader, who proves anew under the newest roots; if all are refused, whoever is late",
    Step.CONTEXT_MINE: "The trader, who proves for this place, and sends it in time",
    Step.POLICY_SUFFICES: "The trader, who proves what is asked for here",
    Step.PROOF_VALID: "The trader, who proves anew: it was made for other inputs or altered on its way",
    Step.UNUSED: "The trader: the lock, the claim or the acceptance is not free for it",
    Step.SIGN: "Whoever runs the verifier",
    grpc.StatusCode.UNAUTHENTICATED: "The caller, who shows another certificate; or whoever keeps the table of callers",
    grpc.StatusCode.PERMISSION_DENIED: "The caller, who asks for less; or whoever keeps the table of callers",
    grpc.StatusCode.INVALID_ARGUMENT: "The caller's program",
    grpc.StatusCode.FAILED_PRECONDITION: CALLERS,
    grpc.StatusCode.NOT_FOUND: CALLERS,
    grpc.StatusCode.ALREADY_EXISTS: CALLERS,
    grpc.StatusCode.RESOURCE_EXHAUSTED: NOBODYS,
    grpc.StatusCode.DEADLINE_EXCEEDED: NOBODYS,
    grpc.StatusCode.CANCELLED: "Nobody: the caller waits no more, and streams end so",
    grpc.StatusCode.UNAVAILABLE: "Whoever runs the verifier",
    grpc.StatusCode.INTERNAL: "Whoever runs the verifier",
}


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
    mended = [f"| {name_refusal(place)} | {whose} |" for place, whose in MENDED.items()]
    parts = [HEAD + "\n".join(["| refused | whose |", "|---|---|", *mended]) + "\n"]
    for source, title in SOURCES.items():
        rows = [f"| `{name}` | {text} |" for name, text in list_reasons(REPOSITORY / source)]
        parts.append("\n".join([f"## {title}", "", "| reason | what it says |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def name_refusal(place: Step | grpc.StatusCode) -> str:
    """A step by its number, or a code."""
    return f"step {place.value}" if isinstance(place, Step) else f"`{place.name}`"


def render_script() -> str:
    """The same words for the console: of claims, of calls, and whose a refusal is to mend."""
    margin, serving, snark = (dict(list_reasons(REPOSITORY / source)) for source in SOURCES)
    claims = {**{name: text for name, text in snark.items() if not FILES.match(name)}, **margin}
    tables = {
        "OF_CLAIMS": claims,
        "OF_CALLS": serving,
        "TO_MEND": {
            place.name if isinstance(place, grpc.StatusCode) else place.name.lower(): whose
            for place, whose in MENDED.items()
        },
    }
    parts = ["// Generated from the reasons in the code by `make protos`; docs/errors.md has the same words.\n"]
    for name, rows in tables.items():
        lines = (f"  {key}: {json.dumps(text)},\n" for key, text in rows.items())
        parts.append(f"export const {name}: Record<string, string> = {{\n{''.join(lines)}}};\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render_catalogue(), encoding="utf-8")
    SCRIPT.write_text(render_script(), encoding="utf-8")
