#!/usr/bin/env python3
"""Applications that a person lets in, with clients that others wrote: discovery, code with PKCE, ID token, userinfo, refresh,
revocation, and what each has to be refused.

    applications.py BASE_URL CONTINUITY DATA_DIR EMAIL PASSWORD   (REQUESTS_CA_BUNDLE names the authority's certificate)

CONTINUITY is the program, with which clients and the person's account are made in the demo's data directory.
"""
import json
import os
import ssl
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from requests_oauthlib import OAuth2Session as OauthlibSession

from person import Person

base, program, data, email, password = sys.argv[1:]
BACK = "https://app.example/callback"


def continuity(*words):
    done = subprocess.run([program, *words, "--data-dir", data, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def application(name, authentication, *more):
    return continuity("client", "create", "--name", name, "--scopes", "loans:read,documents:read", "--grant", "authorization_code",
                      "--grant", "refresh_token", "--authentication", authentication, "--redirect-uri", BACK, *more)


account = continuity("account", "create", "--email", email, "--name", "Jane Doering", "--roles", "viewer", "--scopes", "loans:read")
person = Person(base, email, password)
person.choose_password(account["link"])
again = requests.get(account["link"])
assert again.status_code >= 400, f"a link that was used is good no more: {again.status_code}"

metadata = requests.get(f"{base}/.well-known/openid-configuration").json()
assert metadata == requests.get(f"{base}/.well-known/oauth-authorization-server").json() and metadata["issuer"] == base
keys = jwt.PyJWKClient(metadata["jwks_uri"], ssl_context=ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]))
authorize, token_endpoint = metadata["authorization_endpoint"], metadata["token_endpoint"]


def reads(access_token):
    answer = requests.get(f"{base}/api/v1/loan-requests?limit=1", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code


def check_tokens(token, client, nonce):
    access = jwt.decode(token["access_token"], keys.get_signing_key_from_jwt(token["access_token"]), algorithms=["RS256"],
                        issuer=base, audience=f"{base}/api/v1")
    assert access["sub"] == account["id"] and access["client_id"] == client, access
    claims = jwt.decode(token["id_token"], keys.get_signing_key_from_jwt(token["id_token"]), algorithms=["RS256"],
                        issuer=base, audience=client)
    # Authlib checks what OpenID Connect Core section 3.1.3.7 asks for: nonce, times, at_hash.
    checked = CodeIDToken(claims, {"alg": "RS256"}, params={"nonce": nonce, "client_id": client,
                                                            "access_token": token["access_token"]})
    checked.validate()
    assert claims["email"] == email and claims["name"] == "Jane Doering", claims
    assert reads(token["access_token"]) == 200
    assert token["scope"].split() == ["openid", "profile", "email", "offline_access", "loans:read"], token["scope"]


SCOPE = "openid profile email offline_access loans:read documents:read"
for method, authentication in (("none", "none"), ("client_secret_basic", "client_secret"), ("client_secret_post", "client_secret")):
    made = application(f"Authlib by {method}", authentication)
    session = OAuth2Session(made["id"], made["secret"], scope=SCOPE, redirect_uri=BACK, token_endpoint_auth_method=method,
                            code_challenge_method="S256")
    verifier = "v" * 20 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    url, state = session.create_authorization_url(authorize, code_verifier=verifier, nonce="n-1")
    refused = person.let_in(url + "&prompt=consent", "refuse")
    assert parse_qs(urlsplit(refused).query)["error"] == ["access_denied"], refused
    back = person.let_in(url)
    assert parse_qs(urlsplit(back).query)["iss"] == [base], "RFC 9207"
    token = session.fetch_token(token_endpoint, authorization_response=back, code_verifier=verifier, state=state)
    check_tokens(token, made["id"], "n-1")
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert told == {"sub": account["id"], "name": "Jane Doering", "email": email}, told
    first = token["refresh_token"]
    token = session.refresh_token(token_endpoint)
    assert token["refresh_token"] != first and reads(token["access_token"]) == 200
    silent = person.let_in(session.create_authorization_url(authorize, code_verifier=verifier, prompt="none")[0])
    assert "code" in parse_qs(urlsplit(silent).query), silent
    ended = session.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token")
    assert ended.status_code == 200 and reads(token["access_token"]) == 401, "RFC 7009 section 2.1"
    try:
        session.fetch_token(token_endpoint, authorization_response=back, code_verifier=verifier, state=state)
        raise AssertionError("a code is good twice")
    except OAuthError as error:
        assert error.error == "invalid_grant", error

made = application("requests-oauthlib", "none")
oauthlib = OauthlibSession(made["id"], redirect_uri=BACK, scope=["openid", "loans:read"], pkce="S256")
url, _ = oauthlib.authorization_url(authorize)
token = oauthlib.fetch_token(token_endpoint, authorization_response=person.let_in(url), include_client_id=True)
refreshed = oauthlib.refresh_token(token_endpoint, client_id=made["id"])
assert reads(refreshed["access_token"]) == 200

continuity("account", "disable", email)
assert reads(refreshed["access_token"]) == 401, "a disabled person's tokens end at once"
print("applications are let in")
