"""What the schemas of parameters cannot say: which of them go together, and which values only the server can make.

Cases that are meant to be wrong are left as they are, but that `fields` names what the schema requires: with fewer members
an answer is what was asked for, and not what the schema of the whole says.
"""

import schemathesis

UNKNOWN = "x-schemathesis-unknown-property"


def required(case):
    """The members that a typed client of this operation relies on: what it has to name in `fields`."""
    document = case.operation.schema.raw_schema
    schema = case.operation.definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
    schema = schema.get("items", schema)
    schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    page = schema["properties"].get("loanRequests")
    if page:
        schema = document["components"]["schemas"]["LoanRequest"]
    return schema["required"]


@schemathesis.hook
def before_call(context, case, kwargs):
    # HTTP has everybody ignore headers that they do not know: one more makes nothing wrong.
    if UNKNOWN in (case.headers or {}):
        del case.headers[UNKNOWN]
        case.meta.generation.mode = schemathesis.GenerationMode.POSITIVE
    if case.operation.path == "/api/v1/changes":
        asked = dict(case.query or {})
        if str(asked.get("once", "false")).lower() == "false":
            asked["once"] = "true"  # else the answer ends when nobody listens any more
        case.query = asked
    query = case.query
    if not query:
        return
    if query.get("fields"):
        names = query["fields"]
        query["fields"] = [*(names if isinstance(names, list) else [names]), *required(case)]
    if not case.meta or case.meta.generation.mode != schemathesis.GenerationMode.POSITIVE:
        return
    query.pop("cursor", None)  # authenticated: only one that the server made is good
    if "after" in query:
        query.pop("before", None)
    if "asOf" in query and case.operation.path == "/api/v1/loan-requests":
        # The past is listed in the order of creation, and goes on by cursor.
        query.update(sortBy="createdAt")
        query.pop("offset", None)
        query.pop("changedSince", None)
    if "changedSince" in query:
        query.update(sortBy="position", sortOrder="ASC")
