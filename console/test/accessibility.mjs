// Whether everybody can use a page: what axe finds, and what it cannot find.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const LANDMARKS = ["banner", "navigation", "main", "contentinfo"];
const LISTENED_MILLISECONDS = 3000;
const LEAST_SILENCE_MILLISECONDS = 5000;
const NARROW = { width: 320, height: 640 };
/** So often the focus may be at what a browser has around a page before it is back. */
const MOST_OUTSIDE = 8;
/** Enough of an element to find it by. */
const SHOWN = 120;

/** What is wrong with the page as it is now, in the light and in the dark, wide and narrow. */
export async function examine(page) {
  const [found, size] = [[], page.viewportSize()];
  await page.emulateMedia({ reducedMotion: "reduce" });
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const before = await page.evaluate(() => document.documentElement.dataset.theme);
  for (const theme of ["light", "dark", before]) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
    for (const { id, nodes } of (await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS)).violations)
      found.push({ theme, rule: id, at: nodes.map(({ target, html, failureSummary }) => `${target} ${html} ${failureSummary}`) });
  }
  for (const role of LANDMARKS) if ((await page.getByRole(role).count()) !== 1) found.push({ rule: `one ${role}` });
  if ((await page.getByRole("heading", { level: 1 }).count()) !== 1) found.push({ rule: "one first heading" });
  found.push(...(await walk(page)));
  await resize(page, NARROW);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) found.push({ rule: `fits ${NARROW.width} pixels`, at: [`${wide} pixels more`] });
  for (const at of await page.evaluate(findCut)) found.push({ rule: `is whole on ${NARROW.width} pixels`, at: [at] });
  await resize(page, size);
  return found;
}

/** Whatever goes on beyond the edge of its panel, but for rows, charts and bytes, which are moved along. */
function findCut() {
  const isMoved = (each) => each.closest("tr, pre, svg, .pan") !== null || each.matches("table, thead, tbody, .unseen");
  return [...document.querySelectorAll(".panel, .scroll")].flatMap((panel) => {
    const edge = panel.getBoundingClientRect().right;
    const shown = [...panel.querySelectorAll("*")].filter((each) => each.checkVisibility() && !isMoved(each));
    return shown.filter((each) => each.getBoundingClientRect().right > edge).map((each) => each.outerHTML.slice(0, 120));
  });
}

/** The page is so large when it knows it. */
async function resize(page, size) {
  await page.setViewportSize(size);
  await page.waitForFunction((width) => innerWidth === width, size.width);
}

/** What a person hears in a while without asking for it, too soon after what the same region said before. */
export async function listen(page) {
  await page.evaluate((silence) => {
    const moments = new Map();
    globalThis.babbled = [];
    const regions = "[role=status], [role=alert], [role=log], [aria-live]";
    const said = new Map([...document.querySelectorAll(regions)].map((region) => [region, region.textContent]));
    globalThis.listener = new MutationObserver(() => {
      for (const region of document.querySelectorAll(regions))
        if (said.get(region) !== region.textContent) {
          const now = performance.now();
          if (now - (moments.get(region) ?? -silence) < silence) babbled.push(region.textContent);
          moments.set(region, now);
          said.set(region, region.textContent);
        }
    });
    listener.observe(document.body, { subtree: true, childList: true, characterData: true });
  }, LEAST_SILENCE_MILLISECONDS);
  await page.waitForTimeout(LISTENED_MILLISECONDS);
  return page.evaluate(() => {
    listener.disconnect();
    return babbled;
  });
}

/**
 * Everything that can have the focus and did not get it by Tab, or got it without a mark that can be seen. The walk is over when
 * all of it had the focus, or when it went around once more and came to nothing new: whatever comes in meanwhile, and wherever
 * the browser puts the focus when it comes back to the page, what can be reached was.
 */
async function walk(page) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    const able = "a[href], button:not(:disabled), input:not(:disabled), select, summary, [tabindex='0']";
    globalThis.unreached = new Set([...document.querySelectorAll(able)].filter((each) => each.checkVisibility()));
    globalThis.reached = new Set();
    globalThis.unmarked = [];
    globalThis.stale = 0;
    globalThis.way = [];
  });
  await page.keyboard.press("Home");
  for (let isOver = false; !isOver; ) {
    await page.keyboard.press("Tab");
    isOver = await page.evaluate(
      ([most, shown]) => {
        const here = document.querySelector(":focus"); // none while the focus is outside of the page
        way.push(here?.outerHTML.slice(0, shown) ?? "outside");
        if (here === null || reached.has(here)) stale += 1;
        else {
          const { outlineStyle, outlineWidth } = getComputedStyle(here);
          if (outlineStyle === "none" || outlineWidth === "0px") unmarked.push(here.outerHTML.slice(0, shown));
          unreached.delete(here);
          reached.add(here);
          stale = 0;
        }
        for (const each of unreached) if (!each.isConnected || each.matches(":disabled")) unreached.delete(each);
        return unreached.size === 0 || stale > reached.size + most;
      },
      [MOST_OUTSIDE, SHOWN],
    );
  }
  return page.evaluate(
    (shown) => [
      ...unmarked.map((at) => ({ rule: "the focus can be seen", at: [at] })),
      ...[...unreached].map((each) => ({ rule: "reached by Tab", at: [each.outerHTML.slice(0, shown)], way })),
    ],
    SHOWN,
  );
}
