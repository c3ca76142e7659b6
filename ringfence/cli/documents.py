"""From a file that a person names to a judged document: position, structure, netting sets or a whole account."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from margin.documents.account_document import ACCOUNT_FORMAT, AccountDocument, read_account
from margin.documents.account_report import evaluate_account, report_account
from margin.documents.netting_document import NETTING_FORMAT, NettingDocument, read_netting
from margin.documents.netting_report import NettingEvaluation, evaluate_netting, report_netting
from margin.documents.position_document import POSITION_FORMAT, PositionDocument, read_position
from margin.documents.position_report import Report, compute_actions, report_position
from margin.documents.published import find_policy
from margin.documents.reading import read_document
from margin.documents.structure_document import STRUCTURE_FORMAT, StructureDocument, read_structure
from margin.documents.structure_report import StructureEvaluation, evaluate_structure, report_structure
from margin.errors import MalformedError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.options.derive_account import AccountMargin
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


@dataclass(frozen=True, slots=True)
class JudgedAccount:
    """A whole account with its margin."""

    document: AccountDocument
    margin: AccountMargin
    report: Report

    def covers(self, kind: RequirementKind) -> bool:
        """Whether the equity covers the requirement."""
        return self.margin.covers(kind)


@dataclass(frozen=True, slots=True)
class JudgedNetting:
    """Netting sets with their evaluation."""

    document: NettingDocument
    evaluation: NettingEvaluation
    report: Report

    def covers(self, _kind: RequirementKind) -> bool:
        """Whether every group is covered; scenarios make one requirement, whichever is asked after."""
        return self.evaluation.covers


Judged = JudgedPosition | JudgedStructure | JudgedAccount | JudgedNetting
"""Every kind of document that can be judged."""

KINDS = {
    POSITION_FORMAT: "position",
    STRUCTURE_FORMAT: "structure",
    ACCOUNT_FORMAT: "account",
    NETTING_FORMAT: "netting",
}
MARKS = {"legs": "structure", "holdings": "account", "sets": "netting"}
"""Fields that tell what a document without a format is; one that has none of them is a position."""


def judge_file(path: Path) -> Judged:
    """Read and judge the document in a file; policies it names by path are found beside it."""
    return judge_content(read_document(path), path.parent)


def judge_content(content: object, folder: Path) -> Judged:
    """Judge a document that was read already."""
    match format_of(content):
        case "structure":
            return judge_structure(read_structure(content, lambda name: find_policy(name, folder)))
        case "account":
            return judge_account(read_account(content, lambda name: find_policy(name, folder)))
        case "netting":
            return judge_netting(read_netting(content))
        case _:
            return judge_position(read_position(content, lambda name: find_policy(name, folder)))


def format_of(content: object) -> str:
    """What a document says it is; one that does not say is told by what it has."""
    if not isinstance(content, dict):
        raise MalformedError(Reason.NOT_AN_OBJECT, "document", found=content, expected="an object with fields")
    named = content.get("format")
    if named is None:
        return next((kind for field, kind in MARKS.items() if field in content), "position")
    if not isinstance(named, str) or named not in KINDS:
        raise MalformedError(Reason.NOT_A_CHOICE, "format", found=named, expected=" or ".join(KINDS))
    return KINDS[named]


def judge_position(document: PositionDocument) -> JudgedPosition:
    """Evaluate a position and what could be done with it."""
    evaluation = evaluate_position(document.market.policy, document.position, document.state)
    report = report_position(document, evaluation, compute_actions(document, evaluation))
    return JudgedPosition(document, evaluation, report)


def judge_structure(document: StructureDocument) -> JudgedStructure:
    """Evaluate a structure."""
    evaluation = evaluate_structure(document)
    return JudgedStructure(document, evaluation, report_structure(document, evaluation))


def judge_account(document: AccountDocument) -> JudgedAccount:
    """Evaluate a whole account."""
    margin = evaluate_account(document)
    return JudgedAccount(document, margin, report_account(document, margin))


def judge_netting(document: NettingDocument) -> JudgedNetting:
    """Evaluate netting sets."""
    evaluation = evaluate_netting(document)
    return JudgedNetting(document, evaluation, report_netting(document, evaluation))
