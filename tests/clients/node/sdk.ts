// A typed client: openapi-fetch over the types that openapi-typescript makes of the document.
//
//     node sdk.js BASE_URL CLIENT_ID CLIENT_SECRET        (NODE_EXTRA_CA_CERTS names the authority's certificate)

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type LoanRequest = components["schemas"]["LoanRequest"];

const [baseUrl = "", client_id = "", client_secret = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl });

const token = await api.POST("/api/v1/oauth/token", {
  body: { grant_type: "client_credentials", client_id, client_secret },
});
assert(token.data, JSON.stringify(token.error));
const { access_token } = token.data;
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${access_token}`);
  },
});

async function pageAt(cursor: string | null): Promise<components["schemas"]["LoanRequestPage"]> {
  const wanted = { status: ["BID", "SANCTION", "CLOSED"], limit: 10 };
  const query = cursor === null ? wanted : { ...wanted, cursor };
  const page = await api.GET("/api/v1/loan-requests", { params: { query } });
  assert(page.data, JSON.stringify(page.error));
  return page.data;
}

const loans: LoanRequest[] = [];
let cursor: string | null = null;
do {
  const page = await pageAt(cursor);
  loans.push(...page.loanRequests);
  cursor = page.pagination.nextCursor;
} while (cursor !== null);
assert(loans.length > 0 && new Set(loans.map((loan) => loan.id)).size === loans.length);

for (const loan of loans.slice(0, 5)) {
  const path = { loanRequestId: loan.id };
  const one = await api.GET("/api/v1/loan-requests/{loanRequestId}", { params: { path } });
  assert.deepEqual(one.data, loan);
  const tasks = await api.GET("/api/v1/loan-requests/{loanRequestId}/tasks", { params: { path } });
  assert(tasks.data, JSON.stringify(tasks.error));
  const sizes = tasks.data.flatMap((task) => task.items).map((item) => item.sizeBytes.toFixed());
  const etag = tasks.response.headers.get("ETag") ?? "";
  const again = await api.GET("/api/v1/loan-requests/{loanRequestId}/tasks", {
    params: { path, header: { "If-None-Match": etag } },
    parseAs: "text",
  });
  assert.equal(again.response.status, 304);
  console.log(`loan ${loan.reference}: ${tasks.data.length} tasks, ${sizes.length} attachments`);
}

const missing = await api.GET("/api/v1/loan-requests/{loanRequestId}", {
  params: { path: { loanRequestId: "nobody" } },
});
assert.equal(missing.error?.type, "urn:continuity:problem:not-found");
