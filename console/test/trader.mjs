// A trader in front of the prover's page: every page clicked through, by mouse and by keyboard, and a proof made.
//
//     node trader.mjs ADDRESS PROFILE CHROMIUM FOLDER-FOR-FILES [FOLDER-FOR-PICTURES]
//
// Two positions are there, "bob" with one lock, and "sunk", which is under water. Prints what it saw as JSON, and ends
// with an error where something is not as a person would have to see it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openBrowser } from "./browser.mjs";

/** Pixels around what is on a picture. */
const MARGIN = 16;

const [address, profile, executablePath, files, pictures] = process.argv.slice(2);
const { context, page, complaints, elsewhere } = await openBrowser({ address, profile, executablePath });
const bodies = [];
page.on("response", async (response) => response.url().includes("/api/") && bodies.push(await response.text().catch(() => "")));

/** A picture of the page, or of no more than lies between the first of two panels and the last. */
async function take(name, first, last) {
  if (!pictures) return;
  await page.evaluate(() => (document.activeElement?.blur(), scrollTo(0, 0)));
  const top = first && (await panel(first).boundingBox());
  const bottom = last && (await panel(last).boundingBox());
  const y = top ? Math.floor(top.y) - MARGIN : 0;
  const clip = bottom && { x: 0, y, width: page.viewportSize().width, height: Math.ceil(bottom.y + bottom.height) + MARGIN - y };
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, ...(clip && { clip }) });
}

function panel(name) {
  return page.getByRole("region", { name, exact: true });
}

const seen = {};

async function look() {
  await page.getByRole("heading", { level: 1, name: "Positions" }).waitFor();
  await page.getByRole("link", { name: "bob", exact: true }).waitFor();
  assert.equal(new URL(page.url()).hash, "#/", "the key stays in no address");
  for (const role of ["banner", "main", "contentinfo"]) assert.equal(await page.getByRole(role).count(), 1, role);

  // Nobody has chosen yet: the page follows the system, also when that changes.
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme, { timeout: 10_000 });
  }

  // By keyboard: the link has the focus and is followed by Enter, the new heading has it afterwards.
  await page.getByRole("link", { name: "bob", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "bob" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
  await panel("Where it stands").getByText("The equity covers the initial requirement.").waitFor();
  seen.liquidation = await panel("Where it stands").locator("dd .large").first().innerText();
  await page.getByRole("img", { name: /equity against requirement over the mark price/ }).waitFor();
  await page.getByText("The same as a table").click();
  seen.rows = await page.getByRole("table", { name: /Equity and requirements at marks/ }).getByRole("row").count();
  await page.getByText("The same as a table").click();
}

async function wonder() {
  const then = panel("What if").getByRole("row", { name: /^Liquidation price/ }).getByRole("cell").nth(1);
  const before = await then.innerText();
  await page.getByLabel("Cash added, USDT").fill("100");
  await page.getByText("equity with the cash that was added").waitFor();
  await page.getByLabel("The mark moves by, as a slider").focus();
  for (let step = 0; step < 4; step += 1) await page.keyboard.press("ArrowLeft");
  assert.equal(await page.getByLabel("The mark moves by, %", { exact: true }).inputValue(), "-2");
  await panel("What if").getByRole("row", { name: /^Mark price/ }).getByText("58\u202f800").waitFor();
  seen.then = await then.innerText();
  assert.notEqual(seen.then, before);
  await page.getByLabel("Cash added, USDT").fill("nothing");
  await panel("What if").getByRole("alert").filter({ hasText: "a plain decimal" }).waitFor();
  await page.getByLabel("Cash added, USDT").fill("100");
  await panel("What if").getByRole("alert").waitFor({ state: "detached" });
  await take("position-light", "", "Equity against requirement");
}

async function prove() {
  const revealed = panel("What will be revealed").locator("tbody tr");
  await page.getByLabel("Requirement", { exact: true }).selectOption("maintenance");
  await page.getByLabel("even after a move against it of, %").fill("2");
  await page.getByText("and still does after the mark has moved 2 % against the position").waitFor();
  await panel("What to prove").getByText("It holds:", { exact: false }).waitFor();
  seen.revealed = await revealed.locator("th").allInnerTexts();
  seen.values = await revealed.locator("code.value").allInnerTexts();
  seen.hidden = await panel("What stays hidden").locator("dt").allInnerTexts();
  await take("preview-light", "What to prove", "What will be revealed");
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");

  await page.getByRole("button", { name: "Prove exactly this" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "was made and verified" }).waitFor();
  await page.getByText("It tells what was shown and nothing else").waitFor();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save claim.zip" }).click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), "claim.zip");
  await saved.saveAs(join(files, "claim.zip"));
  await take("proved-dark", "What will be revealed", "What will be revealed");
}

async function sink() {
  await page.getByRole("link", { name: "Positions" }).click();
  await page.getByRole("link", { name: "sunk", exact: true }).click();
  await panel("Where it stands").getByText("The position is under water").waitFor();
  await panel("What to prove").getByRole("alert").filter({ hasText: "No proof can be made of it" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Prove exactly this" }).isDisabled(), true);
  await take("sunk-dark", "", "What to prove");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Proofs" }).click();
  await page.getByRole("row", { name: /was made and verified/ }).waitFor();
  assert.equal(await page.getByRole("row", { name: /was not made/ }).count(), 0);
}

async function openBeside() {
  const beside = await context.newPage();
  await beside.goto(new URL("/", address).href);
  await beside.getByRole("heading", { level: 1, name: "This tab has no key" }).waitFor();
  const said = await beside.evaluate(async () => (await fetch("/api/positions")).status);
  assert.equal(said, 401);
  await beside.close();
}

try {
  await page.goto(address);
  assert.equal(new URL(page.url()).search, "", "the token stays in no address");
  await look();
  await wonder();
  await prove();
  await sink();
  await openBeside();
  assert.equal(await page.evaluate(() => document.cookie), "", "no script sees the cookie");
  assert.deepEqual(complaints.filter((each) => !/status of 400/.test(each)), []);
  assert.deepEqual(elsewhere.filter((each) => !each.startsWith("blob:")), []);
  seen.told = bodies.join("\n");
  process.stdout.write(JSON.stringify(seen));
} catch (error) {
  if (pictures) await page.screenshot({ path: join(pictures, "failed.png") }).catch(() => undefined);
  process.stderr.write(`${error}\n${complaints.join("\n")}\n`);
  process.exitCode = 1;
} finally {
  await context.close();
}
