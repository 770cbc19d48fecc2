#!/usr/bin/env python3
"""A client that openapi-python-client made of the document: typed models, typed errors, a file.

    generated_client.py BASE_URL CLIENT_ID CLIENT_SECRET      (REQUESTS_CA_BUNDLE names the authority's certificate,
                                                               PYTHONPATH the folder that holds continuity_client)
"""
import datetime
import os
import ssl
import sys

from continuity_client import AuthenticatedClient, Client
from continuity_client.api.documents import list_documents
from continuity_client.api.health import get_health
from continuity_client.api.loan_requests import get_loan_request, list_audit_entries, list_loan_requests
from continuity_client.api.o_auth_2_0 import create_token
from continuity_client.api.tasks import get_task, list_tasks
from continuity_client.models import Problem, TokenRequest, TokenRequestGrantType

base, client_id, client_secret = sys.argv[1:4]
trust = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
anybody = Client(base_url=base, verify_ssl=trust)
assert get_health.sync(client=anybody).status == "healthy"

grant = TokenRequestGrantType.CLIENT_CREDENTIALS
body = TokenRequest(grant_type=grant, client_id=client_id, client_secret=client_secret)
token = create_token.sync(client=anybody, body=body)
client = AuthenticatedClient(base_url=base, verify_ssl=trust, token=token.access_token)

page = list_loan_requests.sync(client=client, status=["BID", "SANCTION", "CLOSED"], limit=5)
assert page.pagination.limit == 5 and len(page.loan_requests) == 5
for loan in page.loan_requests:
    assert get_loan_request.sync(loan.id, client=client) == loan
    assert isinstance(loan.created_at, datetime.datetime)
    tasks = list_tasks.sync(loan.id, client=client)
    whole = [get_task.sync(loan.id, task.id, client=client) for task in tasks]
    assert [task.id for task in whole] == [task.id for task in tasks]
    entries = list_audit_entries.sync(loan.id, client=client, limit=10)
    documents = list_documents.sync(loan.id, client=client)
    print(f"loan {loan.reference}: {len(whole)} tasks, {len(documents)} documents, {len(entries)} audit entries")

reply = get_loan_request.sync_detailed("nobody", client=client)
assert reply.status_code == 404 and isinstance(reply.parsed, Problem), reply
print(reply.parsed.detail)
