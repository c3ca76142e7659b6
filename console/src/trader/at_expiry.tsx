/** A structure over the price at which it expires. */

import { useState } from "preact/hooks";
import { Panel } from "../panels.tsx";
import type { ExpiryMoment, ExpiryOutlook, ExpiryPoint, Leg, Range } from "./answers.ts";
import { ask } from "./asking.ts";
import { Chart, type Line, type Mark } from "./chart.tsx";
import { Figures } from "./figures.tsx";
import { asNumber } from "./picture.tsx";
import { Refused } from "./refused.tsx";
import { useSettled } from "./settled.ts";
import { Dial, nameCurrency, NowThen, type Row, TopUp, writeAmount, writeOptional } from "./what_if.tsx";
import { writeMoment, writeNumber } from "../words.ts";

const MOST = 1e12;
const SLIDES = 200;

export function AtExpiry({ name, locks }: { name: string; locks: string }) {
  const [topUp, setTopUp] = useState("0");
  const [price, setPrice] = useState("");
  const query = { name, locks, top_up: topUp.trim() || "0", ...(price.trim() && { price: price.trim() }) };
  const { value: outlook, failure } = useSettled(JSON.stringify(query), () => ask<ExpiryOutlook>("api/outlook", query));
  if (outlook === null) return <Refused error={failure} />;
  const { points, currency } = outlook;
  const [low, high] = [Math.floor(asNumber(points[0]?.exact_price ?? "0")), Math.ceil(asNumber(points.at(-1)?.exact_price ?? "0"))];
  return (
    <div class="panels">
      <Panel title="Where it stands">
        <Standing outlook={outlook} />
      </Panel>
      <Panel title="What if">
        <form class="controls" onSubmit={(event) => event.preventDefault()}>
          <TopUp currency={currency} value={topUp} onInput={setTopUp} />
          <Dial
            id="price"
            label="It expires at"
            sliderLabel="It expires at, as a slider"
            typed={[0, MOST]}
            slid={[low, high]}
            step={stepOf(high - low)}
            value={price || outlook.price}
            onInput={setPrice}
          />
        </form>
        <Refused error={failure} />
        <NowThen caption="Exact numbers of what is committed, rounded against you" rows={rowsOf(outlook)} />
      </Panel>
      <Panel title="Equity against requirement" wide>
        <p class="told">{describe(outlook)}</p>
        <Chart
          id="at-expiry"
          title={`${outlook.label}: equity against requirement over the price at expiry`}
          says={describe(outlook)}
          axis="price at expiry"
          currency={currency}
          lines={linesOf(outlook, Number(topUp) > 0)}
          marks={marksOf(outlook)}
          bands={outlook.worst.map(({ from, to }) => ({ kind: "worst", name: "where it loses most", from, to }))}
        />
        <details>
          <summary>The same as a table</summary>
          <Prices points={points} currency={currency} />
        </details>
      </Panel>
    </div>
  );
}

function Standing({ outlook }: { outlook: ExpiryOutlook }) {
  const { now, legs, currency, expires, worst, last } = outlook;
  return (
    <>
      <Verdict moment={now} />
      <dl>
        <dt>Structure</dt>
        <dd>{outlook.structure}</dd>
        <dt>Legs</dt>
        <dd>
          <ul class="plain">
            {legs.map((leg, place) => (
              <li key={place}>{writeLeg(leg)}</li>
            ))}
          </ul>
        </dd>
        {expires !== null && (
          <>
            <dt>Expires</dt>
            <dd>{writeMoment(Date.parse(expires) / 1000)}</dd>
          </>
        )}
        <dt>Equity</dt>
        <dd>{writeAmount(now.equity, currency)}</dd>
        <dt>Requirement: its greatest loss</dt>
        <dd>
          <span class="large">{now.requirement === null ? "without a limit" : writeAmount(now.requirement, currency)}</span>
          {worst.length > 0 && <small> {worst.map(writeRange).join(", or ")}</small>}
        </dd>
        {last.length > 0 && (
          <>
            <dt>Equity used up at</dt>
            <dd>{last.map((each) => writeNumber(each)).join(" and ")}</dd>
          </>
        )}
        <dt>To spare</dt>
        <dd>
          <span class="large">{now.to_spare === null ? "nothing" : writeAmount(now.to_spare, currency)}</span>
        </dd>
      </dl>
    </>
  );
}

function Verdict({ moment: { covers, slope } }: { moment: ExpiryMoment }) {
  if (covers) return <p class="good">The equity covers the loss at every price at expiry.</p>;
  if (slope !== null) return <p class="bad">No equity covers it: above its last strike it loses {writeNumber(slope)} more for each unit of price.</p>;
  return <p class="bad">The structure is under water: there are prices at expiry whose loss the equity does not cover.</p>;
}

function rowsOf({ now, then, price }: ExpiryOutlook): Row[] {
  const row = (what: string, read: (moment: ExpiryMoment) => string): Row => [what, read(now), read(then)];
  return [
    row("Equity", (moment) => writeNumber(moment.equity)),
    row("Requirement", (moment) => writeOptional(moment.requirement, "without a limit")),
    row("To spare", (moment) => writeOptional(moment.to_spare, "nothing")),
    row("Covers", (moment) => (moment.covers ? "every price" : "not every price")),
    row(`Payoff at ${writeNumber(price)}`, (moment) => writeNumber(moment.payoff)),
    row(`Left at ${writeNumber(price)}`, (moment) => writeNumber(moment.left)),
  ];
}

function linesOf({ points, now, then }: ExpiryOutlook, isRicher: boolean): Line[] {
  const level = (money: string): Line["points"] => points.map((point) => [point.exact_price, money]);
  return [
    { kind: "equity", name: "equity", points: level(now.equity) },
    ...(isRicher ? [{ kind: "richer", name: "equity with the cash that was added", points: level(then.equity) }] : []),
    { kind: "maintenance", name: "requirement if it expires there", points: points.map((point) => [point.exact_price, point.requirement]) },
    { kind: "payoff", name: "payoff", points: points.map((point) => [point.exact_price, point.payoff]) },
  ];
}

function marksOf({ points, price }: ExpiryOutlook): Mark[] {
  return points.flatMap(({ name, exact_price: at, price: shown }) => {
    if (name === "last") return [{ kind: "bankruptcy", at, says: `equity used up ${writeNumber(shown)}` }];
    if (name === "worst") return [{ kind: "liquidation", at, says: `worst ${writeNumber(shown)}` }];
    if (at === price) return [{ kind: "", at, says: `${name === "spot" ? "the document's spot" : "looked at"} ${writeNumber(shown)}` }];
    return name === "spot" ? [{ kind: "", at, says: `the document's spot ${writeNumber(shown)}` }] : [];
  });
}

/** What the picture shows, for whoever does not see it. */
function describe({ now, worst, currency }: ExpiryOutlook): string {
  if (now.requirement === null) return `The equity is ${writeAmount(now.equity, currency)}, and the loss has no limit above the last strike.`;
  const where = worst.length > 0 ? `, if it expires ${worst.map(writeRange).join(", or ")}` : "";
  return `The equity is ${writeAmount(now.equity, currency)}. The most that can be lost at expiry is ${writeAmount(now.requirement, currency)}${where}.`;
}

function writeLeg({ kind, side, quantity, strike }: Leg): string {
  if (kind !== "underlying") return `${side} ${writeNumber(quantity)} ${kind} at ${writeNumber(strike)}`;
  return strike === "0" ? `${side} ${writeNumber(quantity)} of the coin` : `${side} ${writeNumber(quantity)} future from ${writeNumber(strike)}`;
}

function writeRange({ from, to }: Range): string {
  if (to === null) return `from ${writeNumber(from)} on`;
  if (from === to) return `at ${writeNumber(from)}`;
  return from === "0" ? `up to ${writeNumber(to)}` : `from ${writeNumber(from)} to ${writeNumber(to)}`;
}

/** A round part of what a slider goes over. */
function stepOf(width: number): number {
  return 10 ** Math.floor(Math.log10(Math.max(width, 1) / SLIDES));
}

function Prices({ points, currency }: { points: ExpiryPoint[]; currency: string }) {
  const rows = points.map((point) => ({
    key: point.exact_price,
    head: `${writeNumber(point.price)} ${point.name}`,
    figures: [point.payoff, point.requirement, point.left].map((amount) => writeNumber(amount)),
  }));
  return <Figures caption={`What is paid and left at prices at expiry, in ${nameCurrency(currency)}`} first="Price at expiry" titles={["Payoff", "Requirement", "Left"]} rows={rows} />;
}
