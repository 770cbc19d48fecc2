// A single-page application of another origin, in Chromium: oauth4webapi, unmodified, asks this replica from a script.
//
//     node single_page.mjs BASE_URL CONTINUITY DATA_DIR LINK       (LINK sets the password of a person who may read loans)

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { button, choosePassword, enter, launch } from "./chromium.mjs";

const [base, program, data, link] = process.argv.slice(2);
const library = readFileSync(createRequire(import.meta.url).resolve("oauth4webapi"), "utf8");

// What runs in the browser: sends its person away, comes back with a code, and tells what it got in its title.
const script = `
import * as oauth from "/oauth4webapi.js";
const { base, id } = JSON.parse(document.querySelector("#settings").textContent);
const [issuer, client] = [new URL(base), { client_id: id }];
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const here = new URL("/callback", location.href).href;
if (location.pathname !== "/callback") {
  const verifier = oauth.generateRandomCodeVerifier();
  sessionStorage.setItem("verifier", verifier);
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: id, redirect_uri: here, response_type: "code", scope: "openid loans:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" });
  location.href = url.href;
} else {
  const told = {};
  const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), oauth.expectNoState);
  const verifier = sessionStorage.getItem("verifier");
  const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, here, verifier);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, { requireIdToken: true });
  const read = (path) => oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(path, base));
  const loans = await read("/api/v1/loan-requests?limit=1");
  told.asOf = loans.headers.get("x-replica-as-of");
  told.loans = (await loans.json()).loanRequests.length;
  told.sub = (await oauth.processUserInfoResponse(server, client, oauth.getValidatedIdTokenClaims(tokens).sub,
    await oauth.userInfoRequest(server, client, tokens.access_token))).sub;
  told.administration = await fetch(new URL("/api/v1/admin/me", base), { credentials: "include" }).then(() => "told", () => "kept");
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), tokens.access_token));
  document.title = JSON.stringify(told);
}`;

const settings = { base };
const site = createServer((request, reply) => {
  const [kind, text] = request.url.startsWith("/oauth4webapi.js") ? ["text/javascript", library]
    : request.url.startsWith("/app.js") ? ["text/javascript", script]
    : ["text/html", `<!DOCTYPE html><link rel=icon href=data:,><script id=settings type=application/json>${JSON.stringify(settings)}</script><script type=module src=/app.js></script>`];
  reply.writeHead(200, { "content-type": kind }).end(text);
});
await new Promise((listening) => site.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${site.address().port}`;

const register = (name, uri) =>
  JSON.parse(execFileSync(program, ["client", "create", "--name", name, "--scopes", "loans:read", "--grant", "authorization_code",
    "--authentication", "none", "--redirect-uri", uri, "--data-dir", data, "--json"])).id;
settings.id = register("Loans in a page", `${origin}/callback`);

const browser = await launch(base);
const page = await browser.newPage();
page.setDefaultTimeout(30_000);

await choosePassword(page, link);

await page.goto(origin);
await enter(page, "jane.doe@bank.example");
await button(page, "Allow").click();
await page.waitForFunction(() => document.title.startsWith("{"));
const told = JSON.parse(await page.title());
assert(told.loans === 1 && told.asOf && told.sub, JSON.stringify(told));
assert.equal(told.administration, "kept", "the person is signed in, and no other site is told of the administration");

// A page of an origin that nobody registered is told nothing, not even with the person's session in the browser.
const other = createServer((_, reply) => reply.writeHead(200, { "content-type": "text/html" }).end("<!DOCTYPE html><title>Other</title>"));
await new Promise((listening) => other.listen(0, "127.0.0.1", listening));
await page.goto(`http://127.0.0.1:${other.address().port}/`);
for (const path of ["/api/v1/loan-requests", "/.well-known/openid-configuration", "/oauth/userinfo"]) {
  const outcome = await page.evaluate((url) => fetch(url, { credentials: "include" }).then(() => "told", () => "kept"), base + path);
  assert.equal(outcome, "kept", path);
}
await browser.close();
site.close();
other.close();
console.log("a page of another origin was let in");
