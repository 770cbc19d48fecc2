// People who sign in through the bank's own OpenID provider: oidc-provider, and one that lies, in its place.
//
//     node provider.mjs BASE_URL ISSUER CLIENT_SECRET BINARY DATA_DIR       (NODE_EXTRA_CA_CERTS names the replica's authority)
//
// The replica runs already, and the provider does not: nothing waits for it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { Provider } from "oidc-provider";
import { chromium } from "playwright-core";
import { code as codeOfApp } from "./codes.mjs";

const [base, issuer, secret, binary, directory] = process.argv.slice(2);
const go = `${base}/console/sign-in/provider`;
const callback = `${go}/callback`;
const client = "continuity";

const cli = (...words) =>
  JSON.parse(execFileSync(binary, [...words, "--data-dir", directory, "--json"], { encoding: "utf8" }));
const accounts = () => cli("account", "list");

// A browser without JavaScript: keeps cookies of each host, and follows what leads elsewhere until `stop` says so.
class Browser {
  jars = new Map();

  async ask(url, form) {
    const { origin } = new URL(url);
    const jar = this.jars.get(origin) ?? this.jars.set(origin, new Map()).get(origin);
    const headers = { cookie: [...jar].map((pair) => pair.join("=")).join("; ") };
    if (form) Object.assign(headers, { origin, "content-type": "application/x-www-form-urlencoded" });
    const body = form && new URLSearchParams(form);
    const reply = await fetch(url, { method: form ? "POST" : "GET", headers, body, redirect: "manual" });
    for (const set of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(set)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = reply.headers.get("location");
    return { url, status: reply.status, text: await reply.text(), to: location && new URL(location, url).href };
  }

  async follow(url, stop = () => false) {
    let page = await this.ask(url);
    for (let steps = 0; page.to; steps += 1) {
      assert(steps < 15, "led on without an end");
      if (stop(page.to)) return page.to;
      page = await this.ask(page.to);
    }
    return page;
  }

  // Goes to the provider and signs in there; the address that it sends people back to, which nobody has opened yet.
  brought = () => this.follow(go, (to) => to.startsWith(callback));

  // The parameters that the replica asks the provider with.
  async asked() {
    return new URL((await this.ask(go)).to).searchParams;
  }

  get session() {
    return this.jars.get(new URL(base).origin)?.get("__Host-continuity");
  }
}

const shows = (page, ...texts) => {
  for (const text of texts) assert(page.text.includes(text), `${page.status} ${page.url} lacks ${text}: ${page.text}`);
};
const refuses = (page, status, ...texts) => {
  assert.equal(page.status, status, page.text);
  shows(page, ...texts);
};
const changed = (url, change) => {
  const other = new URL(url);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) other.searchParams.delete(name);
    else other.searchParams.set(name, value);
  }
  return other.href;
};

async function until(what, wanted) {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(100)) {
    const seen = await wanted();
    if (seen) return seen;
  }
  throw new Error(`not ${what} within a minute`);
}

// Who stands in front of the browser, and what the bank's directory knows of them.
const people = {};
let person = "jane";
people.jane = { email: "jane@bank.example", name: "Jane Doe", groups: ["staff", "bcl-East-viewer"], amr: ["pwd", "otp"] };

const keys = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(keys.privateKey)), kid: "k1", use: "sig", alg: "ES256" };

// The certified provider. Whoever stands there signs in, or refuses.
function honest() {
  const provider = new Provider(issuer, {
    clients: [{ client_id: client, client_secret: secret, redirect_uris: [callback], id_token_signed_response_alg: "ES256" }],
    jwks: { keys: [jwk] },
    cookies: { keys: ["a key of the tests"] },
    pkce: { required: () => true },
    scopes: ["openid", "profile", "email", "groups"],
    claims: { openid: ["sub", "amr"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: people[sub].email, email_verified: true, name: people[sub].name, groups: people[sub].groups, amr: people[sub].amr }),
    }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  return createServer((request, reply) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, reply);
    // Some are asked something there, so that it is a page of the provider that leads them back.
    if (people[person]?.isAsked && request.method === "GET") {
      return reply.setHeader("content-type", "text/html").end('<!DOCTYPE html><form method="post"><button>It is me</button></form>');
    }
    const { accountId, amr } = { accountId: person, amr: people[person]?.amr };
    const result = person ? { login: { accountId, amr } } : { error: "access_denied", error_description: "<b>no</b>" };
    return provider.interactionFinished(request, reply, result, { mergeWithLastSubmission: false });
  });
}

async function starts(server) {
  const { hostname, port } = new URL(issuer);
  await new Promise((listening) => server.listen(Number(port), hostname, listening));
  return server;
}

async function stops(server) {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
}

async function signsIn(who) {
  person = who;
  const browser = new Browser();
  return [browser, await browser.follow(go)];
}

async function withoutIt() {
  const browser = new Browser();
  shows(await browser.ask(`${base}/console/sign-in`), "Sign in with Example Bank", 'href="/console/sign-in/provider"');
  refuses(await browser.ask(go), 503, "does not answer now", 'href="/console/sign-in"');
}

async function groups() {
  const browser = new Browser();
  const next = encodeURIComponent("/console/account?from=elsewhere");
  const page = await browser.follow(`${go}?next=${next}`);
  assert.equal(page.url, `${base}/console/account?from=elsewhere`);
  shows(page, "Jane Doe", "jane@bank.example", "Viewer", "East", "loans:read", "You have no password here");
  const [account] = accounts().filter(({ email }) => email === "jane@bank.example");
  assert.deepEqual(account.linked, { issuer, subject: "jane" });
  assert.deepEqual([account.createdBy, account.roles, account.teams], ["provider", ["viewer"], ["East"]]);

  people.jane.groups = ["bcl-north-west-viewer", "bcl-all-auditor"];
  const [, later] = await signsIn("jane");
  shows(later, "north-west", "Auditor");
  shows(await browser.ask(`${base}/console/account`), "north-west");

  people.jane.groups = ["staff", "bcl-east-owner"];
  const [none, refused] = await signsIn("jane");
  refuses(refused, 403, "in no group that may use this server");
  assert.equal(none.session, undefined);
  const left = await browser.ask(`${base}/console/account`);
  shows(left, "No data of loan requests");
  assert(!left.text.includes("loans:read"));
  people.joe = { email: "joe@bank.example", name: "Joe", groups: [], amr: [] };
  refuses((await signsIn("joe"))[1], 403, "in no group");
  assert(!accounts().some(({ email }) => email === "joe@bank.example"));
  people.jane.groups = ["bcl-all-viewer"];
  shows((await signsIn("jane"))[1], "loans:read");
  console.log("groups are followed");
}

async function factors() {
  people.joe = { ...people.joe, groups: ["bcl-all-viewer"], amr: ["pwd"] };
  const [, page] = await signsIn("joe");
  assert.equal(page.url, `${base}/console/account/second-factor`);
  shows(page, "Set up a second factor");
  console.log("a second factor is asked for where the provider asked for none");
}

async function links() {
  const local = cli("account", "create", "--email", "ann@bank.example", "--name", "Ann", "--roles", "operator");
  people.ann = { email: "ann@bank.example", name: "Ann Doe", groups: ["bcl-all-operator"], amr: ["mfa"] };
  refuses((await signsIn("ann"))[1], 403, "is not linked to your account there");
  const reason = ["--reason", "she is who she says"];
  assert.equal(cli("account", "link-provider", "ann@bank.example", "--subject", "ann", ...reason).linked.subject, "ann");
  const [browser, page] = await signsIn("ann");
  shows(page, "Ann Doe");
  assert.equal(accounts().find(({ email }) => email === "ann@bank.example").id, local.id);
  cli("account", "unlink-provider", "ann@bank.example", ...reason);
  assert.match((await browser.ask(`${base}/console/account`)).to, /sign-in/);
  refuses((await signsIn("ann"))[1], 403, "is not linked to your account there");
  cli("account", "link-provider", "ann@bank.example", "--subject", "ann", ...reason);
  cli("account", "disable", "ann@bank.example");
  refuses((await signsIn("ann"))[1], 403, "Your account here is disabled");
  console.log("accounts are linked by administrators alone");
}

async function guarded() {
  person = "jane";
  const browser = new Browser();
  const lost = "was not begun in this browser";
  refuses(await new Browser().ask(await browser.brought()), 400, lost);
  refuses(await browser.ask(changed(await browser.brought(), { state: "forged" })), 400, lost);
  refuses(await browser.ask(changed(await browser.brought(), { state: undefined })), 400, lost);
  refuses(await browser.ask(changed(await browser.brought(), { iss: "https://evil.example" })), 502, "not accepted");
  refuses(await browser.ask(changed(await browser.brought(), { iss: undefined })), 502, "not accepted");
  refuses(await browser.ask(changed(await browser.brought(), { code: "guessed" })), 502, "not accepted");
  assert.equal(browser.session, undefined);
  const good = await browser.brought();
  assert.equal((await browser.ask(good)).to, `${base}/console/account`);
  const first = browser.session;
  // Who is signed in and comes again has to prove it anew.
  const asked = new URL((await browser.ask(go)).to).searchParams;
  assert.deepEqual([asked.get("prompt"), asked.get("max_age")], ["login", "0"]);
  assert.equal((await browser.ask(await browser.brought())).to, `${base}/console/account`);
  const again = browser.session;
  assert.notEqual(again, first);
  refuses(await browser.ask(good), 400, lost);
  const code = new URL(good).searchParams.get("code");
  refuses(await browser.ask(changed(await browser.brought(), { code })), 502, "not accepted");
  assert.equal(browser.session, again);
  const stolen = await new Browser().brought();
  refuses(await browser.ask(changed(await browser.brought(), { code: new URL(stolen).searchParams.get("code") })), 502, "not accepted");
  person = undefined;
  const denied = await new Browser().follow(go);
  refuses(denied, 403, "You were not signed in there");
  assert(!denied.text.includes("<b>"));
  for (const next of ["https://evil.example", "//evil.example", "/console/../../x"]) {
    person = "jane";
    assert.equal((await new Browser().follow(`${go}?next=${encodeURIComponent(next)}`)).url, `${base}/console/account`);
  }
  console.log("what was forged, replayed or mixed up is refused");
}

// A real browser: what it sends along from one site to another decides whether anybody gets in.
async function inChromium() {
  people.kim = { email: "kim@bank.example", name: "Kim", groups: ["bcl-all-viewer"], amr: ["pwd"], isAsked: true };
  person = "kim";
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const comes = async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`${base}/console/account`);
    await page.getByRole("link", { name: "Sign in with Example Bank" }).click();
    await page.getByRole("button", { name: "It is me" }).click();
    return page;
  };
  try {
    const first = await comes();
    await first.getByRole("link", { name: "Set up an app" }).click();
    const shared = await first.locator("p.secret code").innerText();
    await first.getByLabel("Code", { exact: true }).fill(await codeOfApp(shared));
    await first.getByRole("button", { name: "Confirm" }).click();
    await first.getByRole("heading", { name: "Your recovery codes" }).waitFor();
    const second = await comes();
    await second.waitForURL(`${base}/console/sign-in/second*`);
    await second.getByLabel("Code of your authenticator app").fill(await codeOfApp(shared));
    await second.getByRole("button", { name: "Continue" }).click();
    await second.waitForURL(`${base}/console/account*`);
    await second.getByText("kim@bank.example").waitFor();
    people.kim.amr = ["pwd", "hwk"];
    const third = await comes();
    await third.waitForURL(`${base}/console/account*`);
  } finally {
    await browser.close();
  }
  console.log("Chromium brings along what it has to");
}

// Of a provider that is gone: who is in stays in, and who has a password comes in.
async function gone(server) {
  const { link } = cli("account", "create", "--email", "ops@bank.example", "--name", "Ops", "--roles", "operator");
  const password = "copper meadow whistle";
  const [jane] = await signsIn("jane");
  const late = new Browser();
  const back = await late.brought();
  await stops(server);
  refuses(await late.ask(back), 503, "does not answer now");
  await until("known to be away", async () => (await new Browser().ask(go)).status === 503);
  shows(await jane.ask(`${base}/console/account`), "Jane Doe");
  const ops = new Browser();
  const token = (page) => /name="token" value="([^"]+)"/.exec(page.text)[1];
  const chosen = { token: token(await ops.ask(link)), new: password, repeat: password };
  assert.match((await ops.ask(link, chosen)).to, /said=password-set/);
  const page = await ops.ask(`${base}/console/sign-in`);
  const form = { token: token(page), email: "ops@bank.example", password };
  assert.equal((await ops.ask(`${base}/console/sign-in`, form)).to, `${base}/console/account/second-factor`);
  console.log("everything else goes on without it");
}

// A provider that lies: it answers at once, with whatever token it is told to give.
async function lying() {
  const asked = {};
  let token;
  const server = await starts(createServer(async (request, reply) => {
    const json = (value) => reply.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url.startsWith("/.well-known/")) {
      const at = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` };
      return json({ issuer, ...at });
    }
    if (request.url === "/token") return json({ access_token: "at-1", token_type: "Bearer", id_token: await token(asked.nonce) });
    const { d: _, ...published } = jwk;
    return json({ keys: [published] });
  }));
  const now = () => Math.floor(Date.now() / 1000);
  const claims = (nonce, more) => ({
    iss: issuer, aud: client, sub: "mallory", iat: now(), exp: now() + 300, nonce,
    email: "mallory@bank.example", groups: ["bcl-all-admin"], amr: ["mfa"], ...more,
  });
  const signed = (more, header) => (nonce) =>
    new SignJWT(claims(nonce, more)).setProtectedHeader({ alg: "ES256", kid: "k1", ...header }).sign(keys.privateKey);
  const others = await generateKeyPair("ES256");
  const lies = {
    "no signature": (nonce) => new UnsecuredJWT(claims(nonce)).encode(),
    "a signature with the client's secret": (nonce) =>
      new SignJWT(claims(nonce)).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(new TextEncoder().encode(secret)),
    "another key": (nonce) => new SignJWT(claims(nonce)).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(others.privateKey),
    "an unknown key": signed({}, { kid: "k2" }),
    "another nonce": signed({ nonce: "another" }),
    "no nonce": signed({ nonce: undefined }),
    "another issuer": signed({ iss: "https://evil.example" }),
    "another audience": signed({ aud: "another" }),
    "two audiences": signed({ aud: [client, "another"] }),
    "another party": signed({ azp: "another" }),
    "an end that is past": signed({ exp: now() - 3600 }),
    "a beginning to come": signed({ iat: now() + 3600 }),
    "another access token": signed({ at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
    "a kind of its own": signed({}, { typ: "logout+jwt" }),
  };
  await until("asked again", async () => (await new Browser().ask(go)).status === 303);
  for (const [what, lie] of [...Object.entries(lies), ["the truth", signed({})]]) {
    const browser = new Browser();
    const request = await browser.asked();
    asked.nonce = request.get("nonce");
    token = lie;
    const page = await browser.ask(changed(callback, { code: "c", state: request.get("state") }));
    if (what === "the truth") assert.equal(page.to, `${base}/console/account`, page.text);
    else refuses(page, 502, "not accepted");
    assert.equal(browser.session === undefined, what !== "the truth", what);
    if (page.status !== 303) continue;
    const anew = await browser.asked();
    asked.nonce = anew.get("nonce");
    refuses(await browser.ask(changed(callback, { code: "c", state: anew.get("state") })), 502, "not accepted");
  }
  await stops(server);
  console.log(`${Object.keys(lies).length} lies were not believed`);
}

await withoutIt();
const server = await starts(honest());
await until("reached", async () => (await new Browser().ask(go)).status === 303);
await groups();
await factors();
await links();
await guarded();
await inChromium();
await gone(server);
await lying();
console.log("all of it was done");
