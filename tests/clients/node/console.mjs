// A person in a browser: chooses a password, sets up an authenticator app and a passkey, signs in with each, lets an
// application in and takes that back; then the same, as far as it goes, without JavaScript.
//
//     node console.mjs BASE_URL LINK CLIENT_ID FOLDER       (pictures of the pages go into FOLDER)

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { PASSWORD, button, enter, launch, open } from "./chromium.mjs";
import { code } from "./codes.mjs";
import { examine, none } from "./examine.mjs";

const [base, link, clientId, folder] = process.argv.slice(2);
const EMAIL = "jane.doe@bank.example";
const complaints = [];
// An application on the person's device is gone back to by a scheme of its own.
const onDevice = "example.bank.loans:/callback";

// The application's own server, on this machine: keeps what people bring back.
const brought = [];
const application = createServer((request, reply) => {
  if (request.url.startsWith("/callback")) brought.push(new URL(request.url, "http://127.0.0.1"));
  reply.writeHead(200, { "content-type": "text/html" }).end("<!DOCTYPE html><link rel=icon href=data:,><title>Application</title>");
});
await new Promise((listening) => application.listen(0, "127.0.0.1", listening));
const callback = `http://127.0.0.1:${application.address().port}/callback`;

const browser = await launch(base);
const opened = (options) => open(browser, base, complaints, options, [callback, onDevice]);

// The page that is open, as every page has to be.
async function picture(page, name) {
  complaints.push(...(await examine(page, `console-${name}`, { folder })).map((fault) => `${name}: ${fault}`));
}

const at = (page, path) => page.waitForURL((url) => url.href.startsWith(`${base}${path}`));

const enterPassword = (page) => enter(page, EMAIL);

async function signInWithCode(page, secret) {
  await enterPassword(page);
  await page.getByLabel("Code of your authenticator app").fill(await code(secret));
  await button(page, "Continue").click();
}

async function signOut(page) {
  await page.goto(`${base}/console/account`);
  await button(page, "Sign out").click();
  await page.getByText("You are signed out.").waitFor();
}

async function choosePassword(page) {
  await page.goto(link);
  await picture(page, "link");
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password, once more").fill(PASSWORD);
  await button(page, "Set password").click();
  await page.getByText("Your password is set.").waitFor();
}

async function setUpApp(page) {
  await enterPassword(page);
  await at(page, "/console/account");
  // Where everybody has to have a second factor, the sign-in leads here.
  await page.goto(`${base}/console/account/second-factor`);
  await picture(page, "set-up");
  await page.getByRole("link", { name: "Set up an app" }).click();
  const secret = await page.locator(".secret code").innerText();
  assert.equal(await page.locator(".picture svg").count(), 1);
  await picture(page, "authenticator");
  await page.getByLabel("Code", { exact: true }).fill(await code(secret));
  await button(page, "Confirm").click();
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  await picture(page, "recovery");
  assert.equal(await page.locator(".codes li").count(), 10);
  await page.getByRole("link", { name: "I have stored them" }).click();
  await at(page, "/console/account");
  return secret;
}

async function lookAtTheRest(page) {
  for (const [path, name] of [["/console/account/password", "password"], ["/oauth/logout", "logout"]]) {
    await page.goto(`${base}${path}`);
    await picture(page, name);
  }
}

async function addPasskey(page) {
  await page.goto(`${base}/console/account`);
  await page.getByLabel("Name of the new passkey").fill("Work laptop");
  await button(page, "Add a passkey").click();
  await page.getByText("The passkey is added.").waitFor();
  await page.getByText("Work laptop", { exact: true }).waitFor();
}

async function signInWithPasskey(page) {
  await button(page, "Sign in with a passkey").click();
}

// A request of the application, and what it needs to come for tokens afterwards.
function request(more = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code", client_id: clientId, redirect_uri: callback, state: randomBytes(8).toString("hex"),
    scope: "openid profile loans:read audit:read", code_challenge_method: "S256",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), ...more,
  });
  return { url: `${base}/oauth/authorize?${query}`, state: query.get("state"), verifier };
}

// What came back for it.
async function answer(page, { state }) {
  await page.waitForURL((url) => url.href.startsWith(callback));
  const query = brought.at(-1).searchParams;
  assert.equal(query.get("state"), state);
  assert.equal(query.get("iss"), base);
  return query;
}

async function comeForTokens(query, { verifier }) {
  const body = new URLSearchParams({
    grant_type: "authorization_code", code: query.get("code"), redirect_uri: callback, client_id: clientId, code_verifier: verifier,
  });
  const reply = await fetch(`${base}/api/v1/oauth/token`, { method: "POST", body });
  assert.equal(reply.status, 200, await reply.clone().text());
  return reply.json();
}

async function whoIs(token, method) {
  const reply = await fetch(`${base}/oauth/userinfo`, { method, headers: { authorization: `Bearer ${token}` } });
  return { status: reply.status, claims: reply.ok ? await reply.json() : undefined };
}

async function letIn(page) {
  const asked = request();
  await page.goto(asked.url);
  await page.getByText("to go on to Loan Browser").waitFor();
  await picture(page, "sign-in");
  await signInWithPasskey(page);
  await page.getByRole("heading", { name: "Let Loan Browser in?" }).waitFor();
  await picture(page, "consent");
  await button(page, "Allow").click();
  const tokens = await comeForTokens(await answer(page, asked), asked);
  for (const method of ["GET", "POST"]) {
    const { status, claims } = await whoIs(tokens.access_token, method);
    assert.equal(status, 200);
    assert.equal(claims.name, "Jane Doe");
    assert.equal(claims.email, undefined);
  }
  return tokens.access_token;
}

async function refuse(page) {
  const asked = request({ prompt: "consent" });
  await page.goto(asked.url);
  await button(page, "Refuse").click();
  assert.equal((await answer(page, asked)).get("error"), "access_denied");
}

// One sign-in leads to the question, which is asked on a device each time, and from there to the application.
async function straightThrough(page, secret) {
  await signOut(page);
  const asked = request();
  await page.goto(asked.url);
  await signInWithCode(page, secret);
  await button(page, "Allow").click();
  assert((await answer(page, asked)).get("code"));
}

async function withdraw(page, token) {
  await page.goto(`${base}/console/account`);
  await picture(page, "account");
  await button(page, "Withdraw: Loan Browser").click();
  await page.getByText("The application is let in no longer.").waitFor();
  assert.equal((await whoIs(token, "GET")).status, 401);
}

// The browser hands the address to the system, which knows no such application here. In a tab of its own: Chromium drops
// forms of a tab that has just handed something over.
async function letInOnDevice(context) {
  const page = await context.newPage();
  await page.goto(request({ redirect_uri: onDevice, prompt: "consent" }).url);
  const handed = page.waitForEvent("request", (one) => one.url().startsWith(`${onDevice}?code=`));
  await button(page, "Allow").click();
  await handed;
  await page.close();
}

async function withoutScript(secret) {
  const page = await opened({ javaScriptEnabled: false });
  const asked = request({ prompt: "consent" });
  await page.goto(asked.url);
  assert.equal(await button(page, "Sign in with a passkey").isVisible(), false);
  await enterPassword(page);
  await page.getByLabel("Code of your authenticator app").fill(await code(secret));
  await button(page, "Continue").click();
  await page.getByRole("heading", { name: "Let Loan Browser in?" }).waitFor();
  await button(page, "Allow").click();
  assert((await answer(page, asked)).get("code"));
}

async function complain(page) {
  await page.goto(`${base}/console/sign-in`);
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await button(page, "Sign in").click();
  await page.getByRole("alert").filter({ hasText: "is not right" }).waitFor();
  await picture(page, "sign-in-wrong");
  await page.goto(`${base}/console/link/unknown`);
  await picture(page, "trouble");
}

const page = await opened();
try {
  const authenticators = await page.context().newCDPSession(page);
  await authenticators.send("WebAuthn.enable");
  await authenticators.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await choosePassword(page);
  const secret = await setUpApp(page);
  await signOut(page);
  await enterPassword(page);
  await picture(page, "second");
  await page.getByLabel("Code of your authenticator app").fill(await code(secret));
  await button(page, "Continue").click();
  await at(page, "/console/account");
  await lookAtTheRest(page);
  await addPasskey(page);
  await signOut(page);
  await signInWithPasskey(page);
  await at(page, "/console/account");
  await signOut(page);
  const token = await letIn(page);
  await refuse(page);
  await letInOnDevice(page.context());
  await straightThrough(page, secret);
  await withdraw(page, token);
  await withoutScript(secret);
  none(complaints);
  await complain(await opened());
  // Where nothing is, and where a password is wrong, the browser itself complains of the status.
  none(complaints.filter((text) => !/the server responded with a status of 4/.test(text)));
} catch (error) {
  const shown = await page.locator("main").innerText().catch(() => "nothing");
  throw new Error(`at ${page.url()}, which shows: ${shown}\n${complaints.join("\n")}`, { cause: error });
} finally {
  await browser.close();
  application.close();
}
console.log("all of it was done");
