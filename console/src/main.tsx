import "./console.css";
import { Frame, place, show } from "./frame.tsx";
import { follow, isOpen, roots, silence, trust } from "./live.ts";
import { alarm } from "./memory.ts";
import { Acceptances } from "./pages/acceptances.tsx";
import { CheckPage } from "./pages/check.tsx";
import { LogPage } from "./pages/log.tsx";
import { Overview } from "./pages/overview.tsx";
import { Story } from "./pages/story.tsx";

const PAGES = [
  ["#/", "Overview"],
  ["#/acceptances", "Acceptances"],
  ["#/log", "Log"],
  ["#/check", "Check a proof"],
] as const;
const STORY = /^#\/acceptances\/([0-9a-f]{64})$/;

function Console() {
  const here = place.value;
  const story = STORY.exec(here)?.[1];
  const name = story ? "One acceptance" : (PAGES.find(([path]) => path === here)?.[1] ?? "Overview");
  return (
    <Frame
      pages={PAGES}
      current={story ? "#/acceptances" : here}
      title={`${name} \u00b7 Ringfence console`}
      status={
        <span class={isOpen.value ? "live" : "live off"} role="status">
          {isOpen.value ? "live" : silence.value}
        </span>
      }
      notice={
        alarm.value &&
        here !== "#/log" && (
          <p class="notice bad" role="alert">
            The log does not hold: {alarm.value}. <a href="#/log">What to do</a>
          </p>
        )
      }
      footer="Read-only. Proofs are checked in this browser; nothing is sent anywhere else."
    >
      <Page here={here} story={story} />
    </Frame>
  );
}

function Page({ here, story }: { here: string; story: string | undefined }) {
  if (story) return <Story key={story} id={story} />;
  if (here === "#/acceptances") return <Acceptances />;
  if (here === "#/check") return <CheckPage keys={trust.value?.keys ?? null} roots={roots.value} />;
  return here === "#/log" ? <LogPage /> : <Overview />;
}

follow();
show("console", <Console />);
