import { useEffect, useState } from "preact/hooks";
import { Digest } from "../panels.tsx";
import type { Position } from "./answers.ts";
import { ask } from "./asking.ts";
import { Refused } from "./refused.tsx";

interface Known {
  positions: Position[];
  more: boolean;
}

export function Positions() {
  const [known, setKnown] = useState<Known | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    ask<Known>("api/positions").then(setKnown, setFailure);
  }, []);
  return (
    <>
      <h1 tabIndex={-1}>Positions</h1>
      <Refused error={failure} />
      {known?.positions.length === 0 && (
        <p class="notice">
          There is none. <code>ringfence commit</code>, or the method Commit of the service, puts one here.
        </p>
      )}
      {known !== null && known.positions.length > 0 && (
        <div class="scroll">
          <table>
            <caption>Committed, by their names{known.more ? "; only the first are shown" : ""}</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">What it is</th>
                <th scope="col">Standing</th>
                <th scope="col">Statement</th>
                <th scope="col" class="number">
                  Locks
                </th>
                <th scope="col">Tag</th>
              </tr>
            </thead>
            <tbody>
              {known.positions.map((position) => (
                <Row key={position.name} position={position} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Row({ position }: { position: Position }) {
  return (
    <tr>
      <th scope="row">{position.unknown === undefined ? <a href={`#/positions/${encodeURIComponent(position.name)}`}>{position.name}</a> : position.name}</th>
      <td>{position.label ?? <span class="refused">Nothing can be said of it: expected {position.unknown}.</span>}</td>
      <td>{position.standing}</td>
      <td>{position.statement}</td>
      <td class="number">{position.locks}</td>
      <td>
        <Digest digits={position.tag} />
      </td>
    </tr>
  );
}
