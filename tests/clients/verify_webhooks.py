#!/usr/bin/env python3
"""Verifies recorded webhooks with the package that receivers use.

    verify_webhooks.py SECRET FILE      (FILE: JSON lines of headers and body; prints how many are right)
"""
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

secret, file = sys.argv[1:3]
webhook, right = Webhook(secret), 0
with open(file, encoding="utf-8") as lines:
    for line in lines:
        arrival = json.loads(line)
        message = webhook.verify(arrival["body"], arrival["headers"])
        assert message["type"] and message["timestamp"] and isinstance(message["data"], dict), message
        try:
            webhook.verify(arrival["body"] + " ", arrival["headers"])
        except WebhookVerificationError:
            right += 1
print(right)
