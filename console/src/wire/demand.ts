/**
 * What is demanded of a proof, in the message `ringfence.v1.Demand`: whether it can be read, as far as its form tells. What
 * a proof says stands in its public inputs, and whether they are those of the demand is asked by the verifier that it is for.
 */

import { Refusal } from "../groth16/refusal.ts";
import {
  below,
  readAmount,
  readElement,
  requireBytes,
  requireChoice,
  requireCount,
  requireMoment,
  requirePart,
  requireRange,
  requireText,
} from "./elements.ts";
import type { Field, Layout, Message } from "./message.ts";

const MOST_PPM = 10n ** 6n - 1n;
const MOST_BUFFER_PPM = 2n ** 20n - 1n;
const MOST_MONEY = 2n ** 100n - 1n;
const MOST_SETTLED = 2n ** 102n - 1n;
const MOST_AMOUNT = 2n ** 128n - 1n;
const MOST_CURRENCIES = 2n ** 12n - 1n;
const MOST_CHAINS = 2n ** 64n - 1n;
const MOST_TICKS = 2n ** 64n - 1n;
const [LONGEST_ADDRESS, POSITIONS, MOST_ENTRIES] = [64, 2, 12];
/** Initial and maintenance. */
const REQUIREMENTS = [1n, 2n];
/** Entry and mark. */
const BASES = [1n, 2n];

const POLICY: Layout = {
  1: { name: "requirement", holds: 32 },
  2: { name: "shock_ppm", holds: 32 },
  3: { name: "buffer_ppm", holds: 32 },
  4: { name: "least_basket_value", holds: "text" },
};
const RELEASE: Layout = { 1: { name: "asset", holds: "text" }, 2: { name: "amount", holds: "text" } };
const FLOWS: Layout = {
  1: { name: "currency_id", holds: 32 },
  2: { name: "paid_in", holds: "text" },
  3: { name: "paid_out", holds: "text" },
  4: { name: "fees", holds: "text" },
  5: { name: "settled", holds: "text" },
};
const TRANSITION: Layout = { 1: { name: "leaves", holds: "bytes", isList: true }, 2: { name: "flows", holds: FLOWS } };
const LIQUIDATION_FLOWS: Layout = {
  1: { name: "currency_id", holds: 32 },
  2: { name: "basket", holds: "text" },
  3: { name: "slippage_ticks", holds: 64 },
  4: { name: "settled", holds: "text" },
  5: { name: "fee", holds: "text" },
  6: { name: "penalty", holds: "text" },
  7: { name: "returned", holds: "text" },
  8: { name: "gap", holds: "text" },
};
const LIQUIDATION: Layout = { 1: { name: "leaf", holds: "bytes" }, 2: { name: "flows", holds: LIQUIDATION_FLOWS } };
const DELEVERAGE: Layout = {
  1: { name: "basis", holds: 32 },
  2: { name: "bankrupt", holds: "bytes" },
  3: { name: "entries", holds: "bytes", isList: true },
};
const CONTEXT: Layout = {
  1: { name: "domain", holds: "text" },
  2: { name: "verifier", holds: "text" },
  3: { name: "destination_chain_id", holds: 64 },
  4: { name: "destination_contract", holds: "bytes" },
  5: { name: "recipient", holds: "bytes" },
  6: { name: "expires_at_seconds", holds: 64 },
};
export const DEMAND: Layout = {
  1: says("policy", POLICY),
  2: says("release", RELEASE),
  3: { name: "context", holds: CONTEXT },
  4: says("transition", TRANSITION),
  5: says("liquidation", LIQUIDATION),
  6: says("deleverage", DELEVERAGE),
};

const SAID: Record<string, (message: Message, field: string) => void> = {
  policy: requirePolicy,
  release: requireRelease,
  transition: requireTransition,
  liquidation: requireLiquidation,
  deleverage: requireDeleverage,
};

/** Refuse a demand that is not whole and well formed. */
export function requireDemand(message: Message, field: string): void {
  requireContext(requirePart(message, "context", field), below(field, "context"));
  const name = message.chosen("says") ?? "";
  const [part, require] = [message.part(name), SAID[name]];
  if (part === null || require === undefined)
    throw new Refusal("MISSING_FIELD", below(field, "says"), "nothing", "a policy, a release or a change of positions");
  require(part, below(field, name));
}

function requireContext(message: Message, field: string): void {
  requireText(message.text("verifier"), below(field, "verifier"));
  requireRange(message.number("destination_chain_id"), below(field, "destination_chain_id"), 1n, MOST_CHAINS);
  for (const name of ["destination_contract", "recipient"]) requireBytes(message.bytes(name), below(field, name), 1, LONGEST_ADDRESS);
  requireMoment(message.number("expires_at_seconds"), below(field, "expires_at_seconds"));
  requireText(message.text("domain"), below(field, "domain"));
}

function requirePolicy(message: Message, field: string): void {
  requireChoice(message.number("requirement"), REQUIREMENTS, below(field, "requirement"));
  requireRange(message.number("shock_ppm"), below(field, "shock_ppm"), 0n, MOST_PPM);
  requireRange(message.number("buffer_ppm"), below(field, "buffer_ppm"), 0n, MOST_BUFFER_PPM);
  requireAmounts(message, field, ["least_basket_value"], 0n, MOST_MONEY);
}

function requireRelease(message: Message, field: string): void {
  requireText(message.text("asset"), below(field, "asset"));
  requireAmounts(message, field, ["amount"], 1n, MOST_AMOUNT);
}

function requireTransition(message: Message, field: string): void {
  requireCount(message.list("leaves"), below(field, "leaves"), POSITIONS, POSITIONS);
  const flows = requirePart(message, "flows", field);
  readElements(message, "leaves", field);
  requireFlows(flows, below(field, "flows"));
}

function requireFlows(message: Message, field: string): void {
  requireCurrency(message, field);
  requireAmounts(message, field, ["paid_in", "paid_out", "fees"], 0n, MOST_MONEY);
  requireAmounts(message, field, ["settled"], -MOST_MONEY, MOST_MONEY);
}

function requireLiquidation(message: Message, field: string): void {
  readElement(message.bytes("leaf"), below(field, "leaf"));
  requireLiquidationFlows(requirePart(message, "flows", field), below(field, "flows"));
}

function requireLiquidationFlows(message: Message, field: string): void {
  requireCurrency(message, field);
  requireAmounts(message, field, ["basket"], 0n, MOST_MONEY);
  requireRange(message.number("slippage_ticks"), below(field, "slippage_ticks"), 0n, MOST_TICKS);
  requireAmounts(message, field, ["settled"], -MOST_SETTLED, MOST_SETTLED);
  requireAmounts(message, field, ["fee", "penalty"], 0n, MOST_MONEY);
  requireAmounts(message, field, ["returned", "gap"], 0n, MOST_SETTLED);
}

function requireDeleverage(message: Message, field: string): void {
  requireCount(message.list("entries"), below(field, "entries"), 1, MOST_ENTRIES);
  requireChoice(message.number("basis"), BASES, below(field, "basis"));
  readElement(message.bytes("bankrupt"), below(field, "bankrupt"));
  readElements(message, "entries", field);
}

function requireCurrency(message: Message, field: string): void {
  requireRange(message.number("currency_id"), below(field, "currency_id"), 1n, MOST_CURRENCIES);
}

function requireAmounts(message: Message, field: string, names: readonly string[], least: bigint, most: bigint): void {
  for (const name of names) readAmount(message.text(name), below(field, name), least, most);
}

function readElements(message: Message, name: string, field: string): void {
  message.list(name).forEach((entry, place) => readElement(entry, `${below(field, name)}[${place}]`));
}

/** One of the things that a demand says. */
function says(name: string, holds: Layout): Field {
  return { name, holds, choice: "says" };
}
