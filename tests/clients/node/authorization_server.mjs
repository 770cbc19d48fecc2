// openid-client, oauth4webapi and jose against the authorization server: discovery, assertions, revocation, introspection.
//
//     node authorization_server.mjs BASE_URL CONTINUITY DATA_DIR      (NODE_EXTRA_CA_CERTS names the authority's certificate)

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jose from "jose";
import * as oauth from "oauth4webapi";
import * as oidc from "openid-client";

const [base, program, data] = process.argv.slice(2);
const continuity = (...words) => JSON.parse(execFileSync(program, [...words, "--data-dir", data, "--json"]));

const issuer = new URL(base);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2" });
const server = await oauth.processDiscoveryResponse(issuer, discovered);
const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));

async function verified(token) {
  const { payload, protectedHeader } = await jose.jwtVerify(token, keys, {
    issuer: base,
    audience: `${base}/api/v1`,
    typ: "at+jwt",
  });
  assert.equal(payload.scope, "loans:read");
  return protectedHeader.alg;
}

// oauth4webapi: a secret, HTTP Basic; the token is told of, ended, and told of again.
const made = continuity("client", "create", "--name", "oauth4webapi", "--scopes", "loans:read");
const client = { client_id: made.id };
const secret = oauth.ClientSecretBasic(made.secret);
const response = await oauth.clientCredentialsGrantRequest(server, client, secret, new URLSearchParams());
const token = await oauth.processClientCredentialsResponse(server, client, response);
console.log(`oauth4webapi: ${await verified(token.access_token)}`);
const introspect = async () => {
  const told = await oauth.introspectionRequest(server, client, secret, token.access_token);
  return oauth.processIntrospectionResponse(server, client, told);
};
assert.equal((await introspect()).active, true);
await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, secret, token.access_token));
assert.equal((await introspect()).active, false);

// openid-client: discovery, and an assertion with a key of its own.
const folder = mkdtempSync(join(tmpdir(), "jwks-"));
for (const algorithm of ["ES256", "PS256"]) {
  const { publicKey, privateKey } = await jose.generateKeyPair(algorithm, { extractable: true });
  const file = join(folder, `${algorithm}.json`);
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), alg: algorithm, kid: "one" }] }));
  const own = ["--authentication", "private_key_jwt", "--jwks", file];
  const { id } = continuity("client", "create", "--name", algorithm, "--scopes", "loans:read", ...own);
  const configuration = await oidc.discovery(issuer, id, {}, oidc.PrivateKeyJwt({ key: privateKey, kid: "one" }), {
    algorithm: "oauth2",
  });
  const token = await oidc.clientCredentialsGrant(configuration, { scope: "loans:read" });
  await verified(token.access_token);
  const told = await oidc.tokenIntrospection(configuration, token.access_token);
  assert.equal(told.client_id, id);
  await oidc.tokenRevocation(configuration, token.access_token);
  assert.equal((await oidc.tokenIntrospection(configuration, token.access_token)).active, false);
  console.log(`openid-client with ${algorithm}`);
}
