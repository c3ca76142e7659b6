import type { Root } from "../answers.ts";
import { log, parts, roots, trust } from "../live.ts";
import { alarm, check } from "../memory.ts";
import { Ago, Countdown, Digest, Notice, Panel } from "../panels.tsx";
import { writeNumber, writePolicy, writeSpan } from "../words.ts";
import { Claims, Refusals } from "./refusals.tsx";

const NAMES = { book: "Book of positions", market: "Prices", locks: "Locks" } as const;

export function Overview() {
  return (
    <>
      <h1 tabIndex={-1}>{trust.value ? `${trust.value.verifier} of ${trust.value.domain}` : "A verifier"}</h1>
      <div class="panels">
        <Freshness />
        <Prices />
        <Claims />
        <Head />
        <Committees />
        <Destinations />
        <Refusals />
      </div>
    </>
  );
}

function Freshness() {
  return (
    <Panel title="Freshness of roots">
      <Notice part={parts.value.roots} />
      {roots.value && (
        <table>
          <thead>
            <tr>
              <th scope="col">Root</th>
              <th scope="col">Good for</th>
              <th scope="col">Observed</th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {(["book", "market", "locks"] as const).map((name) => (
              <Freshly key={name} name={NAMES[name]} root={roots.value?.[name] ?? null} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Freshly({ name, root }: { name: string; root: Root | null }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{root ? <Countdown until={root.expires_at} since={root.observed_at} label={`${name}: time left`} /> : "none holds"}</td>
      <td>{root && <Ago moment={root.observed_at} />}</td>
      <td>{root && <Digest digits={root.root} />}</td>
    </tr>
  );
}

function Prices() {
  const facts = roots.value?.market?.facts ?? [];
  const prices = facts.flatMap((fact) => fact.prices);
  return (
    <Panel title="Prices">
      {facts.map((fact) => (
        <p key={fact.committee}>
          Oracle <strong>{fact.scope}</strong>, round {roots.value?.market?.sequence}: {fact.signatures}{" "}
          {fact.signatures === 1 ? "signature" : "signatures"} of committee <Digest digits={fact.committee} />
        </p>
      ))}
      {prices.length === 0 ? (
        <p class="notice">No round of prices holds.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Feed</th>
              <th scope="col" class="number">Ticks</th>
              <th scope="col" class="number">Give or take</th>
              <th scope="col">Seen</th>
            </tr>
          </thead>
          <tbody>
            {prices.map((price) => (
              <tr key={price.feed}>
                <th scope="row">{price.feed}</th>
                <td class="number">{writeNumber(price.price)}</td>
                <td class="number">{writeNumber(price.confidence)}</td>
                <td>
                  <Ago moment={price.observed_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Head() {
  const word = log.value;
  return (
    <Panel title="Log">
      <Notice part={parts.value.log} />
      {word && (
        <dl>
          <dt>Leaves</dt>
          <dd class="large">{writeNumber(word.size)}</dd>
          <dt>Acceptances</dt>
          <dd>
            {writeNumber(word.acceptances)}, {writeNumber(word.live)} live
          </dd>
          <dt>Root</dt>
          <dd>
            <Digest digits={word.root} />
          </dd>
          <dt>Checked in this browser</dt>
          <dd>{alarm.value ? <span class="bad">no: {alarm.value}</span> : check.value ? `up to leaf ${writeNumber(check.value.head.size)}` : "not yet"}</dd>
        </dl>
      )}
      <p>
        <a href="#/log">The proof of it</a>
      </p>
    </Panel>
  );
}

function Committees() {
  return (
    <Panel title="Committees">
      <Notice part={parts.value.trust} />
      {trust.value && (
        <table>
          <thead>
            <tr>
              <th scope="col">Speaks of</th>
              <th scope="col">Name</th>
              <th scope="col">Signers</th>
              <th scope="col" class="number">Good for</th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {trust.value.committees.map((each) => (
              <tr key={each.digest}>
                <th scope="row">{each.purpose}</th>
                <td>{each.scope}</td>
                <td>
                  {each.threshold} of {each.members}
                </td>
                <td class="number">{each.longest_age_seconds ? writeSpan(each.longest_age_seconds) : "ever"}</td>
                <td>
                  <Digest digits={each.digest} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Destinations() {
  return (
    <Panel title="Destinations">
      <Notice part={parts.value.trust} />
      {trust.value && (
        <table>
          <thead>
            <tr>
              <th scope="col">Contract</th>
              <th scope="col">Chain</th>
              <th scope="col">To enter</th>
              <th scope="col">To stay</th>
              <th scope="col" class="number">Good for</th>
            </tr>
          </thead>
          <tbody>
            {trust.value.destinations.map((each) => (
              <tr key={`${each.chain_id} ${each.contract}`}>
                <th scope="row">
                  <Digest digits={each.contract} />
                </th>
                <td>{each.chain_id}</td>
                <td>{writePolicy(each.entry)}</td>
                <td>{writePolicy(each.upkeep)}</td>
                <td class="number">{writeSpan(each.acceptance_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
