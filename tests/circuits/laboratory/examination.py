"""The soundness laboratory: everything that is tried with one statement, in one call.

    examine(Specimen(statement, honest=[...], broken={...}))

An honest witness that passes says little of a circuit. What counts is that nothing else passes: that no wire can be
altered, no constraint be missing, no hint be a lie, and no public input be another, without a constraint to break.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import NoReturn

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from snark.bn254.constants import GROUP_ORDER
from snark.errors import Reason, RejectedError
from tests.circuits.laboratory.deletion import Deletions, delete_constraints
from tests.circuits.laboratory.determination import Determination
from tests.circuits.laboratory.forging import cover_up, forge, invent_lies
from tests.circuits.laboratory.mutation import (
    Mutations,
    change_claims,
    change_linked_pairs,
    change_public_inputs,
    change_single_wires,
    move_breach,
)
from tests.circuits.laboratory.overflow import measure_widest
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.laboratory.system import INVERSE, Assignment, Inputs, System, evaluate

SEED = 20240229


class UnsoundError(AssertionError):
    """The laboratory found a hole, or something that nobody gave a reason for."""


@dataclass(slots=True)
class Report:
    """What was tried, and what came of it."""

    specimen: Specimen
    system: System
    single: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    public: Counter[str] = field(default_factory=Counter)
    lies: Counter[str] = field(default_factory=Counter)
    rules: tuple[str, ...] = ()
    open_wires: Mapping[str, int] = field(default_factory=dict)
    """Where the search for a second witness ends without an answer: input or line -> how many wires."""
    deletions: Deletions | None = None
    widest: int = 0


def examine(specimen: Specimen) -> Report:
    """Try everything, and raise ``UnsoundError`` at the first thing that should not pass."""
    return Examination(specimen).run()


class Examination:
    """One examination."""

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        self.system = System(specimen.statement)
        self.chance = Random(SEED)  # noqa: S311 -- the same every time, and no secret
        self.report = Report(specimen, self.system)
        self.lone: set[int] = set()
        self.assignments: list[Assignment] = []
        self.determination = Determination(self.system)

    def run(self) -> Report:
        """All of it."""
        self.require_public_inputs_bound()
        for inputs in self.specimen.honest:
            self.accept(inputs)
        for rule, inputs in self.specimen.broken:
            self.refuse(rule, inputs)
        self.require_every_rule_broken()
        for assignment in self.assignments:
            self.mutate(assignment)
        for inputs, assignment in zip(self.specimen.honest, self.assignments, strict=True):
            self.lie(inputs, assignment)
        self.search_second_witness()
        self.report.widest = measure_widest(self.specimen.statement, self.specimen.honest)
        return self.report

    # --- Agreement -----------------------------------------------------------------------------------

    def accept(self, inputs: Inputs) -> None:
        """Engine, witness program and constraints agree that these are fine."""
        engine = IntegerEngine(inputs)
        self.specimen.statement.define(Builder(engine))
        values = self.system.find_witness(inputs)
        assignment = Assignment(self.system, values)
        if assignment.broken():
            self.fail("an honest witness breaks", map(self.system.label_constraint, assignment.broken()))
        if engine.public != [values[wire] for wire in self.system.public]:
            self.fail("the engine and the witness have other public inputs", ())
        forged = forge(self.system, inputs)
        if any(forged[wire] != value for wire, value in values.items()):
            self.fail("the steps of the text and the witness program differ", ())
        self.assignments.append(assignment)

    def refuse(self, rule: str, inputs: Inputs) -> None:
        """Engine and witness program name the rule; the constraints refuse what a cheat makes of it."""
        attempts: tuple[tuple[str, Callable[[Inputs], object]], ...] = (
            ("engine", self.run_engine),
            ("program", self.system.find_witness),
        )
        for name, attempt in attempts:
            found = find_rule(attempt, inputs)
            if found != rule:
                self.fail(f"the {name} says {found}", [rule])
        for assignment in (*self.cheat(inputs), *self.cover_up(rule, inputs)):
            broken = assignment.broken()
            if not broken:
                self.fail("the constraints take what breaks a rule", [rule])
            if len(broken) == 1:
                self.lone |= {*broken, *move_breach(assignment, broken[0])}

    def cheat(self, inputs: Inputs) -> Iterator[Assignment]:
        """Witnesses that follow the steps of the text, or the constraints, wherever that leads."""
        forged = forge(self.system, inputs)
        yield Assignment(self.system, forged)
        solved = self.determination.resolve({wire: forged[wire] for wire in self.determination.inputs})
        yield Assignment(self.system, solved)

    def cover_up(self, rule: str, inputs: Inputs) -> Iterator[Assignment]:
        """Witnesses in which a sum holds, because a product in it is none."""
        if rule in self.specimen.sums:
            yield from (Assignment(self.system, values) for values in cover_up(self.system, inputs, rule))

    def run_engine(self, inputs: Inputs) -> None:
        """The text on plain integers."""
        self.specimen.statement.define(Builder(IntegerEngine(inputs)))

    def require_every_rule_broken(self) -> None:
        """There is an example for every rule but the ranges of inputs, which are refused before."""
        rules = {step.rule for step in self.system.recording.steps if step.rule is not None}
        self.report.rules = tuple(sorted(rules))
        inputs = {f"{each.name}_fits_{each.bits}_bits" for each in self.system.circuit.declarations}
        missing = rules - {rule for rule, _ in self.specimen.broken} - inputs - self.specimen.stray_rules.keys()
        if missing:
            self.fail("no example breaks", sorted(missing))

    # --- Altered witnesses ---------------------------------------------------------------------------

    def require_public_inputs_bound(self) -> None:
        """Every public input stands in a constraint that is left."""
        loose = [self.system.label_wire(wire) for wire in self.system.public if not self.system.uses[wire]]
        if loose:
            self.fail("public inputs without a constraint", loose)

    def mutate(self, assignment: Assignment) -> None:
        """Single wires, linked pairs, public inputs."""
        parts = (
            (change_single_wires, self.report.single),
            (change_linked_pairs, self.report.pairs),
            (change_public_inputs, self.report.public),
        )
        for change, counter in parts:
            mutations = change(self.system, assignment, self.chance)
            self.lone |= mutations.lone
            self.judge(assignment, mutations, counter)
        self.lone |= change_claims(self.system, assignment)

    def judge(self, assignment: Assignment, mutations: Mutations, counter: Counter[str]) -> None:
        """What survives has to be free for a reason."""
        counter["tried"] += mutations.tried
        counter["free"] += len(mutations.survivors)
        for wires in mutations.survivors:
            labels = {self.system.label_wire(wire) for wire in wires}
            if not self.is_free(labels, assignment, wires):
                self.fail("altered and nothing breaks", labels)

    def lie(self, inputs: Inputs, assignment: Assignment) -> None:
        """A cheating prover with hints of its own, and all else made to fit them."""
        lies = list(invent_lies(self.system, forge(self.system, inputs)))
        self.chance.shuffle(lies)
        for number, lie in lies[: self.specimen.effort]:
            changes = assignment.changes_to(forge(self.system, inputs, {number: lie}))
            if not changes:
                continue
            broken = assignment.broken_after(changes)
            self.report.lies["told"] += 1
            if len(broken) == 1:
                self.lone.update(broken)
            if not broken:
                self.report.lies["free"] += 1
                wires = self.system.recording.steps[number].wires
                labels = {self.system.label_wire(wire) for wire in wires}
                if not self.is_free(labels, assignment, wires):
                    self.fail("a lie that nothing notices", labels)

    def is_free(self, labels: AbstractSet[str], assignment: Assignment, wires: Iterable[int]) -> bool:
        """Whether there is a reason why these may be altered: the author's, or that an inverse is one of zero."""
        if labels & self.specimen.free.keys():
            return True
        tested = (self.system.inverses.get(wire) for wire in wires)
        return any(number is not None and not evaluate(number, assignment.values) for number in tested)

    # --- The second witness, and what each constraint is for -----------------------------------------

    def search_second_witness(self) -> None:
        """What the inputs leave open, and what each constraint is needed for."""
        determination = self.determination
        self.report.open_wires = Counter(map(self.system.label_wire, determination.undetermined()))
        reasons = self.specimen.free.keys() | self.specimen.argued.keys() | {INVERSE}
        without_reason = self.report.open_wires.keys() - reasons
        if without_reason:
            self.fail("nothing determines", sorted(without_reason))
        loose = set(map(self.system.label_wire, determination.loose_inputs()))
        if loose != self.specimen.attested.keys():
            self.fail("held to no range, or said to be and held", loose ^ self.specimen.attested.keys())
        self.report.deletions = delete_constraints(
            self.system, determination, self.lone, self.alter_inputs, self.solve_without
        )
        unnoticed = {self.system.label_constraint(place) for place in self.report.deletions.unnoticed}
        if unnoticed - self.specimen.redundant.keys():
            self.fail("nothing notices without", sorted(unnoticed - self.specimen.redundant.keys()))
        idle = self.specimen.redundant.keys() - unnoticed
        if idle:
            self.fail("needed after all", sorted(idle))

    def alter_inputs(self) -> Iterator[AbstractSet[int]]:
        """What breaks when one input is another and the rest is made to fit it: by the steps, or by the constraints.

        Of more constraints than one it is enough to name two.
        """
        for inputs, assignment in zip(self.specimen.honest, self.assignments, strict=True):
            for altered in self.alterations(inputs):
                changes = assignment.changes_to(forge(self.system, altered))
                yield set(assignment.broken_after(changes) if changes else ())
        for inputs in self.specimen.honest:
            for altered in islice(self.alterations(inputs), self.specimen.effort):
                yield from (set(assignment.broken()) for assignment in self.cheat(altered))

    def solve_without(self, place: int) -> Iterator[AbstractSet[int]]:
        """What breaks of inputs that break a rule, solved with all constraints but this one."""
        determination = Determination(self.system, frozenset({self.system.recorded_places[place]}))
        for _, inputs in self.specimen.broken:
            forged = forge(self.system, inputs)
            solved = determination.resolve({wire: forged[wire] for wire in determination.inputs})
            yield set(Assignment(self.system, solved).broken())

    def alterations(self, inputs: Inputs) -> Iterator[Inputs]:
        """One element with another value: the first of each input in turn, then the second of each list, and so on."""
        declarations = self.system.circuit.declarations
        for change in (1, -1, 0):
            for place in range(max(declared.size for declared in declarations)):
                for declared in declarations:
                    if place < declared.size:
                        given = inputs[declared.name]
                        elements = [given] if isinstance(given, int) else list(given)
                        elements[place] = (elements[place] + change) % GROUP_ORDER if change else 1 << declared.bits
                        yield {**inputs, declared.name: elements}

    def fail(self, what: str, where: Iterable[str]) -> NoReturn:
        """A hole."""
        names = ", ".join(list(dict.fromkeys(where))[:20])
        raise UnsoundError(f"{self.specimen.name}: {what}: {names}")


def find_rule(attempt: Callable[[Inputs], object], inputs: Inputs) -> str | None:
    """The rule that an attempt breaks."""
    try:
        attempt(inputs)
    except (BrokenRuleError, RejectedError) as error:
        return error.field if error.reason is Reason.W30_RULE_BROKEN else None
    return None
