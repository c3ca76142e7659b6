// Whether everybody can use every page, while things go on in it.
//
//     node audit.mjs ADDRESS PROFILE CHROMIUM PAGES
//
// PAGES are [hash, texts by which the page is known to be there whole], as JSON. What is found is printed as JSON.
import assert from "node:assert/strict";
import { examine, listen } from "./accessibility.mjs";
import { browse } from "./browser.mjs";

const [address, profile, executablePath, pages] = process.argv.slice(2);

await browse({ address, profile, executablePath }, async (page, { complaints, elsewhere }) => {
  const [found, titles] = [[], []];
  for (const [hash, ...signs] of JSON.parse(pages)) {
    await page.evaluate((where) => (location.hash = where), hash);
    for (const sign of signs) await page.locator("main").getByText(sign).first().waitFor();
    titles.push(await page.title());
    found.push(...(await examine(page)).map((what) => ({ page: hash, ...what })));
    const babbled = await listen(page);
    if (babbled.length > 0) found.push({ page: hash, rule: "live regions do not babble", at: babbled });
  }
  assert.equal(new Set(titles).size, titles.length, `each page has a title of its own: ${titles}`);
  assert.deepEqual(complaints, []);
  assert.deepEqual(elsewhere, []);
  return found;
});
