#!/usr/bin/env python3
"""A standard OAuth 2.0 client, Authlib, against the replica: each client authentication, then a call with the token.

    oauth_client.py BASE_URL CLIENT_ID CLIENT_SECRET       (REQUESTS_CA_BUNDLE names the authority's certificate)
"""
import sys

from authlib.integrations.requests_client import OAuth2Session

base, client_id, client_secret = sys.argv[1:4]
for method in ("client_secret_basic", "client_secret_post"):
    session = OAuth2Session(client_id, client_secret, scope="loans:read audit:read", token_endpoint_auth_method=method)
    token = session.fetch_token(f"{base}/api/v1/oauth/token", grant_type="client_credentials")
    assert token["scope"] == "loans:read audit:read" and token["expires_in"] == 3600, token
    loan = session.get(f"{base}/api/v1/loan-requests", params={"limit": 1}).json()["loanRequests"][0]["id"]
    entries = session.get(f"{base}/api/v1/loan-requests/{loan}/audit-log").json()
    refused = session.get(f"{base}/api/v1/loan-requests/{loan}/documents")
    assert entries and refused.status_code == 403, refused.status_code
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"], refused.headers
    print(f"{method}: {len(entries)} audit entries")
