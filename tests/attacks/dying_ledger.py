"""A verifier's process that dies where a test says, without a word to anybody.

A program that reads one task a line, has it done by processes of their own that begin together, and says for each
whether it died and what it answered. Everything is imported once, and each process opens the store anew.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from margin.errors import MarginError
from tests.packaging.sources import REPOSITORY
from tests.verifier.claims import IDENTITY, TERMS, UPKEEP, ask, prove, prove_release, prove_transition
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger, Step
from verifier.store.records import Receipt
from verifier.store.schema import MIGRATIONS, Migration, upgrade_store
from verifier.store.transitions import Applied

Task = Mapping[str, Any]
EXTENSION = Migration(
    frozenset({"note"}), ("CREATE TABLE note (one {integer}) {table}", "DROP INDEX acceptance_by_end")
)


def die() -> None:
    """As if somebody had pulled the plug of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def perform(address: str, task: Task) -> str:
    """What is asked, and the answer."""
    database = open_database(address, patience_seconds=60)
    if task["act"] == "upgrade":
        return upgrade(database, task)

    def observe(step: Step) -> None:
        if step == task.get("dies"):
            die()

    ledger = Ledger(database, IDENTITY, lambda: task["moment"], observe)
    try:
        return describe(act(ledger, task))
    except MarginError as error:
        return error.reason


def act(ledger: Ledger, task: Task) -> Receipt | Applied:
    """One event of an acceptance, or a transition."""
    request = ask(task["request"])
    locks, book = task.get("locks", []), task.get("book", 1)
    match task["act"]:
        case "accept":
            return ledger.accept(request, prove(*locks, tag=task["tag"], book=book), TERMS)
        case "refresh":
            claim = prove(*locks, policy=UPKEEP, tag=task["tag"], book=book)
            return ledger.refresh(request, task["acceptance"], claim)
        case "free":
            claim = prove(tag=task["tag"], book=book)
            return ledger.free(request, task["acceptance"], claim, locks)
        case "apply":
            return ledger.apply(request, prove_transition(*locks, book=book))
        case _:
            return ledger.seize(request, task["acceptance"], prove_release(*locks))


def upgrade(database: Database, task: Task) -> str:
    """Bring the store to a version of the tests' own, and die before the statement that is named."""
    statements = [0]
    connection = database.connect()
    connection.close()
    kind = type(connection)
    execute = kind.execute

    def count(self: Any, statement: str, *values: Any) -> Any:  # noqa: ANN401 - as it is called
        statements[0] += 1
        if statements[0] == task.get("dies"):
            die()
        return execute(self, statement, *values)

    kind.execute = count  # type: ignore[method-assign]
    upgrade_store(database, IDENTITY, (*MIGRATIONS, EXTENSION))
    return str(statements[0])


def describe(receipt: Receipt | Applied) -> str:
    """All of an answer."""
    if isinstance(receipt, Applied):
        return f"{receipt.place} {receipt.entry.encode().hex()}"
    return f"{receipt.place} {receipt.entry.encode().hex()} {receipt.acceptance}"


def do_together(address: str, task: Task) -> list[tuple[bool, str]]:
    """Have so many processes do it, all at once."""
    gate, opening = os.pipe()
    children = []
    for number in range(task.get("crowd", 1)):
        answer, answering = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(opening)
            os.read(gate, 1)  # ends when all are there
            named = {**task, "request": f"{task['request']}-{number}"} if task.get("crowd") else task
            os.write(answering, perform(address, named).encode())
            os._exit(0)
        os.close(answering)
        children.append((process, answer))
    os.close(gate)
    os.close(opening)
    return [finish(process, answer) for process, answer in children]


def finish(process: int, answer: int) -> tuple[bool, str]:
    """Whether it died, and what it said."""
    with os.fdopen(answer, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status), said


class Verifiers:
    """The program as its tests see it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, address: str, **task: object) -> tuple[bool, str]:
        """One process does it."""
        ((died, said),) = self.do_together(address, **task)
        return died, said

    def do_together(self, address: str, **task: object) -> list[tuple[bool, str]]:
        """Many processes do it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"address": address, **task}) + "\n")
        self._process.stdin.flush()
        return [(died, said) for died, said in json.loads(self._process.stdout.readline())]


@contextmanager
def run_verifiers() -> Iterator[Verifiers]:
    """The program for as long as it is needed."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "tests.attacks.dying_ledger"]
    with subprocess.Popen(  # noqa: S603 -- this interpreter
        command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Verifiers(process)
        assert process.stdin is not None
        process.stdin.close()


if __name__ == "__main__":
    if find_spec("psycopg"):
        import_module("verifier.store.postgresql")  # once, and not in each process
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(do_together(wanted.pop("address"), wanted)), flush=True)  # noqa: T201
