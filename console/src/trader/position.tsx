/** One position: where it stands and what would change it, by what it is; and what a proof of it would tell. */

import { useEffect, useState } from "preact/hooks";
import type { Position } from "./answers.ts";
import { ask } from "./asking.ts";
import { AtExpiry } from "./at_expiry.tsx";
import { InScenarios } from "./in_scenarios.tsx";
import { OverPrice } from "./over_price.tsx";
import { Proving } from "./proving.tsx";
import { Refused } from "./refused.tsx";

export function PositionPage({ name }: { name: string }) {
  const [position, setPosition] = useState<Position | null>(null);
  const [locks, setLocks] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    ask<{ positions: Position[] }>("api/positions").then(({ positions }) => {
      const found = positions.find((each) => each.name === name) ?? null;
      setPosition(found);
      setLocks(String(Math.max(0, ...(found?.lock_choices ?? []))));
    }, setFailure);
  }, [name]);
  const choices = position?.lock_choices ?? [];
  return (
    <>
      <h1 tabIndex={-1}>{name}</h1>
      <p class="told">{position?.label}</p>
      <Refused error={failure} />
      {choices.length > 1 && (
        <p class="filter">
          <label>
            Locks that count{" "}
            <select value={locks} onChange={(event) => setLocks(event.currentTarget.value)}>
              {choices.map((count) => (
                <option key={count} value={count}>
                  {count}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      {locks !== "" && <Outlook statement={position?.statement} name={name} locks={locks} />}
      {position?.demand && locks !== "" && <Proving name={name} locks={locks} wanted={position.demand} knowsShock={position.statement === "perp"} />}
    </>
  );
}

function Outlook({ statement, name, locks }: { statement: string | undefined; name: string; locks: string }) {
  if (statement === "perp") return <OverPrice name={name} locks={locks} />;
  if (statement === "defined_risk") return <AtExpiry name={name} locks={locks} />;
  return statement === "scenario" ? <InScenarios name={name} locks={locks} /> : null;
}
