#!/usr/bin/env python3
"""The authorization server as clients that others wrote use it: discovery, every client authentication, revocation,
introspection, and keys that rotate in between.

    authorization_server.py BASE_URL CONTINUITY DATA_DIR   (REQUESTS_CA_BUNDLE names the authority's certificate)

CONTINUITY is the program, with which clients are made in the demo's data directory.
"""
import json
import os
import ssl
import subprocess
import sys
import tempfile

import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OauthlibSession

base, program, data = sys.argv[1:4]


def continuity(*words):
    done = subprocess.run([program, *words, "--data-dir", data, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


metadata = requests.get(f"{base}/.well-known/oauth-authorization-server").json()
assert metadata["issuer"] == base, metadata
token_endpoint = metadata["token_endpoint"]

# PyJWT finds the key by its id in the published set, whatever signs now. It fetches the set each time: the keys below sign
# at once, and not a day after they were published.
keys = jwt.PyJWKClient(metadata["jwks_uri"], cache_jwk_set=False, ssl_context=ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]))


def claims_of(token):
    key = keys.get_signing_key_from_jwt(token["access_token"])
    return jwt.decode(token["access_token"], key, algorithms=["RS256", "PS256", "ES256", "EdDSA"],
                      issuer=base, audience=f"{base}/api/v1")


def is_served(token):
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return requests.get(f"{base}/api/v1/loan-requests?limit=1", headers=headers).status_code == 200


created = continuity("client", "create", "--name", "standard", "--scopes", "loans:read", "--may-introspect", "true")
sessions = {
    method: OAuth2Session(created["id"], created["secret"], token_endpoint_auth_method=method)
    for method in ("client_secret_basic", "client_secret_post")
}

# Authlib signs an assertion with a key of its own, for each algorithm.
for kind, option, algorithm in (("EC", "P-256", "ES256"), ("OKP", "Ed25519", "EdDSA"), ("RSA", 2048, "RS256"), ("RSA", 2048, "PS256")):
    key = JsonWebKey.generate_key(kind, option, is_private=True, options={"kid": algorithm})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"keys": [key.as_dict(is_private=False)]}, file)
        file.flush()
        made = continuity("client", "create", "--name", algorithm, "--scopes", "loans:read",
                          "--authentication", "private_key_jwt", "--jwks", file.name)
    assert made["secret"] is None, made
    pem = key.as_pem(is_private=True).decode()
    session = OAuth2Session(made["id"], pem, token_endpoint_auth_method="private_key_jwt",
                            revocation_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(token_endpoint, alg=algorithm))
    sessions[f"private_key_jwt {algorithm}"] = session

for method, session in sessions.items():
    token = session.fetch_token(token_endpoint, grant_type="client_credentials")
    assert claims_of(token)["scope"] == "loans:read" and is_served(token), method
    told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert told["active"] and told["client_id"] == session.client_id, told
    ended = session.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
    assert ended.status_code == 200, f"{method}: {ended.status_code} {ended.text}"
    told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert told == {"active": False} and not is_served(token), method
    print(f"{method}: issued, told of, revoked")

# requests-oauthlib, over rotations to each algorithm in mid-flight: tokens from before go on, new ones have the new key.
session = OauthlibSession(client=BackendApplicationClient(created["id"]))
before = []
for algorithm in ("ES256", "EdDSA", "PS256", "RS256"):
    token = session.fetch_token(token_endpoint, client_id=created["id"], client_secret=created["secret"])
    before.append(token)
    rotated = continuity("key", "rotate", "--algorithm", algorithm, "--at-once", "--reason", "a drill")
    assert rotated["state"] == "active" and rotated["algorithm"] == algorithm, rotated
    after = session.fetch_token(token_endpoint, client_id=created["id"], client_secret=created["secret"])
    assert jwt.get_unverified_header(after["access_token"])["alg"] == algorithm
    assert claims_of(after)["iss"] == base and is_served(after)
    assert all(is_served(token) and claims_of(token) for token in before), algorithm
print(f"{len(before)} rotations in mid-flight")

# A key that leaked: what it signed is refused at once.
leaked = jwt.get_unverified_header(after["access_token"])["kid"]
assert continuity("key", "retire", leaked, "--reason", "a drill")["state"] == "retired"
assert not is_served(after)
after = session.fetch_token(token_endpoint, client_id=created["id"], client_secret=created["secret"])
assert is_served(after)
print("a key retired")
