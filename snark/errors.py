"""How the proof system says no: four kinds of error, each with a stable reason.

An error names the field, what was found there and what was expected, so that a person can mend
the input and a program can act on ``reason`` without reading prose.
"""

from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    """Stable machine-readable reasons; a reason is never renamed or reused.

    The refusals of verification are numbered ``V..`` in the order in which they are looked for.
    """

    V01_NOT_READABLE = "V01_NOT_READABLE"
    """Not JSON, not text, or not of the length that its layout has."""
    V02_TOO_LARGE = "V02_TOO_LARGE"
    """More bytes, inputs or proofs than the bounds allow."""
    V03_DUPLICATE_FIELD = "V03_DUPLICATE_FIELD"
    """A name stands twice in one object, and readers differ in which one they take."""
    V04_UNKNOWN_FIELD = "V04_UNKNOWN_FIELD"
    """A field that the format does not have."""
    V05_MISSING_FIELD = "V05_MISSING_FIELD"
    """A field of the format is not there."""
    V06_WRONG_SHAPE = "V06_WRONG_SHAPE"
    """A list, object, string or number stands where another of these belongs."""
    V07_FOREIGN_SYSTEM = "V07_FOREIGN_SYSTEM"
    """The protocol is not groth16 or the curve is not bn128."""
    V08_NUMBER_SPELLING = "V08_NUMBER_SPELLING"
    """Not the one canonical spelling of a number: plain decimal digits in a string, no leading zero."""
    V10_INPUT_COUNT = "V10_INPUT_COUNT"
    """Not as many public inputs as the key has."""
    V11_INPUT_OUT_OF_FIELD = "V11_INPUT_OUT_OF_FIELD"
    """A public input is not below r: another name for the same statement."""
    V12_COORDINATE_OUT_OF_FIELD = "V12_COORDINATE_OUT_OF_FIELD"
    """A coordinate is not below p: another name for the same point."""
    V13_NOT_AFFINE = "V13_NOT_AFFINE"
    """The third coordinate is not one."""
    V14_INFINITY = "V14_INFINITY"
    """A point is the neutral element."""
    V15_OFF_CURVE = "V15_OFF_CURVE"
    """A point is not on its curve."""
    V16_OUTSIDE_SUBGROUP = "V16_OUTSIDE_SUBGROUP"
    """A point is on the twist, but not in the subgroup of order r."""
    V17_EQUATION_FAILS = "V17_EQUATION_FAILS"
    """Everything is well formed, but the proof does not prove this statement."""
    V18_BATCH_FAILS = "V18_BATCH_FAILS"
    """At least one proof of a batch was refused; the error names each with its reason."""
    V20_KEY_IC_COUNT = "V20_KEY_IC_COUNT"
    """A key has not one point for each public input and one more."""
    V21_KEY_GAMMA_DELTA = "V21_KEY_GAMMA_DELTA"
    """delta = gamma or delta = -gamma: anyone can forge. So it is where nobody contributed to the set-up."""
    V22_KEY_ALPHABETA = "V22_KEY_ALPHABETA"
    """The pairing that a key carries ready-made is not the pairing of its alpha and beta."""
    V23_KEY_NOT_PINNED = "V23_KEY_NOT_PINNED"
    """The key is well formed, but its id, or the hash of its file, is not one that the caller trusts."""
    V24_DEVELOPMENT_KEY = "V24_DEVELOPMENT_KEY"
    """The key is marked as made for development, and the caller did not ask for such keys."""

    W01_FOREIGN_FILE = "W01_FOREIGN_FILE"
    """Not a witness program: it does not begin as one."""
    W02_FOREIGN_VERSION = "W02_FOREIGN_VERSION"
    """A witness program of a version that this package does not read."""
    W03_FOREIGN_FIELD = "W03_FOREIGN_FIELD"
    """A witness program over another field."""
    W04_CUT_SHORT = "W04_CUT_SHORT"
    """A witness program ends before everything that it announces was read."""
    W05_TRAILING_BYTES = "W05_TRAILING_BYTES"
    """More bytes than a witness program announces."""
    W06_NUMBER_SPELLING = "W06_NUMBER_SPELLING"
    """A number in a witness program is not in its shortest form, or does not fit 32 bits."""
    W07_BEYOND_BOUNDS = "W07_BEYOND_BOUNDS"
    """A count or size in a witness program is larger, or smaller, than the bounds allow."""
    W08_BAD_NAME = "W08_BAD_NAME"
    """A name in a witness program is empty, too long, not printable ASCII, or stands twice."""
    W09_NOT_CANONICAL = "W09_NOT_CANONICAL"
    """A constant of a witness program is not below r."""
    W10_UNKNOWN_OPERATION = "W10_UNKNOWN_OPERATION"
    """A witness program asks for an operation that there is not."""
    W11_POINTS_NOWHERE = "W11_POINTS_NOWHERE"
    """Something in a witness program refers to a cell, constant, table or rule that there is not, or not yet."""
    W12_COUNTS_DISAGREE = "W12_COUNTS_DISAGREE"
    """A witness program has not as many cells or wires as it announces."""
    W20_INPUT_MISSING = "W20_INPUT_MISSING"
    """A witness program was not given one of its inputs."""
    W21_INPUT_UNKNOWN = "W21_INPUT_UNKNOWN"
    """A witness program was given an input that it does not have."""
    W22_INPUT_SIZE = "W22_INPUT_SIZE"
    """An input has not as many elements as the witness program declares."""
    W23_INPUT_OUT_OF_BOUNDS = "W23_INPUT_OUT_OF_BOUNDS"
    """An input is not below the bound that the witness program declares."""
    W30_RULE_BROKEN = "W30_RULE_BROKEN"
    """There is no witness: the inputs break the rule that is named."""

    WRONG_COUNT = "WRONG_COUNT"
    """Too many or too few of something."""
    NOT_A_CHOICE = "NOT_A_CHOICE"
    """Not one of the names that there are."""
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    """Smaller or larger than it may be."""
    BACKEND_MISSING = "BACKEND_MISSING"
    """This installation lacks the backend that is asked for."""
    NOT_APPLICABLE = "NOT_APPLICABLE"
    """The question does not apply to this."""
    BROKEN_INVARIANT = "BROKEN_INVARIANT"
    """A defect."""

    # Files: what stands in the bytes.
    F01_NOT_READABLE = "F01_NOT_READABLE"
    """No regular file that can be opened and mapped."""
    F02_FOREIGN_FILE = "F02_FOREIGN_FILE"
    """The first four bytes are not those of the format: another kind of file."""
    F03_VERSION = "F03_VERSION"
    """A version of the format that is not read here."""
    F04_TRUNCATED = "F04_TRUNCATED"
    """The bytes end, or a length points beyond them, before all is there."""
    F05_TRAILING_BYTES = "F05_TRAILING_BYTES"
    """Bytes are left over where everything has been read."""
    F06_TOO_MANY_SECTIONS = "F06_TOO_MANY_SECTIONS"
    """More sections than any file of these formats has."""
    F07_DUPLICATE_SECTION = "F07_DUPLICATE_SECTION"
    """One section stands twice, and readers differ in which one they take."""
    F08_UNKNOWN_SECTION = "F08_UNKNOWN_SECTION"
    """A section that the format does not have."""
    F09_MISSING_SECTION = "F09_MISSING_SECTION"
    """A section without which the file says nothing."""
    F10_SECTION_SIZE = "F10_SECTION_SIZE"
    """A section is not as long as the counts in the header make it."""
    F11_FOREIGN_FIELD = "F11_FOREIGN_FIELD"
    """The modulus, or its width, is not that of BN254."""
    F12_FOREIGN_PROTOCOL = "F12_FOREIGN_PROTOCOL"
    """A key or circuit of another proof system."""
    F13_COUNTS_DISAGREE = "F13_COUNTS_DISAGREE"
    """Two counts in one file contradict each other."""
    F14_INDEX_OUT_OF_RANGE = "F14_INDEX_OUT_OF_RANGE"
    """A wire, label or row that the header does not have."""
    F15_NOT_CANONICAL = "F15_NOT_CANONICAL"
    """A field element that is not below its modulus: a second name for one number."""
    F16_DUPLICATE_TERM = "F16_DUPLICATE_TERM"
    """One wire stands twice in a linear combination: some readers add the terms, others take the last."""
    F17_NOT_TEXT = "F17_NOT_TEXT"
    """Text that is not UTF-8, not on a line of its own or not spelled canonically."""
    F18_CONTRIBUTION_RECORD = "F18_CONTRIBUTION_RECORD"
    """A record of a contribution whose kind or parameters are not those of the format."""
    F19_FIRST_VALUE = "F19_FIRST_VALUE"
    """The first value of a witness is the constant one, and here it is not."""
    F20_UNSATISFIED = "F20_UNSATISFIED"
    """The witness breaks a constraint; the error names the first one."""
    F21_FILES_DISAGREE = "F21_FILES_DISAGREE"
    """Each file is well formed, but they do not belong to one circuit."""

    # Ceremonies: what a transcript has to show.
    C01_NO_CONTRIBUTION = "C01_NO_CONTRIBUTION"
    """Nobody contributed: whoever made the file knows its secrets."""
    C02_TRANSCRIPT = "C02_TRANSCRIPT"
    """A contribution was not made on top of the ones before it."""
    C03_PROOF_OF_KNOWLEDGE = "C03_PROOF_OF_KNOWLEDGE"
    """A contribution does not show that its contributor knew a secret."""
    C04_DOES_NOT_FOLLOW = "C04_DOES_NOT_FOLLOW"
    """What a contribution left behind is not what was there before it times its secret."""
    C05_BEACON = "C05_BEACON"
    """The secret of a beacon's contribution is not the one that the beacon names."""
    C06_BEACON_WORK = "C06_BEACON_WORK"
    """A beacon asks for more iterations than the caller allows."""
    C07_RESULT = "C07_RESULT"
    """The constants of the file are not those that its last contribution left behind."""
    C08_ALTERED = "C08_ALTERED"
    """A part of the file that no contribution may change is not that of the set-up."""
    C09_POWERS = "C09_POWERS"
    """The points of a section do not have the ratio that they have to have."""
    C10_CHALLENGE = "C10_CHALLENGE"
    """The hash of the file is not the challenge that its last contribution names."""
    C11_LAGRANGE = "C11_LAGRANGE"
    """A Lagrange section is not the transform of its powers."""


class SnarkError(Exception):
    """A refusal: ``field`` was ``found`` where ``expected`` was asked for."""

    kind: ClassVar[str] = "error"

    def __init__(self, reason: Reason, field: str, *, found: object, expected: str) -> None:
        self.reason = reason
        self.field = field
        self.found = shorten(found)
        self.expected = expected
        super().__init__(f"{field}: found {self.found}, expected {expected}")

    def under(self, parent: str) -> "SnarkError":
        """The same error seen from one level further out: ``proofs[3]`` + ``pi_a``."""
        separator = "" if self.field.startswith("[") or not self.field else "."
        path = f"{parent}{separator}{self.field}" if parent else self.field
        return type(self)(self.reason, path, found=self.found, expected=self.expected)

    def in_file(self, path: object) -> "SnarkError":
        """The same error with the file that it is about."""
        return type(self)(self.reason, f"{path}: {self.field}", found=self.found, expected=self.expected)


class MalformedError(SnarkError):
    """The bytes can't be read as what they claim to be."""

    kind = "malformed"


class MisuseError(SnarkError):
    """The input is well-formed, but the question does not apply to it."""

    kind = "misuse"


class RejectedError(SnarkError):
    """A proof, a key or a ceremony is not valid."""

    kind = "rejected"


class InternalError(SnarkError):
    """An invariant of this package broke; nothing that was computed may be used."""

    kind = "internal"


LONGEST_ECHO = 80


def shorten(found: object) -> str:
    """What was found, bounded, so that hostile input can't flood an error text."""
    text = found if isinstance(found, str) else repr(found)
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}... ({len(text)} characters)"
