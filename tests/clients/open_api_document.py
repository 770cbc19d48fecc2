#!/usr/bin/env python3
"""The document against the specification, its examples against its schemas, and both against what is answered.

    open_api_document.py DOCUMENT BASE_URL CLIENT_ID CLIENT_SECRET    (REQUESTS_CA_BUNDLE names the authority's certificate)
"""
import collections
import json
import sys
from urllib.parse import quote

import requests
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

path, base, client_id, client_secret = sys.argv[1:5]
document = json.load(open(path, encoding="utf-8"))
schemas = document["components"]["schemas"]

# What a demo that is well, without a manifest and without an export, never answers with; where its loans stand still they have
# all ended, and nothing is due.
NOT_IN_A_DEMO = {
    "WaitingManifest", "CompletenessResult", "MissingEvents", "SequenceRange", "LoanAhead", "IncompleteLoan",
    "TroubledBlob", "HealthBootstrap", "HealthCompleteness", "HealthControlStream", "HealthProgress", "TokenRequest",
    "AboutToken", "Confirmation", "UserInfo", "Reader", "WorkItem", "WorkTask",
}


def validator(name):
    registry = Registry().with_resource("urn:document", Resource(contents=document, specification=DRAFT202012))
    schema = {"$ref": f"urn:document#/components/schemas/{name}"}
    return OAS31Validator(schema, registry=registry, format_checker=OAS31Validator.FORMAT_CHECKER)


def check(name, value, what):
    for error in validator(name).iter_errors(value):
        sys.exit(f"{what} at {list(error.absolute_path)}: {error.message}")


validate(document)
examples = [(name, example) for name, schema in schemas.items() for example in schema.get("examples", [])]
for name, example in examples:
    check(name, example, f"the example of {name}")
problems = document["components"]["examples"]
for code, example in problems.items():
    check("Problem", example["value"], f"the example of {code}")
    assert example["value"]["type"].endswith(f":{code}"), code
print(f"{len(examples) + len(problems)} examples are valid")

session = requests.Session()
credentials = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
token = session.post(f"{base}/api/v1/oauth/token", json=credentials).json()
bearer = {"Authorization": f"Bearer {token['access_token']}"}
seen = collections.defaultdict(set)


def target(schema):
    """The name of the schema that a member refers to: itself, its elements, or unless it is null."""
    places = [schema, schema.get("items", {}), *schema.get("anyOf", [])[:1]]
    return next((place["$ref"].rsplit("/", 1)[-1] for place in places if "$ref" in place), None)


def note(name, value):
    """Takes down which members an answer has, schema by schema."""
    if isinstance(value, list):
        for element in value:
            note(name, element)
    elif isinstance(value, dict):
        seen[name].update(value)
        for member, schema in schemas[name]["properties"].items():
            inner = target(schema)
            if inner and member in value:
                note(inner, value[member])


def answer(path):
    reply = session.get(base + path, headers=bearer)
    assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text}"
    return reply.json()


def read(operation, path):
    """Asks, checks the answer against the schema that the document gives, and notes what it has."""
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    name, value = target(schema), answer(path)
    for element in value if schema.get("type") == "array" else [value]:
        check(name, element, f"the answer of {path}")
    note(name, value)
    return value


def walk(operation_id, operation, path, parameters):
    """An operation and, along its links, those that its answer has the ids for."""
    value = read(operation, path)
    for link in operation["responses"]["200"].get("links", {}).values():
        target_path, following = by_id[link["operationId"]]
        if "application/json" not in following["responses"]["200"]["content"] or link["operationId"] == operation_id:
            continue
        for found in resolved(link["parameters"], value, parameters):
            filled = target_path
            for name, text in found.items():
                filled = filled.replace("{" + name + "}", quote(text, safe=""))
            if filled not in walked:
                walked.add(filled)
                walk(link["operationId"], following, filled, found)


def resolved(wanted, value, parameters):
    """Values for the parameters of a link: for each element that the answer has, not for the first alone."""
    found = [dict()]
    for name, expression in wanted.items():
        if expression.startswith("$request.path."):
            texts = [parameters[name]]
        else:
            texts = list(elements(value, expression.split("#/")[1].split("/")))
        found = [{**one, name: text} for one in found for text in texts]
    # Of two ids in one answer the pairs that belong together are asked for alone.
    if sum(not e.startswith("$request") for e in wanted.values()) > 1:
        outer = [(g["id"], c["id"]) for g in value for c in g.get("channels", g.get("items", []))]
        names = [n for n, e in wanted.items() if not e.startswith("$request")]
        found = [one for one in found if tuple(one[n] for n in names) in outer]
    return found


def elements(value, steps):
    if not steps:
        yield value
    elif steps[0] == "0":
        for element in value[:30]:
            yield from elements(element, steps[1:])
    else:
        yield from elements(value[steps[0]], steps[1:])


def of_clients(operation):
    """Whether clients may ask it for themselves: no person let anybody in here."""
    return not operation["security"] or any("oauth2" in one for one in operation["security"])


by_id = {
    operation["operationId"]: (path, operation)
    for path, verbs in document["paths"].items() for operation in verbs.values()
}
walked = set()
for operation_id, (path, operation) in by_id.items():
    asked = document["paths"][path].get("get") is operation and of_clients(operation)
    if not asked or "{" in path or path.endswith("openapi.json"):
        continue
    if "application/json" in operation["responses"]["200"]["content"]:
        walk(operation_id, operation, path, {})
# The example is of a sensitive read: after a minute the first page of records may have counted reads alone.
note("AccessRecord", answer("/api/v1/replica/accesses?action=TASK_FORM_DATA_READ"))
note("Token", token)
about = {"client_id": client_id, "client_secret": client_secret, "token": token["access_token"]}
note("Introspection", session.post(f"{base}/oauth/introspect", data=about).json())
note("Revocation", session.post(f"{base}/oauth/revoke", data=about).json())
note("TokenError", session.post(f"{base}/oauth/token", json={**credentials, "client_secret": "x"}).json())
note("Problem", session.get(f"{base}/api/v1/loan-requests").json())



def reached(value, found):
    """The schemas that something of the document refers to, and those that these refer to."""
    if isinstance(value, list):
        for element in value:
            reached(element, found)
    elif isinstance(value, dict):
        name = value.get("$ref", "").rpartition("#/components/schemas/")[2]
        if name in schemas and name not in found:
            found.add(name)
            reached(schemas[name], found)
        for inner in value.values():
            reached(inner, found)
    return found


operations = [operation for _, operation in by_id.values()]
of_people = reached([one for one in operations if not of_clients(one)], set()) - reached([one for one in operations if of_clients(one)], set())
unseen = {name for name in schemas if name not in seen} - of_people
assert unseen <= NOT_IN_A_DEMO, f"nothing of {unseen - NOT_IN_A_DEMO} was answered"
for name, example in examples:
    if name in seen:
        # Nobody read on behalf of a person there.
        unknown = set(example) - seen[name] - {"onBehalfOf"}
        assert not unknown, f"the example of {name} has {unknown}, which no answer has"
print(f"{len(walked)} answers are as described, and the examples are true")
