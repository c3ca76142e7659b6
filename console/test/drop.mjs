// A person with a proof in a folder: chosen by keyboard, dropped as files and as a folder, and altered in every way that
// a person would try.
//
//     node drop.mjs ADDRESS PROFILE CHROMIUM FOLDER-OF-THE-PROOF CLAIM KEY-OF-ANOTHER-CIRCUIT [FOLDER-FOR-PICTURES]
//
// CLAIM is the same proof as one file, in the bytes of its message.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { examine } from "./accessibility.mjs";
import { browse } from "./browser.mjs";

const [address, profile, executablePath, folder, claimFile, foreignKey, pictures] = process.argv.slice(2);
const FILES = ["proof.json", "public.json", "verification_key.json"].map((name) => join(folder, name));
const [PROOF, PUBLIC, KEY] = FILES.map((path) => readFileSync(path, "utf8"));
const CLAIM = readFileSync(claimFile);
const [KEY_ID_START, KEY_ID_END] = [2, 34];
const EMPTY_PROOF = Buffer.from([0x1a, 0x00]);
const MIME = "application/octet-stream";

await browse({ address, profile, executablePath, pictures }, async (page, { complaints, elsewhere }) => {
  const seen = { reasons: {} };
  const answer = page.getByRole("region", { name: "Answer" });
  const take = (name) => pictures && page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

  /** As the operating system drops paths on a page. */
  async function drop(...files) {
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
    await session.detach();
  }

  async function give(...files) {
    await page.getByLabel(/choose them/).setInputFiles(files.map(([name, text]) => ({ name, mimeType: MIME, buffer: Buffer.from(text) })));
  }

  async function begin() {
    const button = page.getByRole("button", { name: "Begin anew" });
    if (await button.count()) await button.click();
    await answer.getByText("No proof yet.").waitFor();
  }

  async function refused(name, reason, ...files) {
    await begin();
    await give(...files);
    await answer.getByText(`Refused: ${reason}`).waitFor();
    assert.equal(await page.getByRole("region", { name: "Revealed, and nothing else" }).count(), 0);
    seen.reasons[name] = reason;
  }

  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Check a proof" }).click();
  await page.getByRole("heading", { level: 1, name: "Check a proof" }).waitFor();
  await page.getByRole("rowheader", { name: "perp-k1" }).waitFor();
  await answer.getByText("No proof yet.").waitFor();

  // Whatever the machine has else to do: a stream that broke is taken up again, and is told nothing.
  const asked = [];
  page.on("request", (request) => request.url() === new URL("/api/stream", page.url()).href || asked.push(request.url()));

  // By keyboard: the field is reached with Tab and opened with the space bar.
  const field = page.getByLabel(/choose them/);
  for (let presses = 0; presses < 20 && !(await field.evaluate((each) => each === document.activeElement)); presses++) await page.keyboard.press("Tab");
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
  await chooser.setFiles(FILES.slice(0, 1));
  await answer.getByText("The public inputs of this proof are missing").waitFor();
  await give(["public.json", PUBLIC]);
  await answer.getByText(/^\S Valid$/).waitFor();
  seen.answer = await answer.innerText();
  seen.inputs = await page.getByRole("region", { name: "Revealed, and nothing else" }).getByRole("rowheader").allInnerTexts();
  seen.policy = await page.getByRole("row", { name: /^policy/ }).innerText();
  seen.milliseconds = Number(/computed in (\d+) ms/.exec(seen.answer)[1]);
  assert.equal(await page.getByText("whether a nullifier was spent before").count(), 1);
  await take("check-light");
  assert.deepEqual(await examine(page), []);

  await begin();
  await drop(...FILES.slice(0, 2));
  await answer.getByText(/^\S Valid$/).waitFor();
  await begin();
  await drop(folder);
  await answer.getByText(/^\S Valid$/).waitFor();
  assert.equal(await page.getByRole("region", { name: "Files" }).getByRole("listitem").count(), 3);

  await begin();
  await drop(claimFile);
  await answer.getByText(/^\S Valid$/).waitFor();
  assert.deepEqual(await page.getByRole("region", { name: "Revealed, and nothing else" }).getByRole("rowheader").allInnerTexts(), seen.inputs);
  assert.equal(await page.getByRole("region", { name: "Files" }).getByRole("listitem").count(), 1);
  await give(["proof.json", PROOF]);
  await answer.getByText("The public inputs of this proof are missing").waitFor();

  /** The last digit of the first long number is another one. */
  const another = (text) => text.replace(/(\d{20,}?)(\d)"/, (_, digits, last) => `${digits}${(Number(last) + 1) % 10}"`);
  const proof = ["proof.json", PROOF];
  const inputs = ["public.json", PUBLIC];
  await refused("a digit of the inputs", "V17_EQUATION_FAILS", proof, ["public.json", another(PUBLIC)]);
  await refused("a digit of the proof", "V15_OFF_CURVE", ["proof.json", another(PROOF)], inputs);
  await refused("a key of another circuit", "V23_KEY_NOT_PINNED", proof, inputs, ["verification_key.json", readFileSync(foreignKey, "utf8")]);
  await refused("a key that was altered", "V23_KEY_NOT_PINNED", proof, inputs, ["verification_key.json", another(KEY)]);
  await refused("fewer inputs", "V10_INPUT_COUNT", proof, ["public.json", JSON.stringify(JSON.parse(PUBLIC).slice(1, 4))]);
  await refused("a field twice", "V03_DUPLICATE_FIELD", ["proof.json", PROOF.replace('"protocol"', '"curve": "bn128", "protocol"')], inputs);
  await refused("no JSON", "V01_NOT_READABLE", ["proof.json", "a proof"]);
  await refused("another document", "V06_WRONG_SHAPE", ["demand.json", "{}"]);
  await answer.getByText("Taken are JSON as snarkjs").waitFor();
  await refused("an archive", "NOT_READABLE", ["claim.zip", Buffer.from("PK\x03\x04\x14\x00\x00\x00")]);
  await answer.getByText("An archive has to be unpacked first.").waitFor();
  const foreign = Buffer.from(CLAIM);
  foreign[KEY_ID_START] ^= 1;
  const empty = Buffer.concat([CLAIM.subarray(0, KEY_ID_END), EMPTY_PROOF]);
  await refused("a claim that was cut", "NOT_READABLE", ["bob.claim", CLAIM.subarray(0, -1)]);
  await refused("a claim under another key", "V23_KEY_NOT_PINNED", ["bob.claim", foreign]);
  await refused("a claim without its inputs", "MISSING_FIELD", ["bob.claim", empty]);
  await refused("a claim beside a proof", "CONFLICTING_FIELDS", ["bob.claim", CLAIM], proof);
  await refused("two proofs", "DUPLICATE_FIELD", proof, ["proof-2.json", PROOF]);
  await refused("a huge file", "V02_TOO_LARGE", ["proof.json", "[".repeat(20_000_000)]);
  await take("check-refused-light");
  assert.deepEqual(await examine(page), []);
  assert.deepEqual(asked, [], "nothing was asked of anybody");
  assert.deepEqual(complaints, []);
  assert.deepEqual(elsewhere, []);
  return seen;
});
