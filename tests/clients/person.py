#!/usr/bin/env python3
"""A person in front of a browser without JavaScript, as far as applications see one.

    person.py BASE_URL EMAIL PASSWORD AUTHORIZATION_URL [refuse]
    person.py BASE_URL EMAIL PASSWORD ONE_TIME_LINK

Signs in where that is asked for, lets the application in (or refuses), and prints the address that it is sent back to; or
sets the password by a link. REQUESTS_CA_BUNDLE names the authority's certificate.
"""
import html.parser
import sys
from urllib.parse import urljoin

import requests


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each goes, and its fields with their values."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append((attributes.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in attributes:
            self.forms[-1][1][attributes["name"]] = attributes.get("value", "")


class Person:
    def __init__(self, base, email, password):
        self.base, self.email, self.password = base, email, password
        self.browser = requests.Session()

    def send(self, page, action, **filled):
        """Fills in the form of a page that goes to `action`, and sends it; the answer, not followed."""
        found = [fields for to, fields in Forms(page.text).forms if to.startswith(action)]
        assert found, f"{page.status_code} {page.url} has no form to {action}: {page.text[:2000]}"
        return self.browser.post(urljoin(self.base, action), data=found[0] | filled,
                                 headers={"Origin": self.base}, allow_redirects=False)

    def choose_password(self, link):
        """Sets the password by a one-time link."""
        action = link[len(self.base):] if link.startswith(self.base) else link
        page = self.browser.get(urljoin(self.base, action))
        answer = self.send(page, action, new=self.password, repeat=self.password)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text[:2000]}"

    def follow(self, answer):
        """Follows what stays on this host; the first address elsewhere."""
        for _ in range(10):
            if answer.status_code not in (302, 303):
                return answer
            to = urljoin(answer.url, answer.headers["Location"])
            if not to.startswith(self.base + "/"):
                return to
            answer = self.browser.get(to, allow_redirects=False)
        raise AssertionError("redirected without an end")

    def let_in(self, url, answer="allow"):
        page = self.follow(self.browser.get(url, allow_redirects=False))
        if not isinstance(page, str) and page.url.startswith(f"{self.base}/console/sign-in"):
            page = self.follow(self.send(page, "/console/sign-in", email=self.email, password=self.password))
        if not isinstance(page, str) and "/oauth/authorize" in page.url:
            page = self.follow(self.send(page, "/oauth/authorize", answer=answer))
        assert isinstance(page, str), f"{page.status_code} {page.url}: {page.text[:2000]}"
        return page


if __name__ == "__main__":
    base, email, password, url, *answer = sys.argv[1:]
    person = Person(base, email, password)
    if "/console/link/" in url:
        person.choose_password(url)
    else:
        print(person.let_in(url, *answer))
