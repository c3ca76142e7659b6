// A browser of another machine in front of a console over TLS: with a certificate that may see it, with one that may not, and
// with none.
//
//     node certified.mjs ADDRESS PROFILE CHROMIUM guest|stranger CERTIFICATE KEY
//     node certified.mjs ADDRESS PROFILE CHROMIUM nobody PIN
//
// What has a certificate to show is playwright, which speaks TLS with the console for the browser, and believes the authority
// in NODE_EXTRA_CA_CERTS. Whoever has none is the browser itself, which knows the console by PIN, the SHA-256 of its key. Of a
// guest the standard input says when its role was taken back. Prints what it saw as JSON.
import assert from "node:assert/strict";
import { once } from "node:events";
import { openBrowser } from "./browser.mjs";

const [address, profile, executablePath, who, ...given] = process.argv.slice(2);
const [certPath, keyPath] = given;
const shown = { clientCertificates: [{ origin: new URL(address).origin, certPath, keyPath }] };
const pinned = { flags: [`--ignore-certificate-errors-spki-list=${given[0]}`] };
const { context, page, complaints } = await openBrowser({ address, profile, executablePath, ...(who === "nobody" ? pinned : shown) });

const visits = {
  async guest() {
    await page.goto(address);
    await page.getByRole("heading", { level: 1, name: "desk-1 of clearing.example" }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByText(/^up to leaf [1-9]/).waitFor();
    await page.getByRole("link", { name: "Acceptances" }).click();
    await page.locator("tbody tr").first().getByRole("link").click();
    await page.getByText(/is in the log/).first().waitFor();
    await page.getByText("on chain 1", { exact: false }).first().waitFor();
    assert.deepEqual(complaints, []);
    process.stdout.write("in\n");
    await once(process.stdin, "data");
    await page.getByText("your certificate may not see this any more").waitFor();
    return page.reload();
  },
  stranger: () => page.goto(address),
  nobody: () => page.goto(address),
};

try {
  const response = await visits[who]().catch((error) => error);
  const status = response instanceof Error ? response.message.split(" at ")[0] : response.status();
  process.stdout.write(JSON.stringify({ status, text: await page.locator("body").innerText() }));
} finally {
  await context.close();
}
process.exit();
