/** A netting set in each scenario of its rule, and after moves of all its prices. */

import { useState } from "preact/hooks";
import { Panel } from "../panels.tsx";
import type { MovedSet, Scenario, ScenarioMoment, ScenarioOutlook } from "./answers.ts";
import { ask } from "./asking.ts";
import { Chart, type Line, type Mark } from "./chart.tsx";
import { ColumnChart, type Column, type Level } from "./columns.tsx";
import { Figures } from "./figures.tsx";
import { Refused } from "./refused.tsx";
import { useSettled } from "./settled.ts";
import { Dial, nameCurrency, NowThen, type Row, signMove, TopUp, writeAmount } from "./what_if.tsx";
import { writeNumber } from "../words.ts";

export function InScenarios({ name, locks }: { name: string; locks: string }) {
  const [topUp, setTopUp] = useState("0");
  const [shock, setShock] = useState("0");
  const query = { name, locks, top_up: topUp.trim() || "0", shock: signMove(shock) };
  const { value: outlook, failure } = useSettled(JSON.stringify(query), () => ask<ScenarioOutlook>("api/outlook", query));
  if (outlook === null) return <Refused error={failure} />;
  const { currency, moves, unmoved } = outlook;
  const [isRicher, isMoved] = [Number(topUp) > 0, Number(shock) !== 0];
  const changes = { isRicher, isMoved };
  const [low, high] = [Math.floor(Number(moves[0]?.move ?? "-50")), Math.ceil(Number(moves.at(-1)?.move ?? "50"))];
  return (
    <div class="panels">
      <Panel title="Where it stands">
        <Standing outlook={outlook} />
      </Panel>
      <Panel title="What if">
        <form class="controls" onSubmit={(event) => event.preventDefault()}>
          <TopUp currency={currency} value={topUp} onInput={setTopUp} />
          {unmoved === null && (
            <Dial id="shock" label="All prices move by, %" sliderLabel="All prices move by, as a slider" typed={[-99, 1000]} slid={[low, high]} step={0.5} value={shock} onInput={setShock} />
          )}
        </form>
        {unmoved !== null && <p class="notice">What a move of prices would do is not told here: expected {unmoved}.</p>}
        <Refused error={failure} />
        <NowThen caption="Exact numbers by the round's risk arrays, rounded against you" rows={rowsOf(outlook)} />
      </Panel>
      <Panel title="Equity against requirement in each scenario" wide>
        <p class="told">{describe(outlook)}</p>
        <ColumnChart
          id="in-scenarios"
          title={`${outlook.label}: equity against requirement in each scenario`}
          says={describe(outlook)}
          axis=""
          currency=""
          rows={outlook.scenarios.some(({ price }) => price !== null) ? ["price", "volatility"] : ["scenario"]}
          columns={outlook.scenarios.map(columnOf)}
          levels={levelsOf(outlook, changes)}
          of="requirement in the scenario"
          then={isMoved ? "the same after the move" : null}
        />
        <details>
          <summary>The scenarios as a table</summary>
          <Scenarios scenarios={outlook.scenarios} currency={currency} isChanged={isRicher || isMoved} />
        </details>
      </Panel>
      {moves.length > 0 && (
        <Panel title="Equity against requirement after a move of all prices" wide>
          <p class="told">{describeMoves(moves)}</p>
          <Chart
            id="after-moves"
            title={`${outlook.label}: equity against requirement after a move of all prices`}
            says={describeMoves(moves)}
            axis="all prices move by"
            unit={"\u202f%"}
            currency={currency}
            lines={linesOf(moves, isRicher)}
            marks={marksOf(moves, isMoved ? shock : "")}
          />
          <details>
            <summary>The moves as a table</summary>
            <Moves moves={moves} currency={currency} />
          </details>
        </Panel>
      )}
    </div>
  );
}

function Standing({ outlook: { now, holdings, currency } }: { outlook: ScenarioOutlook }) {
  return (
    <>
      {now.covers ? (
        <p class="good">The equity covers the requirement in every scenario.</p>
      ) : (
        <p class="bad">The set is under water: its equity does not cover its worst scenario.</p>
      )}
      <dl>
        <dt>Holds</dt>
        <dd>
          <ul class="plain">
            {holdings.map(({ instrument, side, quantity }) => (
              <li key={instrument}>
                {side} {writeNumber(quantity)} {instrument}
              </li>
            ))}
          </ul>
        </dd>
        <dt>Worst scenario</dt>
        <dd>
          {now.worst.name}
          <small> comes to {writeAmount(now.worst.outcome, currency)}</small>
        </dd>
        <dt>Equity</dt>
        <dd>{writeAmount(now.equity, currency)}</dd>
        <dt>Requirement</dt>
        <dd>
          <span class="large">{writeAmount(now.requirement, currency)}</span>
          {now.short_minimum !== "0" && <small> of which {writeNumber(now.short_minimum)} short minimums</small>}
        </dd>
        <dt>To spare</dt>
        <dd>
          <span class="large">{writeAmount(now.to_spare, currency)}</span>
        </dd>
      </dl>
    </>
  );
}

function rowsOf({ now, then }: ScenarioOutlook): Row[] {
  const row = (what: string, read: (moment: ScenarioMoment) => string): Row => [what, read(now), read(then)];
  return [
    row("Equity", (moment) => writeNumber(moment.equity)),
    row("Requirement", (moment) => writeNumber(moment.requirement)),
    row("Worst scenario", (moment) => moment.worst.name),
    row("To spare", (moment) => writeNumber(moment.to_spare)),
    row("Covers", (moment) => (moment.covers ? "every scenario" : "not every scenario")),
  ];
}

function columnOf({ name, number, price, volatility, requirement, then_requirement: then, worst: isWorst }: Scenario): Column {
  const below = price === null || volatility === null ? [String(number)] : [writePercent(price), writePercent(volatility)];
  return { name, below, money: requirement, then, isWorst };
}

function levelsOf({ now, then }: ScenarioOutlook, { isRicher, isMoved }: { isRicher: boolean; isMoved: boolean }): Level[] {
  const changed = isMoved ? "equity after the move" : "equity with the cash that was added";
  return [{ kind: "equity", name: "equity", money: now.equity }, ...(isRicher || isMoved ? [{ kind: "richer", name: isRicher && isMoved ? `${changed}, with the cash that was added` : changed, money: then.equity }] : [])];
}

function linesOf(moves: MovedSet[], isRicher: boolean): Line[] {
  const line = (of: "equity" | "richer" | "requirement"): Line["points"] => moves.map((moved) => [moved.exact_move, moved[of]]);
  return [
    { kind: "equity", name: "equity", points: line("equity") },
    ...(isRicher ? [{ kind: "richer", name: "equity with the cash that was added", points: line("richer") }] : []),
    { kind: "maintenance", name: "requirement", points: line("requirement") },
  ];
}

function marksOf(moves: MovedSet[], shock: string): Mark[] {
  const [low, high] = [Number(moves[0]?.move), Number(moves.at(-1)?.move)];
  const marks = [{ kind: "attested", at: "0", says: "now" }];
  return low <= Number(shock) && Number(shock) <= high && shock !== "" ? [...marks, { kind: "", at: shock, says: `moved by ${writePercent(shock)}` }] : marks;
}

/** What the picture shows, for whoever does not see it. */
function describe({ now, currency }: ScenarioOutlook): string {
  const clears = now.covers ? `which leaves ${writeAmount(now.to_spare, currency)}` : `of which ${writeAmount(now.to_spare.replace("-", ""), currency)} is lacking`;
  return `The equity is ${writeAmount(now.equity, currency)}. The worst scenario is ${now.worst.name}: it asks for ${writeAmount(now.requirement, currency)}, ${clears}.`;
}

function describeMoves(moves: MovedSet[]): string {
  const nearest = (side: MovedSet[]) => side.find(({ covers }) => !covers);
  const down = nearest(moves.filter(({ move }) => Number(move) <= 0).reverse());
  const up = nearest(moves.filter(({ move }) => Number(move) >= 0));
  if (down !== undefined && down === up) return "The equity does not cover the requirement as prices are now.";
  const ends = [down, up].flatMap((each) => (each === undefined ? [] : [writePercent(each.move)]));
  if (ends.length === 0) return "The equity covers the requirement after every move that is shown.";
  return `The nearest of these moves after which the equity does not cover the requirement: ${ends.join(" and ")}.`;
}

function writePercent(percent: string): string {
  return `${percent.startsWith("+") ? percent : writeNumber(percent)}\u202f%`;
}

function Scenarios({ scenarios, currency, isChanged }: { scenarios: Scenario[]; currency: string; isChanged: boolean }) {
  const titles = ["Outcome", "Requirement", "To spare", ...(isChanged ? ["Requirement then", "To spare then"] : [])];
  const rows = scenarios.map((each) => ({
    key: each.number,
    head: (
      <>
        {each.name} {each.worst && <strong>worst</strong>}
      </>
    ),
    figures: [each.outcome, each.requirement, each.to_spare, ...(isChanged ? [each.then_requirement, each.then_to_spare] : [])].map((amount) => writeNumber(amount)),
  }));
  return <Figures caption={`What each scenario comes to and asks for, in ${nameCurrency(currency)}`} first="Scenario" titles={titles} rows={rows} />;
}

function Moves({ moves, currency }: { moves: MovedSet[]; currency: string }) {
  const rows = moves.map((moved) => ({
    key: moved.exact_move,
    head: writePercent(moved.move),
    figures: [writeNumber(moved.equity), writeNumber(moved.requirement), moved.covers ? "yes" : "no"],
  }));
  return <Figures caption={`Equity and requirement after moves of all prices, in ${nameCurrency(currency)}`} first="Move" titles={["Equity", "Requirement", "Covers"]} rows={rows} />;
}
