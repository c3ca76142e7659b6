// A trader in front of what is no perpetual: a structure over its price at expiry, a netting set in its scenarios.
//
//     node trader_kinds.mjs ADDRESS PROFILE CHROMIUM [FOLDER-FOR-PICTURES]
//
// Four positions are there: "condor", "naked", whose loss has no limit, "strangle", and "written", whose risk arrays are
// written out. Prints what it saw as JSON, and ends with an error where something is not as a person would have to see it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { browse } from "./browser.mjs";

const [address, profile, executablePath, pictures] = process.argv.slice(2);

await browse({ address, profile, executablePath, pictures }, async (page, { complaints, elsewhere }) => {
  const panel = (name) => page.getByRole("region", { name, exact: true });
  const row = (name) => panel("What if").getByRole("row", { name });
  const read = async (name) => (await row(name).getByRole("cell").allInnerTexts()).map((text) => text.trim());
  const seen = {};

  async function take(name) {
    if (pictures) await page.locator("main .panels").first().screenshot({ path: join(pictures, `${name}.png`) });
  }

  async function open(name) {
    await page.getByRole("link", { name: "Positions" }).click();
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await panel("Where it stands").waitFor();
  }

  async function press(label, key, times) {
    await page.getByLabel(label).focus();
    for (let step = 0; step < times; step += 1) await page.keyboard.press(key);
  }

  async function prove() {
    await panel("What to prove").getByText("It holds:", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Prove exactly this" }).click();
    await page.getByText("It tells what was shown and nothing else").waitFor();
    return page.getByRole("status").filter({ hasText: "was made and verified" }).count();
  }

  async function lookAtStructure() {
    await open("condor");
    await panel("Where it stands").getByText("The equity covers the loss at every price at expiry.").waitFor();
    seen.structure = await panel("Where it stands").locator("dd").allInnerTexts();
    await page.getByRole("img", { name: /equity against requirement over the price at expiry/ }).waitFor();
    await page.getByText("The same as a table").click();
    seen.prices = await page.getByRole("table", { name: /prices at expiry/ }).getByRole("row").count();
    await page.getByLabel("Cash added").fill("30");
    await page.getByText("equity with the cash that was added").waitFor();
    await page.getByLabel("It expires at", { exact: true }).fill("1850");
    await row(/^Left at 1\s850/).waitFor();
    await press("It expires at, as a slider", "ArrowRight", 10);
    await row(/^Left at 1\s860/).waitFor();
    seen.spared = await read(/^To spare/);
    seen.left = await read(/^Left at/);
    await page.getByLabel("Cash added").fill("nothing");
    await panel("What if").getByRole("alert").filter({ hasText: "a plain decimal" }).waitFor();
    await page.getByLabel("Cash added").fill("30");
    await panel("What if").getByRole("alert").waitFor({ state: "detached" });
    assert.equal(await page.getByLabel(/even after a move/).count(), 0, "a structure has its own worst price");
    await page.getByText("The same as a table").click();
    await take("structure-light");
    seen.structureProofs = await prove();
  }

  async function lookAtNaked() {
    await open("naked");
    await panel("Where it stands").getByText("No equity covers it").waitFor();
    await panel("What to prove").getByRole("alert").filter({ hasText: "limited however far the price rises" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Prove exactly this" }).isDisabled(), true);
  }

  async function lookAtSet() {
    await open("strangle");
    await panel("Where it stands").getByText("The equity covers the requirement in every scenario.").waitFor();
    seen.set = await panel("Where it stands").locator("dd").allInnerTexts();
    await page.getByRole("img", { name: /equity against requirement in each scenario/ }).waitFor();
    await page.getByRole("img", { name: /after a move of all prices/ }).waitFor();
    await page.getByText("The scenarios as a table").click();
    seen.scenarios = await page.getByRole("table", { name: /What each scenario comes to/ }).getByRole("row").count();
    seen.worst = await page.getByRole("row").filter({ has: page.locator("strong", { hasText: "worst" }) }).getByRole("cell").allInnerTexts();
    await page.getByText("The scenarios as a table").click();
    await page.getByLabel("Cash added, USDC").fill("15");
    await press("All prices move by, as a slider", "ArrowLeft", 10);
    await row(/^Covers/).getByText("not every scenario").waitFor();
    seen.moved = await read(/^To spare/);
    await page.getByText("equity after the move, with the cash that was added").waitFor();
    await take("scenarios-dark");
    seen.setProofs = await prove();
  }

  async function lookAtWritten() {
    await open("written");
    await panel("What if").getByText("the risk array of ETH-PERP is written out").waitFor();
    assert.equal(await page.getByLabel("All prices move by, %").count(), 0);
    assert.equal(await page.getByRole("img").count(), 1, "no chart over moves");
  }

  await lookAtStructure();
  await page.getByRole("button", { name: "Dark" }).click();
  await lookAtNaked();
  await lookAtSet();
  await lookAtWritten();
  assert.deepEqual(complaints.filter((each) => !/status of 400/.test(each)), []);
  assert.deepEqual(elsewhere, []);
  return seen;
});
