#!/usr/bin/env python3
"""Runs every code sample of the document, each in its language, with ids of things that there are.

    open_api_samples.py DOCUMENT BASE_URL CLIENT_ID CLIENT_SECRET     (in a folder that holds ca.pem; REQUESTS_CA_BUNDLE
                                                                      and NODE_EXTRA_CA_CERTS name it too)
"""
import json
import re
import subprocess
import sys

import requests

path, base, client_id, client_secret = sys.argv[1:5]
document = json.load(open(path, encoding="utf-8"))


def filled(source):
    source = source.replace("https://your-continuity-suite:8083", base)
    return source.replace("your_client_id", client_id).replace("your_client_secret", client_secret)


def samples(language):
    for verbs in document["paths"].values():
        for operation in verbs.values():
            if operation["security"] and not any("oauth2" in one for one in operation["security"]):
                continue  # No person let anybody in here.
            for sample in operation["x-codeSamples"]:
                if sample["lang"] == language:
                    yield operation["operationId"], filled(sample["source"])


def snake(name):
    return re.sub("[A-Z]", lambda c: "_" + c[0].lower(), name)


credentials = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}


def fresh():
    return requests.post(f"{base}/api/v1/oauth/token", json=credentials).json()["access_token"]


token = fresh()


def token_for(name):
    """One that may be ended, where the sample ends it."""
    return fresh() if name.startswith("revoke") else token



def ask(path):
    return requests.get(base + path, headers={"Authorization": f"Bearer {token}"}).json()


def ids():
    """A loan that has something of everything, and what it has."""
    for loan in ask("/api/v1/loan-requests?limit=200")["loanRequests"]:
        if not re.fullmatch("[A-Za-z0-9-]+", loan["id"]):
            continue
        own = f"/api/v1/loan-requests/{loan['id']}"
        here = lambda thing: (thing.get("blob") or {}).get("state") == "AVAILABLE"
        items = [(task["id"], item["id"]) for task in ask(own + "/tasks") for item in task["items"] if here(item)]
        documents = [each["id"] for each in ask(own + "/documents") if here(each)]
        channels = [(guild["id"], each["id"]) for guild in ask(own + "/guilds") for each in guild["channels"]]
        spaces, worksheets = ask(own + "/spaces"), ask(own + "/worksheets")
        if items and documents and channels and spaces and worksheets:
            (task, item), (guild, channel) = items[0], channels[0]
            return {
                "loanRequestId": loan["id"], "taskId": task, "itemId": item, "documentId": documents[0],
                "spaceId": spaces[0]["id"], "guildId": guild, "channelId": channel, "worksheetId": worksheets[0]["id"],
            }
    sys.exit("no loan has something of everything")


known = ids()

# curl says nothing and fails where a server does, so that a sample that asks for the wrong thing is noticed.
quiet = 'set -eu; curl() { command curl --silent --show-error --fail --max-time 20 "$@"; }\n'
shell = {snake(name).upper(): value for name, value in known.items()} | {"ACCESS_TOKEN": token, "PATH": "/usr/bin:/bin"}
count = 0
for name, source in samples("Shell"):
    # Whoever listens, listens for ever; here until everything was told.
    source = source.replace("/changes?since=0", "/changes?once=true&since=0")
    environment = shell | {"ACCESS_TOKEN": token_for(name)}
    done = subprocess.run(["bash", "-c", quiet + source], env=environment, capture_output=True)
    assert done.returncode == 0, f"{name}: {done.stderr.decode()}\n{source}"
    count += 1
print(f"{count} Shell samples run")

count = 0
for name, source in samples("Python"):
    source = source.replace('{"since": 0}', '{"since": 0, "once": "true"}')
    variables = {snake(name): value for name, value in known.items()} | {"access_token": token_for(name)}
    exec(compile(source, name, "exec"), variables)
    count += 1
print(f"{count} Python samples run")

constants = {**known, "accessToken": token}
program = []
for name, source in samples("JavaScript"):
    given = {**constants, "accessToken": token_for(name)}
    given = {key: value for key, value in given.items() if f"const {key} " not in source}
    source = source.replace("/changes?since=0", "/changes?once=true&since=0")
    lines = [f"const {key} = {json.dumps(value)};" for key, value in given.items()]
    used = f'if (!response.ok) throw new Error("{name}: " + response.status);'
    program += ["{", *lines, source, used, "}"]
done = subprocess.run(["node", "--input-type=module"], input="\n".join(program).encode(), capture_output=True)
assert done.returncode == 0, done.stderr.decode()
print(f"{len(list(samples('JavaScript')))} JavaScript samples run")
