#!/usr/bin/env python3
"""People administer: by an application that somebody else wrote (Authlib), and from the session of a browser; and an
application that a person registers is let in by another person.

    administration.py BASE_URL CONTINUITY DATA_DIR   (REQUESTS_CA_BUNDLE names the authority's certificate)
"""
import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session

from person import Person

base, program, data = sys.argv[1:]
ADMIN, BACK = f"{base}/api/v1/admin", "https://app.example/callback"
VERIFIER = "v" * 20 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PASSWORD = "Trout-Lantern-42-Velvet"


def continuity(*words):
    done = subprocess.run([program, *words, "--data-dir", data, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def somebody(email, roles, scopes="loans:read"):
    account = continuity("account", "create", "--email", email, "--name", email.split("@")[0], "--roles", roles, "--scopes", scopes)
    person = Person(base, email, PASSWORD)
    person.choose_password(account["link"])
    return person


def tokens(person, client, secret, scope, resource=None):
    """What an application gets that a person lets in."""
    method = "client_secret_basic" if secret else "none"
    session = OAuth2Session(client, secret, scope=scope, redirect_uri=BACK, token_endpoint_auth_method=method,
                            code_challenge_method="S256")
    more = {"resource": resource} if resource else {}
    url, state = session.create_authorization_url(f"{base}/oauth/authorize", code_verifier=VERIFIER, **more)
    back = person.let_in(url)
    if "code" not in parse_qs(urlsplit(back).query):
        return parse_qs(urlsplit(back).query)["error"][0]
    return session.fetch_token(f"{base}/oauth/token", authorization_response=back, code_verifier=VERIFIER, state=state, **more)


def problem(answer):
    return answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]


# By an application.
tool = continuity("client", "create", "--name", "Operations desk", "--scopes", "loans:read", "--grant", "authorization_code",
                  "--authentication", "none", "--redirect-uri", BACK, "--may-administer", "true")
jane, joe = somebody("jane@bank.example", "admin"), somebody("joe@bank.example", "viewer")
token = tokens(jane, tool["id"], None, "openid admin", ADMIN)
desk = requests.Session()
desk.headers["Authorization"] = f"Bearer {token['access_token']}"
assert desk.get(f"{base}/api/v1/loan-requests").status_code == 401, "for one API, and no other"
made = desk.post(f"{ADMIN}/clients", params={"reason": "ticket 1"}, json={"name": "Nightly", "scopes": ["loans:read"]})
assert made.status_code == 201, made.text
client, secret = made.json()["client"], made.json()["clientSecret"]
assert made.headers["Location"] == f"/api/v1/admin/clients/{client['id']}"
asked = {"grant_type": "client_credentials", "client_id": client["id"], "client_secret": secret}
of_client = requests.post(f"{base}/api/v1/oauth/token", json=asked).json()["access_token"]
assert problem(requests.get(f"{ADMIN}/clients", headers={"Authorization": f"Bearer {of_client}"})) == (401, "invalid-token")
assert desk.post(f"{ADMIN}/clients/{client['id']}/disable").json()["enabled"] is False
assert requests.post(f"{base}/api/v1/oauth/token", json=asked).status_code == 401
assert desk.delete(f"{ADMIN}/clients/{client['id']}").status_code == 204
records = desk.get(f"{ADMIN}/records", params={"limit": 1000}).json()
of_tool = [one for one in records if one["subject"] == client["id"]]
assert [one["actor"] for one in of_tool] == [f"jane@bank.example through {tool['id']}"] * 3, of_tool
assert of_tool[0]["reason"] == "ticket 1" and secret not in json.dumps(records)
none = tokens(joe, tool["id"], None, "openid admin")
assert none["scope"] == "openid", "a viewer cannot give what a viewer has not"
assert tokens(jane, tool["id"], None, "admin loans:read") == "invalid_scope"
print("an application administers for its person")

# From the session of a browser.
dev = somebody("dev@bank.example", "developer")
page = dev.browser.get(f"{base}/console/sign-in")
dev.follow(dev.send(page, "/console/sign-in", email=dev.email, password=PASSWORD))
me = dev.browser.get(f"{ADMIN}/me").json()
assert me["account"]["email"] == dev.email and me["csrfToken"], me
wanted = {"name": "Loan pad", "scopes": ["loans:read"], "redirectUris": [BACK], "refreshes": True}
planted = dev.browser.post(f"{ADMIN}/applications", json=wanted, headers={"Origin": "https://evil.example"})
assert problem(planted) == (403, "csrf-token-wanted"), "CSRF"
dev.browser.headers.update({"Origin": base, "X-CSRF-Token": me["csrfToken"]})
made = dev.browser.post(f"{ADMIN}/applications", json=wanted)
assert made.status_code == 201, made.text
pad, secret = made.json()["client"]["id"], made.json()["clientSecret"]
assert problem(dev.browser.get(f"{ADMIN}/clients")) == (403, "not-admitted")
beyond = dev.browser.patch(f"{ADMIN}/applications/{pad}", json={"scopes": ["audit:read"]})
assert problem(beyond) == (422, "unusable-settings"), beyond.text

# The application, and a person who lets it in, and no longer.
token = tokens(joe, pad, secret, "openid loans:read")
reads = requests.get(f"{base}/api/v1/loan-requests", headers={"Authorization": f"Bearer {token['access_token']}"})
assert reads.status_code == 200, reads.text
refreshed = requests.post(f"{base}/oauth/token", auth=(pad, secret),
                          data={"grant_type": "refresh_token", "refresh_token": token["refresh_token"]})
assert refreshed.status_code == 200, refreshed.text
consents = desk.get(f"{ADMIN}/consents").json()
of_joe = next(one for one in consents if one["clientId"] == pad)
withdrawn = desk.delete(f"{ADMIN}/accounts/{of_joe['accountId']}/consents/{pad}")
assert withdrawn.status_code == 204, withdrawn.text
reads = requests.get(f"{base}/api/v1/loan-requests", headers={"Authorization": f"Bearer {refreshed.json()['access_token']}"})
assert reads.status_code == 401, "what was withdrawn ends at once"
assert dev.browser.delete(f"{ADMIN}/applications/{pad}").status_code == 204
sessions = desk.get(f"{ADMIN}/accounts/{me['account']['id']}/sessions").json()
assert len(sessions) == 1, sessions
assert desk.delete(f"{ADMIN}/accounts/{me['account']['id']}/sessions/{sessions[0]['id']}").status_code == 204
assert problem(dev.browser.get(f"{ADMIN}/me")) == (401, "unauthorized")
print("a person registers an application that another one lets in")
