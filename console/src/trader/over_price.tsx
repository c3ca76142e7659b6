/** A perpetual or a future over its mark price. */

import { useState } from "preact/hooks";
import { Panel } from "../panels.tsx";
import type { Moment, Point, PriceOutlook } from "./answers.ts";
import { ask } from "./asking.ts";
import { Chart, type Line } from "./chart.tsx";
import { Figures } from "./figures.tsx";
import { Refused } from "./refused.tsx";
import { useSettled } from "./settled.ts";
import { Dial, NowThen, signMove, TopUp, writeOptional } from "./what_if.tsx";
import { writeNumber } from "../words.ts";

const EVERY = 10;

export function OverPrice({ name, locks }: { name: string; locks: string }) {
  const [topUp, setTopUp] = useState("0");
  const [shock, setShock] = useState("0");
  const query = { name, locks, top_up: topUp.trim() || "0", shock: signMove(shock) };
  const { value: outlook, failure } = useSettled(JSON.stringify(query), () => ask<PriceOutlook>("api/outlook", query));
  if (outlook === null) return <Refused error={failure} />;
  const { currency } = outlook.now.units;
  return (
    <div class="panels">
      <Panel title="Where it stands">
        <Standing moment={outlook.now} />
      </Panel>
      <Panel title="What if">
        <form class="controls" onSubmit={(event) => event.preventDefault()}>
          <TopUp currency={currency} value={topUp} onInput={setTopUp} />
          <Dial id="shock" label="The mark moves by, %" sliderLabel="The mark moves by, as a slider" typed={[-99, 1000]} slid={[-50, 50]} step={0.5} value={shock} onInput={setShock} />
        </form>
        <Refused error={failure} />
        <NowThen caption="Exact numbers by the round's terms, rounded against you" rows={ROWS.map(([what, read]) => [what, read(outlook.now), read(outlook.then)])} />
      </Panel>
      <Panel title="Equity against requirement" wide>
        <p class="told">{describe(outlook)}</p>
        <Chart
          id="over-price"
          title={`${outlook.now.label}: equity against requirement over the mark price`}
          says={describe(outlook)}
          axis="mark price"
          currency={currency}
          lines={linesOf(outlook, Number(topUp) > 0)}
          marks={outlook.curve.filter((point) => point.name !== "").map(({ name: kind, mark }) => ({ kind, at: mark, says: `${kind} ${writeNumber(mark)}` }))}
          bands={[{ kind: "", name: "between the prices of a long and of a short", from: outlook.band[0], to: outlook.band[1] }]}
        />
        <details>
          <summary>The same as a table</summary>
          <Marks points={outlook.curve} currency={currency} />
        </details>
      </Panel>
    </div>
  );
}

function linesOf({ curve, richer }: PriceOutlook, isRicher: boolean): Line[] {
  const line = (of: "equity" | "maintenance" | "initial", points: Point[]): Line["points"] => points.map((point) => [point.exact_mark, point[of]]);
  return [
    { kind: "equity", name: "equity", points: line("equity", curve) },
    ...(isRicher ? [{ kind: "richer", name: "equity with the cash that was added", points: line("equity", richer) }] : []),
    { kind: "maintenance", name: "maintenance requirement", points: line("maintenance", curve) },
    { kind: "initial", name: "initial requirement", points: line("initial", curve) },
  ];
}

/** What the picture shows, for whoever does not see it. */
function describe({ now }: PriceOutlook): string {
  const { shown, units } = now;
  const ends = now.liquidation_cause === "now" ? "It is below the requirement already." : describeEnd(now);
  return `At the attested price ${writeNumber(now.mark_price)} the equity is ${writeNumber(shown.equity)} and the maintenance requirement ${writeNumber(shown.maintenance)} ${units.currency}. ${ends}`;
}

function describeEnd({ shown, distance_percent }: Moment): string {
  if (shown.liquidation_price === null) return "No price above zero liquidates it.";
  return `It is liquidated at ${writeNumber(shown.liquidation_price)}, ${distance_percent} % away.`;
}

function Standing({ moment }: { moment: Moment }) {
  const { shown, units } = moment;
  return (
    <>
      <Verdict moment={moment} />
      <dl>
        <dt>Position</dt>
        <dd>
          {moment.side} {writeNumber(moment.size)} {moment.market}
        </dd>
        <dt>Attested price</dt>
        <dd>
          {writeNumber(moment.mark_price)}
          {moment.confidence !== "0" && ` \u00b1 ${writeNumber(moment.confidence)}, valued at ${writeNumber(moment.valued_at)}`}
        </dd>
        <dt>Liquidation price</dt>
        <dd>
          <span class="large">{moment.liquidation_cause === "now" ? "now" : writeOptional(shown.liquidation_price, "none above zero")}</span>
          {moment.liquidation_price !== null && moment.liquidation_price !== shown.liquidation_price && <small> exactly {moment.liquidation_price}</small>}
        </dd>
        <dt>Distance to it</dt>
        <dd>
          <span class="large">{moment.distance_percent === null ? "none" : `${moment.distance_percent} %`}</span>
        </dd>
        <dt>Equity</dt>
        <dd>
          {writeNumber(shown.equity)} {units.currency}
        </dd>
        <dt>Maintenance requirement</dt>
        <dd>
          {writeNumber(shown.maintenance)} {units.currency}
        </dd>
        <dt>Initial requirement</dt>
        <dd>
          {writeNumber(shown.initial)} {units.currency}
        </dd>
        <dt>Could be withdrawn</dt>
        <dd>
          {writeNumber(moment.withdrawable)} {units.currency}
        </dd>
      </dl>
    </>
  );
}

function Verdict({ moment }: { moment: Moment }) {
  if (moment.covers_initial) return <p class="good">The equity covers the initial requirement.</p>;
  if (moment.covers_maintenance) return <p class="refused">The equity covers the maintenance requirement, and not the initial one.</p>;
  return <p class="bad">The position is under water: its equity does not cover the maintenance requirement.</p>;
}

const ROWS: [string, (moment: Moment) => string][] = [
  ["Mark price", (moment) => writeNumber(moment.mark_price)],
  ["Equity", (moment) => writeNumber(moment.shown.equity)],
  ["Maintenance requirement", (moment) => writeNumber(moment.shown.maintenance)],
  ["Initial requirement", (moment) => writeNumber(moment.shown.initial)],
  ["Health factor", (moment) => writeNumber(moment.shown.health_factor)],
  ["Liquidation price", (moment) => writeOptional(moment.shown.liquidation_price, "none above zero")],
  ["Distance to it", (moment) => (moment.distance_percent === null ? "none" : `${moment.distance_percent} %`)],
  ["Covers", (moment) => (moment.covers_initial ? "initial" : moment.covers_maintenance ? "maintenance" : "nothing")],
];

function Marks({ points, currency }: { points: Point[]; currency: string }) {
  const told = points.filter((point, place) => point.name !== "" || place % EVERY === 0);
  const rows = told.map((point) => ({
    key: point.exact_mark,
    head: `${writeNumber(point.mark)} ${point.name}`,
    figures: [point.equity, point.maintenance, point.initial].map((amount) => writeOptional(amount)),
  }));
  return <Figures caption={`Equity and requirements at marks, in ${currency}`} first="Mark price" titles={["Equity", "Maintenance", "Initial"]} rows={rows} />;
}
