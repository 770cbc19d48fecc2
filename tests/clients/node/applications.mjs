// openid-client, oauth4webapi and jose as applications that a person lets in.
//
//     node applications.mjs BASE_URL CONTINUITY DATA_DIR EMAIL PASSWORD PYTHON PERSON
//
// NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE name the authority's certificate; PERSON is person.py, the person at the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as jose from "jose";
import * as oauth from "oauth4webapi";
import * as oidc from "openid-client";

const [base, program, data, email, password, python, person] = process.argv.slice(2);
const BACK = "https://app.example/callback";
const continuity = (...words) => JSON.parse(execFileSync(program, [...words, "--data-dir", data, "--json"]));
const letIn = (url, ...answer) =>
  new URL(execFileSync(python, [person, base, email, password, url.href, ...answer]).toString().trim());
const application = (name, authentication) =>
  continuity("client", "create", "--name", name, "--scopes", "loans:read", "--grant", "authorization_code",
    "--grant", "refresh_token", "--authentication", authentication, "--redirect-uri", BACK);
const reads = async (token) =>
  (await fetch(`${base}/api/v1/loan-requests?limit=1`, { headers: { authorization: `Bearer ${token}` } })).status;

// openid-client: discovery, code with PKCE, state, nonce and iss, userinfo, refresh, revocation.
for (const [authentication, method] of [["none", oidc.None()], ["client_secret", undefined]]) {
  const made = application(`openid-client ${authentication}`, authentication);
  const configuration = await oidc.discovery(new URL(base), made.id, made.secret ?? undefined, method);
  assert.equal(configuration.serverMetadata().authorization_response_iss_parameter_supported, true);
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: BACK,
    scope: "openid email offline_access loans:read",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    prompt: "consent",
    state,
    nonce,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  await assert.rejects(oidc.authorizationCodeGrant(configuration, letIn(url, "refuse"), checks), { error: "access_denied" });
  const back = letIn(url);
  const foreign = new URL(back);
  foreign.searchParams.set("iss", "https://mix-up.example");
  await assert.rejects(oidc.authorizationCodeGrant(configuration, foreign, checks), "RFC 9207: a mix-up is noticed");
  const tokens = await oidc.authorizationCodeGrant(configuration, back, checks);
  const { sub } = tokens.claims();
  assert.equal((await oidc.fetchUserInfo(configuration, tokens.access_token, sub)).email, email);
  assert.equal(await reads(tokens.access_token), 200);
  const refreshed = await oidc.refreshTokenGrant(configuration, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  await oidc.tokenRevocation(configuration, refreshed.refresh_token);
  assert.equal(await reads(refreshed.access_token), 401);
  await assert.rejects(oidc.refreshTokenGrant(configuration, refreshed.refresh_token), { error: "invalid_grant" });
  console.log(`openid-client: ${authentication}`);
}

// oauth4webapi, with the ID token checked by jose.
const made = application("oauth4webapi", "none");
const issuer = new URL(base);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oidc" }));
const client = { client_id: made.id };
const verifier = oauth.generateRandomCodeVerifier();
const url = new URL(server.authorization_endpoint);
url.search = new URLSearchParams({
  client_id: made.id,
  response_type: "code",
  redirect_uri: BACK,
  scope: "openid loans:read",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state: "s",
});
const parameters = oauth.validateAuthResponse(server, client, letIn(url), "s");
const none = oauth.None();
const response = await oauth.authorizationCodeGrantRequest(server, client, none, parameters, BACK, verifier);
const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true });
const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
const { payload } = await jose.jwtVerify(tokens.id_token, keys, { issuer: base, audience: made.id });
assert.equal(payload.sub, oauth.getValidatedIdTokenClaims(tokens).sub);
console.log("oauth4webapi: code, ID token");
