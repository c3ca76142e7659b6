// A browser with a profile of its own, and everything in it that a page should never give rise to.
import { chromium } from "playwright-core";

/** Each wait is for something that happens; a machine may have much else to do. */
const PATIENCE_MILLISECONDS = 300_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function openBrowser({ address, profile, executablePath, flags = [], clientCertificates = [] }) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    timeout: PATIENCE_MILLISECONDS,
    headless: true,
    args: [...FLAGS, ...flags],
    clientCertificates,
    viewport: { width: 1280, height: 900 },
    colorScheme: "light",
  });
  context.setDefaultTimeout(PATIENCE_MILLISECONDS);
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  const elsewhere = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => new URL(request.url()).origin === new URL(address).origin || elsewhere.push(request.url()));
  return { context, page, complaints, elsewhere };
}

/** Does what is asked at an address and says what it saw as JSON; a picture of where it failed goes to `pictures`. */
export async function browse({ address, pictures, ...browser }, visit) {
  const { context, page, complaints, elsewhere } = await openBrowser({ address, ...browser });
  try {
    await page.goto(address);
    process.stdout.write(JSON.stringify(await visit(page, { complaints, elsewhere })));
  } catch (error) {
    if (pictures) await page.screenshot({ path: `${pictures}/failed.png` }).catch(() => undefined);
    process.stderr.write(`${error.stack}\n${complaints.join("\n")}\n`);
    process.exitCode = 1;
  } finally {
    await context.close();
  }
}
