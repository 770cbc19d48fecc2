// A person in a browser: authorises Swagger UI with id and secret, tries a call, and reads the reference.
//
//     node browser.mjs BASE_URL CLIENT_ID CLIENT_SECRET FOLDER       (pictures of the pages go into FOLDER)

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const [base, id, secret, folder] = process.argv.slice(2);
const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const complaints = [];

// A page that may ask this replica alone, and whose complaints (a blocked style, a script that throws) are kept.
async function open(path, options) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:") && !url.startsWith("blob:")) complaints.push(`asks ${url}`);
  });
  page.on("pageerror", (error) => complaints.push(`${path}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${path}: ${message.text()}`);
  });
  const reply = await page.goto(`${base}${path}`);
  assert.equal(reply.status(), 200);
  return page;
}

async function tryTheApi() {
  const page = await open("/~/open-api/", { viewport: { width: 1280, height: 1000 } });
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".dialog-ux");
  const clients = dialog.locator(".auth-container").filter({ has: page.locator("#client_secret_clientCredentials") });
  await clients.getByLabel("client_id:").fill(id);
  await clients.getByLabel("client_secret:").fill(secret);
  await clients.getByText("select all").click();
  await clients.getByRole("button", { name: "Apply given OAuth2 credentials" }).click();
  await dialog.getByRole("button", { name: "Remove authorization" }).waitFor();
  await dialog.getByRole("button", { name: "Close", exact: true }).first().click();
  for (const [operation, expected] of [["listLoanRequests", '"loanRequests"'], ["getCompleteness", '"pagination"']]) {
    const block = page.locator(`[id$="-${operation}"]`);
    await block.locator(".opblock-summary").click();
    await block.getByRole("button", { name: "Try it out" }).click();
    await block.getByRole("button", { name: "Execute" }).click();
    const reply = block.locator(".live-responses-table");
    await reply.waitFor();
    assert.match(await reply.locator(".response-col_status").last().innerText(), /^200/);
    assert((await reply.locator(".highlight-code").first().innerText()).includes(expected), operation);
    console.log(`${operation} answered 200 in Swagger UI`);
  }
  await page.screenshot({ path: `${folder}/swagger-ui.png` });
}

async function read() {
  for (const [name, options] of [
    ["light", { viewport: { width: 1280, height: 1000 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1280, height: 1000 }, colorScheme: "dark" }],
    ["narrow", { viewport: { width: 390, height: 844 }, colorScheme: "light" }],
  ]) {
    const page = await open("/~/open-api/reference", options);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(wider <= 0, `the page is ${wider} pixels wider than the ${name} screen`);
    assert.equal(await page.locator("script").count(), 0);
    await page.screenshot({ path: `${folder}/reference-${name}.png` });
    await page.goto(`${base}/~/open-api/reference#listLoanRequests`);
    await page.locator("#listLoanRequests").getByText("X-Replica-Position").first().waitFor({ state: "attached" });
    await page.screenshot({ path: `${folder}/reference-${name}-operation.png` });
    console.log(`the reference fits a ${name} screen`);
  }
}

try {
  await tryTheApi();
  await read();
} finally {
  await browser.close();
}
assert.deepEqual(complaints, []);
