// A visit by a person, as far as one can be told to a browser: every page clicked through, by mouse and by keyboard.
//
//     node visit.mjs ADDRESS PROFILE CHROMIUM first|again|forked [FOLDER-FOR-PICTURES]
//
// Prints what it saw as JSON, and ends with an error where something is not as a person would have to see it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { browse } from "./browser.mjs";

const [address, profile, executablePath, kind, pictures] = process.argv.slice(2);
let page;

async function take(name) {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

async function goTo(name) {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
}

const seen = {};
const visits = {
  async first() {
    await page.getByRole("heading", { level: 1, name: /sandbox of/ }).waitFor();
    await page.getByText(/^up to leaf /).waitFor();
    await page.getByText("proofs a second").waitFor();
    seen.refusal = await page.getByRole("row", { name: /^NULLIFIER_SPENT/ }).innerText();
    await page.getByRole("cell", { name: "refused in step 8, a lock that was used" }).waitFor();
    for (const role of ["banner", "main", "contentinfo"]) assert.equal(await page.getByRole(role).count(), 1, role);
    seen.freshness = await page.getByRole("row", { name: /^Prices/ }).innerText();
    await take("overview-light");
    await page.getByRole("button", { name: "Dark" }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await take("overview-dark");

    await goTo("Acceptances");
    const rows = page.locator("tbody tr");
    await rows.nth(1).waitFor();
    seen.rows = await rows.count();
    await take("acceptances-dark");
    await page.getByRole("button", { name: "Dark" }).click();
    await page.getByLabel("State").selectOption("seized");
    await page.getByText("None.", { exact: true }).waitFor();
    await page.getByLabel("State").selectOption("refreshed");
    await rows.first().waitFor();
    assert.equal(await rows.count(), 1);

    // The rest by keyboard: the link has the focus and is followed by Enter, the new heading has it afterwards.
    const link = rows.first().getByRole("link");
    const id = (await link.getAttribute("href")).split("/").at(-1);
    await link.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: id }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
    await page.getByText(/is in the log/).nth(1).waitFor();
    seen.events = await page.locator("ol.events .event").allInnerTexts();
    await page.getByText("The role of this console may not have it").waitFor();
    await page.locator("summary").first().click();
    await take("story-light");

    await goTo("Log");
    await page.getByText("The pinned key signed this head.").waitFor();
    await page.getByText(/It is the first head that this browser has seen/).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: /^Log/ }).waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "To the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "MAIN");
  },
  // As whoever may have the attestation: it is checked here, and the file is the one that was checked.
  async attested() {
    await goTo("Acceptances");
    await page.getByLabel("State").selectOption("refreshed");
    await page.locator("tbody tr").first().getByRole("link").click();
    const panel = page.getByRole("region", { name: "Signed attestation" });
    await panel.getByText(/its bytes are those that leaf \d+ makes/).waitFor();
    await panel.getByText(/signed them \(Ed25519\)/).waitFor();
    seen.chain = await panel.getByText(/signed them for chain/).innerText();
    await take("attestation-light");
    const [download] = await Promise.all([page.waitForEvent("download"), panel.getByRole("link", { name: "Download the attestation" }).click()]);
    await download.saveAs(join(profile, download.suggestedFilename()));
    seen.file = download.suggestedFilename();
    await page.getByRole("button", { name: "Dark" }).click();
    await take("attestation-dark");
  },
  async again() {
    await goTo("Log");
    await page.getByText(/It continues the \d+ leaves that this browser saw before: [1-9]\d* hash/).waitFor();
    seen.steps = await page.locator("ol.steps li").count();
    await take("log-light");
    await page.getByRole("button", { name: "Dark" }).click();
  },
  async forked() {
    await page.getByText(/^up to leaf /).waitFor();
    await page.evaluate(() => {
      for (const name of Object.keys(localStorage).filter((each) => each.startsWith("ringfence head "))) {
        const head = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify({ ...head, root: "00".repeat(32) }));
      }
    });
    await page.reload();
    await page.getByRole("alert").filter({ hasText: "The log does not hold" }).waitFor();
    await goTo("Log");
    await page.getByRole("button", { name: "Forget what this browser has seen" }).click();
    await page.getByText("The pinned key signed this head.").waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  },
};

await browse({ address, profile, executablePath, pictures }, async (opened, { complaints, elsewhere }) => {
  page = opened;
  assert.equal(new URL(page.url()).search, "", "the token stays in no address");
  await visits[kind]();
  assert.equal(await page.evaluate(() => document.cookie), "", "no script sees the cookie");
  assert.deepEqual(complaints, []);
  assert.deepEqual(elsewhere, []);
  return seen;
});
