"""What programs and shells may call, read off the code: ``python -m tests.packaging.interface_reference``."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from ringfence.cli.commands import build_app
from tests.packaging.sources import REPOSITORY

REFERENCE: Final = REPOSITORY / "docs" / "reference"
PYTHON_PAGE: Final = REFERENCE / "python.md"
COMMAND_PAGE: Final = REFERENCE / "commands.md"
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)

PYTHON_HEAD: Final = """# Python interface

<!-- Generated from the code by `make reference`. -->

What a program calls, with the signatures of the code; every module has more, and its docstrings
say why. How to use them is told in the pages that are named. Everything is typed, and errors are raised:
no result has to be looked at for whether it holds.
"""
COMMAND_HEAD: Final = """# Every command

<!-- Generated from the code by `make reference`. -->

Arguments and options as `--help` tells them; what the commands are for is in
[Command line](../cli.md). Every command ends with one of the [exit codes](../cli.md#exit-codes).
"""
PARTS: Final[dict[str, tuple[str, tuple[tuple[str, ...], ...]]]] = {
    "Margin": (
        "Exact rules over one position or many: [Perpetuals](../margin/perpetuals.md), [Batch](../margin/batch.md).",
        (
            ("margin.documents.reading", "read_document"),
            ("margin.documents.published", "list_policies", "load_policy", "find_policy"),
            ("margin.position", "Position", "MarketState"),
            ("margin.evaluation", "evaluate_position", "Evaluation"),
            ("margin.liquidation", "compute_liquidation_price", "compute_bankruptcy_price", "is_liquidatable"),
            ("margin.columns", "PositionColumns"),
            ("margin.batch", "evaluate_batch", "available_backends"),
        ),
    ),
    "Calling servers": (
        "Answers are checked before they are handed on: [Calling a server](../client.md).",
        (
            ("ringfence.client.settings", "ConnectionSettings"),
            ("ringfence.client.connection", "Connection"),
            ("ringfence.client.aio", "AsyncConnection"),
            ("ringfence.client.verifier", "Verifier"),
            ("ringfence.client.prover", "Prover", "ProofRequest", "TransitionRequest"),
            ("ringfence.client.registry", "Registry"),
            ("ringfence.client.log", "Log"),
            ("ringfence.client.heads", "LastHead"),
        ),
    ),
    "Relying on an attestation": (
        "Without asking anybody: [Attestations](../attestations.md).",
        (
            ("facts.anchor", "Anchor", "read_anchor"),
            ("facts.attestation_document", "read_attestation", "render_attestation"),
        ),
    ),
    "Proofs": (
        "In the files of circom and snarkjs: [Proving](../snark/proving.md), [Verifying](../snark/verifying.md).",
        (
            ("snark.groth16.prove", "ProvingKey", "read_witness"),
            ("snark.groth16.verify", "verify_proof"),
            ("snark.groth16.batch", "verify_batch", "Claim"),
            ("snark.groth16.formats.verification_key", "read_verifying_key"),
            ("snark.groth16.formats.proof_json", "read_proof"),
            ("snark.groth16.formats.public_json", "read_public"),
        ),
    ),
}


def render_python() -> str:
    """The page of the Python interface."""
    parts = [PYTHON_HEAD]
    for title, (words, modules) in PARTS.items():
        parts.append(f"## {title}\n\n{words}\n")
        for module, *names in modules:
            parts.append(f"### `{module}`\n")
            found = find_definitions(REPOSITORY / Path(*module.split(".")).with_suffix(".py"))
            parts += [entry for name in names for entry in describe(found[name])]
    return "\n".join(parts)


def find_definitions(source: Path) -> dict[str, ast.stmt]:
    """The classes and functions of a module by their names; of overloads the last, which is the one that is called."""
    body = ast.parse(source.read_text(encoding="utf-8")).body
    return {node.name: node for node in body if isinstance(node, (ast.ClassDef, *FUNCTIONS))}


def describe(node: ast.stmt) -> Iterator[str]:
    """A function, or a class with what can be asked of it, each with the first words of its docstring."""
    if isinstance(node, ast.ClassDef):
        lines = [f"class {node.name}{fields_of(node)}"]
        methods = [each for each in node.body if isinstance(each, FUNCTIONS)]
        shown = [each for each in methods if each.name == "__init__" or not each.name.startswith("_")]
        for method in shown:
            words = first_words(method)
            lines += [f"    # {words}"] if words and method.name != "__init__" else []
            lines += [f"    {line}" for line in decorated(method)]
        yield f"{first_words(node)}\n\n```text\n" + "\n".join(lines) + "\n```\n"
    elif isinstance(node, FUNCTIONS):
        yield f"{first_words(node)}\n\n```text\n" + "\n".join(decorated(node)) + "\n```\n"


def fields_of(node: ast.ClassDef) -> str:
    """What a dataclass is made of, in its order; nothing of other classes."""
    if not any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        return ""
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    return "(" + ", ".join(ast.unparse(each).replace("\n", " ") for each in fields) + ")"


def decorated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """A signature, over several lines where it is long."""
    kinds = [f"@{ast.unparse(each)}" for each in node.decorator_list]
    keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{keyword} {node.name}({ast.unparse(node.args)}){returns}"
    return [*kinds, line]


def first_words(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first line of a docstring."""
    return (ast.get_docstring(node) or "").partition("\n")[0]


def render_commands() -> str:
    """The page of the command line."""
    parts = [COMMAND_HEAD]
    group = ""
    for words, command in list_commands():
        if len(words) > 1 and words[0] != group:
            parts.append(f"## {words[0]}\n")
        group = words[0] if len(words) > 1 else ""
        level = "###" if group else "##"
        help_text = " ".join((command.help or "").split("\n\n")[0].split())
        usage = " ".join(["ringfence", *words, *(argument_of(each) for each in arguments(command))])
        rows = [f"| `{', '.join(each.opts + each.secondary_opts)}` | {told(each)} |" for each in options(command)]
        table = "\n".join(["| option | |", "|---|---|", *rows]) + "\n" if rows else ""
        parts.append(f"{level} {' '.join(words)}\n\n{help_text}\n\n```text\n{usage}\n```\n\n{table}".rstrip() + "\n")
    return "\n".join(parts)


def list_commands() -> Iterator[tuple[list[str], TyperCommand]]:
    """Every command with the words that call it, in the order of the alphabet."""
    root = typer.main.get_command(build_app(None))
    assert isinstance(root, TyperGroup)
    yield from walk(root, [])


def walk(group: TyperGroup, words: list[str]) -> Iterator[tuple[list[str], TyperCommand]]:
    """The commands of a group, and of the groups in it."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from walk(command, [*words, name])
        elif isinstance(command, TyperCommand):
            yield [*words, name], command


def arguments(command: TyperCommand) -> list[TyperArgument]:
    """What a command is given by its place."""
    return [each for each in command.params if isinstance(each, TyperArgument)]


def options(command: TyperCommand) -> list[TyperOption]:
    """What a command is given by name."""
    return [each for each in command.params if isinstance(each, TyperOption)]


def argument_of(argument: TyperArgument) -> str:
    """An argument as a line of usage has it."""
    name = (argument.metavar or argument.name or "").upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def told(option: TyperOption) -> str:
    """What an option is for."""
    return " ".join((option.help or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    PYTHON_PAGE.write_text(render_python(), encoding="utf-8")
    COMMAND_PAGE.write_text(render_commands(), encoding="utf-8")
