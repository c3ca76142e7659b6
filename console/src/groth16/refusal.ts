/** How a check says no: the reasons, fields and words of `snark`, so that a page and a program say the same. */

export type Reason =
  | "V01_NOT_READABLE"
  | "V02_TOO_LARGE"
  | "V03_DUPLICATE_FIELD"
  | "V04_UNKNOWN_FIELD"
  | "V05_MISSING_FIELD"
  | "V06_WRONG_SHAPE"
  | "V07_FOREIGN_SYSTEM"
  | "V08_NUMBER_SPELLING"
  | "V10_INPUT_COUNT"
  | "V11_INPUT_OUT_OF_FIELD"
  | "V12_COORDINATE_OUT_OF_FIELD"
  | "V13_NOT_AFFINE"
  | "V14_INFINITY"
  | "V15_OFF_CURVE"
  | "V16_OUTSIDE_SUBGROUP"
  | "V17_EQUATION_FAILS"
  | "V20_KEY_IC_COUNT"
  | "V21_KEY_GAMMA_DELTA"
  | "V23_KEY_NOT_PINNED"
  | "CONFLICTING_FIELDS"
  | "DUPLICATE_FIELD"
  | "MISSING_FIELD"
  | "NOT_A_CHOICE"
  | "NOT_AN_INTEGER"
  | "NOT_READABLE"
  | "OUT_OF_BOUNDS"
  | "WRONG_COUNT";

const LONGEST_ECHO = 80;

/** `field` was `found` where `expected` was asked for. */
export class Refusal extends Error {
  readonly found: string;

  constructor(
    readonly reason: Reason,
    readonly field: string,
    found: string,
    readonly expected: string,
  ) {
    super(reason);
    this.found = found.length <= LONGEST_ECHO ? found : `${found.slice(0, LONGEST_ECHO)}\u2026 (${found.length} characters)`;
  }
}
