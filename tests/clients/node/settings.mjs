// An administrator looks after clients, people, applications and keys: in Chromium with JavaScript, or without.
//
//     node settings.mjs '{"base", "email", "link", "isScripted", "folder": for pictures or ""}'      (ca.pem stands here)

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { button, launch, open, signIn } from "./chromium.mjs";
import { examine, none } from "./examine.mjs";

const { base, email, link, isScripted, folder } = JSON.parse(process.argv[2]);
const run = promisify(execFile);
const browser = await launch(base);
const complaints = [];
const page = await open(browser, base, complaints, { javaScriptEnabled: isScripted });
if (isScripted) await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });

// What no link leads to, because a form made it, is looked at here.
async function look(name) {
  if (isScripted) complaints.push(...(await examine(page, `settings-${name}`, { folder })).map((fault) => `${name}: ${fault}`));
}

// The pages of settings are led to from each other, and from everywhere to the first of them.
async function go(name) {
  const link = page.getByRole("link", { name, exact: true }).first();
  if ((await link.count()) === 0) await page.getByRole("link", { name: "Settings", exact: true }).first().click();
  await link.click();
}
const says = (text) => page.getByText(text).first().waitFor();
const tick = (name) => page.getByLabel(name).check();
const section = (name) => page.getByRole("region", { name });

// What stands behind "Copy": with JavaScript it is on the clipboard afterwards, without it there is no such button.
async function copied(id) {
  const text = await page.locator(`#${id}`).innerText();
  const copy = page.locator(`button[data-copy="${id}"]`);
  assert.equal(await copy.isVisible(), isScripted);
  if (!isScripted) return text;
  await copy.click();
  await page.locator(`button[data-copy="${id}"]`, { hasText: "Copied" }).waitFor();
  const kept = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(kept.trim(), text.trim());
  return kept;
}

async function token(id, secret) {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret });
  const reply = await fetch(`${base}/api/v1/oauth/token`, { method: "POST", body });
  return { status: reply.status, ...(await reply.json()) };
}

const read = async (access) =>
  (await fetch(`${base}/api/v1/loan-requests?limit=1`, { headers: { authorization: `Bearer ${access}` } })).status;

async function wrongThenRight(typed, wrong) {
  await section(/^Delete the /).getByLabel(/^Type /).fill("something else");
  await button(page, "Delete for good").click();
  await page.getByRole("alert").filter({ hasText: wrong }).waitFor();
  await look("not-deleted");
  await section(/^Delete the /).getByLabel(/^Type /).fill(typed);
  await button(page, "Delete for good").click();
}

async function newClient() {
  await go("OAuth Clients");
  await go("New OAuth Client");
  await page.getByLabel("Name", { exact: true }).fill("Nightly reports");
  await page.getByLabel("Description").fill("Figures for the board");
  await tick(/loans:read/);
  await tick(/bids:read/);
  await page.getByRole("group", { name: "Status" }).getByLabel("Enabled").check();
  await button(page, "Create client").click();
  await says("The client is created.");
  await look("secret");
  const [id, secret] = [await copied("client-id"), await copied("client-secret")];
  // The command as it was copied, where the authority's file is.
  const { stdout } = await run("sh", ["-c", await copied("curl")]);
  const given = JSON.parse(stdout);
  assert.equal(given.scope, "loans:read bids:read");
  assert.equal(await read(given.access_token), 200);
  await go("I have stored it");
  await page.getByRole("heading", { name: /Nightly reports/ }).waitFor();
  assert(!(await page.content()).includes(secret), "the secret is shown once");
  return { id, secret, access: given.access_token };
}

async function rotate({ id, secret }) {
  await page.getByLabel("The present one is accepted").selectOption("24");
  await button(page, "Rotate Secret").click();
  await says("The client has a new secret.");
  const renewed = await copied("client-secret");
  assert.notEqual(renewed, secret);
  for (const one of [secret, renewed]) assert.equal((await token(id, one)).status, 200, "both are accepted for a day");
  await go("I have stored it");
  await says("accepted until");
  await page.getByLabel("The present one is accepted").selectOption("0");
  await button(page, "Rotate Secret").click();
  const last = await copied("client-secret");
  for (const one of [secret, renewed]) assert.equal((await token(id, one)).status, 401, "after a leak none of before is");
  await go("I have stored it");
  return last;
}

async function clients() {
  const client = await newClient();
  const secret = await rotate(client);
  await button(page, "Disable").click();
  await says("Its tokens are refused.");
  assert.equal((await token(client.id, secret)).status, 401);
  assert.equal(await read(client.access), 401);
  await button(page, "Enable").click();
  await says("The client is enabled.");
  assert.equal(await read((await token(client.id, secret)).access_token), 200);
  await page.getByLabel("Description").fill("Figures for the board, monthly");
  await button(page, "Save").click();
  await says("The client is changed.");
  const address = page.url();
  return async () => {
    await page.goto(address);
    if (isScripted) await used();
    await wrongThenRight("Nightly reports", "Type the name as it stands above");
    await says("The client is deleted.");
    assert.equal((await token(client.id, secret)).status, 401);
  };
}

// That a client was used is noted once a minute.
async function used() {
  const until = Date.now() + 90_000;
  const line = page.locator("dl.facts div").filter({ hasText: "Last used" }).first();
  while ((await line.innerText()).includes("not used yet")) {
    assert(Date.now() < until, "the use of a client is not noted");
    await sleep(1_000);
    await page.reload();
  }
}

async function people() {
  const theirs = `new.${isScripted}@bank.example`;
  await go("People");
  await go("New account");
  await page.getByLabel("Name", { exact: true }).fill("Newly Hired");
  await page.getByLabel("E-mail address").fill(theirs);
  await tick(/Auditor: /);
  await tick(/audit:read/);
  await button(page, "Create account").click();
  await says("The account is created.");
  await look("link");
  const other = await open(browser, base, complaints, { javaScriptEnabled: isScripted });
  await signIn(other, base, await copied("link"), theirs);
  await go("I have passed it on");
  await page.getByLabel("Name", { exact: true }).fill("Well Known");
  await page.locator("input[name=reason]").nth(2).fill("married");
  await button(page, "Save").click();
  await says("The account is changed.");
  await page.getByRole("heading", { name: /Well Known/ }).waitFor();
  await page.getByText("Disable the account").click();
  await button(page, "Disable").click();
  await says("The account is disabled.");
  await other.goto(`${base}/console/account`);
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await other.context().close();
  await page.getByText("Enable the account").click();
  await button(page, "Enable").click();
  await says("The account is enabled.");
  await wrongThenRight(theirs, "Type the e-mail address as it stands above");
  await says("The account is deleted.");
}

async function applications() {
  await go("Applications");
  await go("Register an application");
  await page.getByLabel("Name", { exact: true }).fill("Loan desk");
  await tick(/loans:read/);
  await tick(/A program on a web server/);
  await page.getByLabel("Where people are sent back to").fill("https://desk.bank.example/callback");
  await button(page, "Register").click();
  await says("The application is registered.");
  await copied("client-secret");
  await go("I have stored it");
  await wrongThenRight("Loan desk", "Type the name as it stands above");
  await says("The application is deleted.");
}

async function keys() {
  await go("Signing keys");
  await page.getByLabel(/At once, after/).check();
  await button(page, "Rotate").click();
  await says("The next key signs now.");
  const passive = page.getByRole("listitem").filter({ hasText: "Passive" }).last();
  const id = await passive.locator("code").first().innerText();
  await passive.getByRole("link", { name: /^Retire/ }).click();
  await page.getByLabel("Why it is retired").fill("It was in a backup that went astray.");
  await page.getByLabel(/^Type the first 8 characters/).fill(id.slice(0, 8));
  await button(page, "Retire the key").click();
  await says("The key is retired.");
  await says("It was in a backup that went astray.");
}

async function records() {
  await go("Records");
  const table = page.getByRole("table");
  for (const words of ["OAuth client deleted", "Client secret rotated", "Account deleted", "married", "Signing key retired"]) {
    await table.getByText(words).first().waitFor();
  }
}

try {
  await signIn(page, base, link, email);
  const endOfClient = await clients();
  for (const part of [people, applications, keys, endOfClient, records]) await part();
  await button(page, "Sign out").click();
  await says("You are signed out.");
  await page.goto(`${base}/console/settings/clients`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
} catch (error) {
  const shown = await page.locator("main").innerText().catch(() => "nothing");
  throw new Error(`at ${page.url()}, which shows: ${shown}\n${complaints.join("\n")}`, { cause: error });
} finally {
  await browser.close();
}
// Where something was typed wrong, the browser itself complains of the status.
none(complaints.filter((text) => !/the server responded with a status of 422/.test(text)));
console.log("all of it was done");
