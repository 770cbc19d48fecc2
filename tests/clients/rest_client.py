#!/usr/bin/env python3
"""A bank's integration as it is usually written: requests, client credentials as JSON, a list, then each loan.

    rest_client.py BASE_URL CLIENT_ID CLIENT_SECRET        (REQUESTS_CA_BUNDLE names the authority's certificate)

Prints one line a loan; exits with 0 when everything answered as documented.
"""
import sys
import time

import requests

base, client_id, client_secret = sys.argv[1:4]


class Client:
    def __init__(self):
        self.token, self.expires = None, 0.0

    def headers(self):
        if self.token is None or time.time() > self.expires:
            reply = requests.post(f"{base}/api/v1/oauth/token", timeout=10, json={
                "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret,
                "scope": "loans:read documents:read analysis:read"})
            reply.raise_for_status()
            body = reply.json()
            assert body["token_type"] == "Bearer" and body["scope"].split() == [
                "loans:read", "documents:read", "analysis:read"], body
            self.token, self.expires = body["access_token"], time.time() + body["expires_in"] - 60
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def get(self, path, **params):
        reply = requests.get(base + path, headers=self.headers(), params=params, timeout=10)
        reply.raise_for_status()
        return reply.json()


client = Client()
page = client.get("/api/v1/loan-requests", status=["BID", "SANCTION"], limit=25, sortBy="createdAt", sortOrder="DESC")
loans = page["loanRequests"]
assert loans and len(loans) <= 25 and page["pagination"]["total"] >= len(loans), page["pagination"]
assert all(loan["status"] in ("BID", "SANCTION") for loan in loans)
assert loans == sorted(loans, key=lambda loan: (loan["createdAt"], loan["id"]), reverse=True)
for loan in loans[:5]:
    path = f"/api/v1/loan-requests/{loan['id']}"
    assert client.get(path) == loan
    tasks, analysis = client.get(path + "/tasks"), client.get(path + "/analysis")
    assert all("formData" not in task and "items" in task for task in tasks)
    print(f"loan {loan['id']}: {len(tasks)} tasks, {len(analysis)} analyses")
