// openid-client: client credentials with each way to authenticate, then a call with the token.
//
//     node oidc.mjs BASE_URL CLIENT_ID CLIENT_SECRET      (NODE_EXTRA_CA_CERTS names the authority's certificate)

import assert from "node:assert/strict";
import * as oidc from "openid-client";

const [base, id, secret] = process.argv.slice(2);
const server = { issuer: base, token_endpoint: `${base}/api/v1/oauth/token`, jwks_uri: `${base}/.well-known/jwks.json` };
for (const authentication of [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)]) {
  const configuration = new oidc.Configuration(server, id, {}, authentication);
  const token = await oidc.clientCredentialsGrant(configuration, { scope: "loans:read" });
  assert.deepEqual([token.token_type, token.scope, token.expires_in], ["bearer", "loans:read", 3600]);
  const ask = (path) =>
    oidc.fetchProtectedResource(configuration, token.access_token, new URL(path, base), "GET");
  const page = await (await ask("/api/v1/loan-requests?limit=3")).json();
  assert.equal(page.loanRequests.length, 3);
  await assert.rejects(ask(`/api/v1/loan-requests/${page.loanRequests[0].id}/documents`), (error) => {
    assert.equal(error.cause[0].parameters.error, "insufficient_scope");
    return true;
  });
  console.log(`${page.pagination.total} loan requests`);
}
