"""From a file that a person names to a judged document: position, structure or whole account."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from margin.documents.position_document import POSITION_FORMAT, PositionDocument, read_position
from margin.documents.position_report import Report, compute_actions, report_position
from margin.documents.published import find_policy
from margin.documents.reading import read_document
from margin.documents.structure_document import STRUCTURE_FORMAT, StructureDocument, read_structure
from margin.documents.structure_report import StructureEvaluation, evaluate_structure, report_structure
from margin.errors import MalformedError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.requirement import RequirementKind

PolicyFinder = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class JudgedPosition:
    """A position with its evaluation."""

    document: PositionDocument
    evaluation: Evaluation
    report: Report

    def covers(self, kind: RequirementKind) -> bool | None:
        """Whether the equity covers the requirement."""
        return self.evaluation.covers(kind)


@dataclass(frozen=True, slots=True)
class JudgedStructure:
    """A structure with its evaluation."""

    document: StructureDocument
    evaluation: StructureEvaluation
    report: Report

    def covers(self, kind: RequirementKind) -> bool | None:
        """Whether the equity covers the requirement; None where the document holds no cash or rule."""
        initial = kind is RequirementKind.INITIAL
        return self.evaluation.covers_initial if initial else self.evaluation.covers_maintenance


Judged = JudgedPosition | JudgedStructure


def judge_file(path: Path) -> Judged:
    """Read and judge the document in a file; policies it names by path are found beside it."""
    return judge_content(read_document(path), path.parent)


def judge_content(content: object, folder: Path) -> Judged:
    """Judge a document that was read already."""
    match format_of(content):
        case "structure":
            return judge_structure(read_structure(content, lambda name: find_policy(name, folder)))
        case _:
            return judge_position(read_position(content, lambda name: find_policy(name, folder)))


def format_of(content: object) -> str:
    """What a document says it is; one that does not say is told by what it has."""
    if not isinstance(content, dict):
        raise MalformedError(Reason.NOT_AN_OBJECT, "document", found=content, expected="an object with fields")
    named = content.get("format")
    known = {POSITION_FORMAT: "position", STRUCTURE_FORMAT: "structure"}
    if named is None:
        return "structure" if "legs" in content else "position"
    if not isinstance(named, str) or named not in known:
        raise MalformedError(Reason.NOT_A_CHOICE, "format", found=named, expected=" or ".join(known))
    return known[named]


def judge_position(document: PositionDocument) -> JudgedPosition:
    """Evaluate a position and what could be done with it."""
    evaluation = evaluate_position(document.market.policy, document.position, document.state)
    report = report_position(document, evaluation, compute_actions(document, evaluation))
    return JudgedPosition(document, evaluation, report)


def judge_structure(document: StructureDocument) -> JudgedStructure:
    """Evaluate a structure."""
    evaluation = evaluate_structure(document)
    return JudgedStructure(document, evaluation, report_structure(document, evaluation))
