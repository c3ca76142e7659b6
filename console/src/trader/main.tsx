import "../console.css";
import { Frame, place, show } from "../frame.tsx";
import { takeKey } from "./asking.ts";
import { Check } from "./check.tsx";
import { PositionPage } from "./position.tsx";
import { Positions } from "./positions.tsx";
import { Proofs } from "./proofs.tsx";
import "./trader.css";

const PAGES = [
  ["#/", "Positions"],
  ["#/proofs", "Proofs"],
  ["#/check", "Check a proof"],
] as const;
const POSITION = /^#\/positions\/(.+)$/;

const hasKey = takeKey();

function Trader() {
  const here = place.value;
  const name = nameOf(here);
  return (
    <Frame
      pages={PAGES}
      current={name === undefined ? here : "#/"}
      title={`${name ?? PAGES.find(([path]) => path === here)?.[1] ?? "Positions"} \u00b7 Ringfence prover`}
      footer="Served by your prover to this tab. Nothing of a position goes anywhere else; of a proof goes what is shown before it is made."
    >
      {hasKey ? <Page here={here} name={name} /> : <NoKey />}
    </Frame>
  );
}

function Page({ here, name }: { here: string; name: string | undefined }) {
  if (name !== undefined) return <PositionPage key={name} name={name} />;
  if (here === "#/check") return <Check />;
  return here === "#/proofs" ? <Proofs /> : <Positions />;
}

function NoKey() {
  return (
    <>
      <h1 tabIndex={-1}>This tab has no key</h1>
      <p class="notice">Each tab is opened by an address of its own. The terminal of <code>ringfence prover serve</code> shows one that was not used.</p>
    </>
  );
}

function nameOf(here: string): string | undefined {
  const found = POSITION.exec(here)?.[1];
  try {
    return found === undefined ? undefined : decodeURIComponent(found);
  } catch {
    return undefined;
  }
}

show("trader", <Trader />);
