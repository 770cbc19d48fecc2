// Chromium for the tests: it trusts this one server, and what a page must not do is kept.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { connect } from "node:tls";
import { chromium } from "playwright-core";

export const PASSWORD = "copper meadow whistle";

// Browsers make no passkeys where they were told to overlook a certificate; so this one is told which key to trust.
async function keyOfServer(base) {
  const { hostname, port } = new URL(base);
  const socket = connect({ host: "127.0.0.1", port, servername: hostname });
  await new Promise((connected, failed) => socket.once("secureConnect", connected).once("error", failed));
  const key = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
  socket.destroy();
  return createHash("sha256").update(key).digest("base64");
}

export async function launch(base) {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  const trust = `--ignore-certificate-errors-spki-list=${await keyOfServer(base)}`;
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", trust] });
}

// What runs in every page before its own scripts: tells of what the policy stopped, and of what only a foreign script calls.
function witness() {
  addEventListener("securitypolicyviolation", (event) =>
    __complain(`the policy stopped ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
  window.__fired = (what) => __complain(`a foreign script ran: ${what}`);
}

// A page that may ask this replica and what begins with `also`; whatever it should not have done goes into `complaints`.
export async function open(browser, base, complaints, options = {}, also = []) {
  const screen = { viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" };
  const context = await browser.newContext({ ...screen, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complain = (text) => complaints.push(`${page.url()}: ${text}`);
  const mine = [`${base}/`, "data:", "blob:", "about:", "chrome:", "chrome-extension:", ...also];
  context.on("request", (request) => {
    if (!mine.some((known) => request.url().startsWith(known))) complain(`asks ${request.url()}`);
  });
  context.on("weberror", (error) => complain(error.error().message));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complain(`${message.text()} ${message.location().url}`);
  });
  context.on("dialog", (dialog) => {
    complain(`a dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  context.on("page", (other) => other !== page && other.opener().then((by) => by && complain(`opens ${other.url()}`)));
  await context.exposeFunction("__complain", complain);
  await context.addInitScript(witness);
  return page;
}

export const button = (page, name) => page.getByRole("button", { name, exact: true });

// Sends address and password on the page of the sign-in.
export async function enter(page, email) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await button(page, "Sign in").click();
}

// Chooses the password by a one-time link, which leads to the sign-in.
export async function choosePassword(page, link) {
  await page.goto(link);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password, once more").fill(PASSWORD);
  await button(page, "Set password").click();
  await page.getByText("Your password is set.").waitFor();
}

export async function signIn(page, base, link, email) {
  await choosePassword(page, link);
  await enter(page, email);
  await page.waitForURL((url) => url.href.startsWith(`${base}/console`) && !url.pathname.startsWith("/console/sign-in"));
}
