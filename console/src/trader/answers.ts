/** What the prover answers. Amounts and prices are decimals in quotes, or fractions where no decimal ends. */

export interface Wanted {
  requirement: string;
  shock: string;
  buffer: string;
}

export interface Position {
  name: string;
  tag: string;
  unknown?: string;
  label?: string;
  statement?: string;
  standing?: string;
  locks?: number;
  awaited?: number;
  lock_choices?: number[];
  demand?: Wanted;
}

export interface Moment {
  label: string;
  market: string;
  side: string;
  size: string;
  mark_price: string;
  confidence: string;
  valued_at: string;
  covers_initial: boolean;
  covers_maintenance: boolean;
  liquidation_price: string | null;
  liquidation_cause: string | null;
  distance_percent: string | null;
  withdrawable: string;
  shown: {
    equity: string;
    initial: string;
    maintenance: string;
    margin_ratio: string | null;
    health_factor: string;
    liquidation_price: string | null;
    bankruptcy_price: string | null;
  };
  units: { currency: string };
}

export interface Point {
  name: "" | "attested" | "liquidation" | "bankruptcy";
  mark: string;
  exact_mark: string;
  equity: string | null;
  maintenance: string | null;
  initial: string | null;
}

/** Of a perpetual or a future. */
export interface PriceOutlook {
  now: Moment;
  then: Moment;
  curve: Point[];
  richer: Point[];
  band: [string, string];
}

export interface Leg {
  kind: string;
  side: string;
  quantity: string;
  strike: string;
}

/** Prices from one to another, or without an end. */
export interface Range {
  from: string;
  to: string | null;
}

export interface ExpiryMoment {
  covers: boolean;
  equity: string;
  requirement: string | null;
  slope: string | null;
  to_spare: string | null;
  payoff: string;
  left: string;
}

export interface ExpiryPoint {
  name: "" | "strike" | "worst" | "spot" | "last";
  price: string;
  exact_price: string;
  payoff: string;
  requirement: string;
  left: string;
}

/** Of a structure. */
export interface ExpiryOutlook {
  label: string;
  structure: string;
  currency: string;
  legs: Leg[];
  expires: string | null;
  worst: Range[];
  now: ExpiryMoment;
  then: ExpiryMoment;
  /** Prices beyond which more is lost than the equity. */
  last: string[];
  price: string;
  points: ExpiryPoint[];
}

export interface ScenarioMoment {
  covers: boolean;
  equity: string;
  requirement: string;
  short_minimum: string;
  to_spare: string;
  worst: { number: number; name: string; outcome: string };
}

export interface Scenario {
  number: number;
  name: string;
  price: string | null;
  volatility: string | null;
  worst: boolean;
  outcome: string;
  requirement: string;
  to_spare: string;
  then_requirement: string;
  then_to_spare: string;
}

export interface MovedSet {
  move: string;
  exact_move: string;
  equity: string;
  richer: string;
  requirement: string;
  covers: boolean;
}

/** Of a netting set. */
export interface ScenarioOutlook {
  label: string;
  currency: string;
  holdings: { instrument: string; side: string; quantity: string }[];
  now: ScenarioMoment;
  then: ScenarioMoment;
  scenarios: Scenario[];
  unmoved: string | null;
  moves: MovedSet[];
}

export interface Verdict {
  holds: boolean;
  rule: string | null;
  price: string | null;
  scenario: string | null;
  equity: string;
  asked: string | null;
  lacked: string | null;
}

export interface Preview {
  statement: string;
  key_id: string;
  development: boolean;
  claim_id: string;
  proves: string[];
  revealed: { name: string; value: string; learns: string }[];
  hidden: { name: string; parts: string[]; means: string }[];
  verdict: Verdict;
}

export interface Proof {
  id: string;
  state: string;
  over: boolean;
  statement: string;
  created_at: number;
  finished_at: number | null;
  progress_ppm: number;
  failure: { reason: string; expected: string } | null;
  claim_id: string | null;
}
