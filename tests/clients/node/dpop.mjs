// openid-client and oauth4webapi with tokens that are bound to a key of theirs (DPoP, RFC 9449).
//
//     node dpop.mjs BASE_URL CONTINUITY DATA_DIR EMAIL PASSWORD PYTHON PERSON
//
// NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE name the authority's certificate; PERSON is person.py, the person at the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as oauth from "oauth4webapi";
import * as oidc from "openid-client";

const [base, program, data, email, password, python, person] = process.argv.slice(2);
const BACK = "https://app.example/callback";
const LOANS = new URL(`${base}/api/v1/loan-requests?limit=1`);
const continuity = (...words) => JSON.parse(execFileSync(program, [...words, "--data-dir", data, "--json"]));
const letIn = (url) =>
  new URL(execFileSync(python, [person, base, email, password, url.href]).toString().trim());
const bound = (name, ...more) => {
  const made = continuity("client", "create", "--name", name, "--scopes", "loans:read", "--dpop-bound", "true", ...more);
  assert.equal(made.dpopBoundAccessTokens, true);
  return made;
};
const application = (name) =>
  bound(name, "--grant", "authorization_code", "--grant", "refresh_token", "--authentication", "none", "--redirect-uri", BACK);
const refuses = (promise, code) => assert.rejects(promise, (error) => {
  assert.equal(error.status, 401);
  assert.deepEqual(error.cause.map(({ scheme, parameters }) => [scheme, parameters.error]), [["dpop", code]]);
  return true;
});

// What somebody has who took a token on its way: any key but the right one, or none.
async function isNothingToThieves(token) {
  const key = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
  await refuses(oauth.protectedResourceRequest(token, "GET", LOANS, undefined, undefined, { DPoP: key }), "invalid_token");
  await refuses(oauth.protectedResourceRequest(token, "GET", LOANS), "invalid_token");
}

// The name that RFC 8037 gave the algorithm; RFC 9864 has another one, which is not taken here.
const remapEd25519 = {
  [oidc.modifyAssertion](header) {
    if (header.alg === "Ed25519") header.alg = "EdDSA";
  },
};

// openid-client: client credentials, with every kind of key.
const own = bound("openid-client");
const service = await oidc.discovery(new URL(base), own.id, own.secret);
assert.deepEqual(service.serverMetadata().dpop_signing_alg_values_supported, ["RS256", "PS256", "ES256", "EdDSA"]);
await assert.rejects(oidc.clientCredentialsGrant(service), { error: "invalid_dpop_proof" }, "RFC 9449 section 5.2");
for (const algorithm of ["ES256", "RS256", "PS256", "Ed25519"]) {
  const DPoP = oidc.getDPoPHandle(service, await oidc.randomDPoPKeyPair(algorithm), remapEd25519);
  for (let round = 0; round < 2; round += 1) {
    const tokens = await oidc.clientCredentialsGrant(service, {}, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    const read = () => oidc.fetchProtectedResource(service, tokens.access_token, LOANS, "GET", null, undefined, { DPoP });
    assert.deepEqual([(await read()).status, (await read()).status], [200, 200]);
    const told = await oidc.tokenIntrospection(service, tokens.access_token);
    assert.deepEqual([told.token_type, told.cnf.jkt], ["DPoP", await DPoP.calculateThumbprint()]);
    await isNothingToThieves(tokens.access_token);
    await oidc.tokenRevocation(service, tokens.access_token);
    await refuses(read(), "invalid_token");
  }
}
console.log("openid-client: client credentials");

// openid-client: a code that is bound to the key, userinfo, refresh.
const app = application("openid-client application");
const configuration = await oidc.discovery(new URL(base), app.id, undefined, oidc.None());
const DPoP = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair());
const other = { DPoP: oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair()) };
const verifier = oidc.randomPKCECodeVerifier();
const url = oidc.buildAuthorizationUrl(configuration, {
  redirect_uri: BACK,
  scope: "openid email offline_access loans:read",
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  dpop_jkt: await DPoP.calculateThumbprint(),
  prompt: "consent",
});
const checks = { pkceCodeVerifier: verifier, idTokenExpected: true };
await assert.rejects(oidc.authorizationCodeGrant(configuration, letIn(url), checks, {}, other), { error: "invalid_grant" });
const tokens = await oidc.authorizationCodeGrant(configuration, letIn(url), checks, {}, { DPoP });
assert.equal((await oidc.fetchUserInfo(configuration, tokens.access_token, tokens.claims().sub, { DPoP })).email, email);
await assert.rejects(oidc.refreshTokenGrant(configuration, tokens.refresh_token, {}, other), { error: "invalid_grant" });
await assert.rejects(oidc.refreshTokenGrant(configuration, tokens.refresh_token), { error: "invalid_dpop_proof" });
const refreshed = await oidc.refreshTokenGrant(configuration, tokens.refresh_token, {}, { DPoP });
const read = await oidc.fetchProtectedResource(configuration, refreshed.access_token, LOANS, "GET", null, undefined, { DPoP });
assert.equal((await read.json()).loanRequests.length, 1);
await isNothingToThieves(refreshed.access_token);
await oidc.tokenRevocation(configuration, refreshed.refresh_token);
await assert.rejects(oidc.refreshTokenGrant(configuration, refreshed.refresh_token, {}, { DPoP }), { error: "invalid_grant" });
console.log("openid-client: code, refresh");

// oauth4webapi: the same.
const issuer = new URL(base);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oidc" }));
const secret = bound("oauth4webapi");
const machine = { client_id: secret.id };
const key = { DPoP: oauth.DPoP(machine, await oauth.generateKeyPair("ES256")) };
const asked = await oauth.clientCredentialsGrantRequest(
  server, machine, oauth.ClientSecretBasic(secret.secret), new URLSearchParams(), key);
const given = await oauth.processClientCredentialsResponse(server, machine, asked);
assert.equal((await oauth.protectedResourceRequest(given.access_token, "GET", LOANS, undefined, undefined, key)).status, 200);
await isNothingToThieves(given.access_token);
console.log("oauth4webapi: client credentials");

const made = application("oauth4webapi application");
const client = { client_id: made.id };
const mine = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const secondVerifier = oauth.generateRandomCodeVerifier();
const to = new URL(server.authorization_endpoint);
to.search = new URLSearchParams({
  client_id: made.id,
  response_type: "code",
  redirect_uri: BACK,
  scope: "openid loans:read",
  code_challenge: await oauth.calculatePKCECodeChallenge(secondVerifier),
  code_challenge_method: "S256",
  dpop_jkt: await mine.calculateThumbprint(),
  state: "s",
});
const parameters = oauth.validateAuthResponse(server, client, letIn(to), "s");
const response = await oauth.authorizationCodeGrantRequest(
  server, client, oauth.None(), parameters, BACK, secondVerifier, { DPoP: mine });
const first = await oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true });
const again = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), first.refresh_token, { DPoP: mine });
const second = await oauth.processRefreshTokenResponse(server, client, again);
for (const token of [first.access_token, second.access_token]) {
  const request = await oauth.protectedResourceRequest(token, "GET", LOANS, undefined, undefined, { DPoP: mine });
  assert.equal(request.status, 200);
  await isNothingToThieves(token);
}
console.log("oauth4webapi: code, refresh");
