"""SOAP by plain HTTP, for requests that no client library would send."""

import re

import requests

SERVICE_CONTENT = (
    '<RetrieveServiceContent xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this>'
    "</RetrieveServiceContent>"
)


def envelope(body):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def call(method, mo, *arguments):
    """The body of a call; arguments are XML already."""
    kind, value = mo
    return f'<{method} xmlns="urn:vim25"><_this type="{kind}">{value}</_this>{"".join(arguments)}</{method}>'


class Soap:
    """One HTTP connection with one session."""

    def __init__(self, server, version="urn:vim25/8.0.3.0"):
        self.url = server.url
        self.http = requests.Session()
        self.http.verify = False
        self.http.trust_env = False
        self.headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": version}

    def send(self, data, **headers):
        """Post these very bytes."""
        raw = data.encode() if isinstance(data, str) else data
        return self.http.post(self.url, data=raw, headers=self.headers | headers, timeout=20)

    def call(self, method, mo, *arguments):
        return self.send(envelope(call(method, mo, *arguments)))

    def login(self, user="user", password="pass"):
        answer = self.call(
            "Login",
            ("SessionManager", "SessionManager"),
            f"<userName>{user}</userName>",
            f"<password>{password}</password>",
        )
        assert answer.status_code == 200, answer.text
        return self


def fault(answer):
    """(type of the fault in the detail of a SOAP fault, text of the fault)."""
    assert answer.status_code == 500, f"{answer.status_code}: {answer.text[:500]}"
    detail = re.search(r"<detail>\s*<[^>]*type=\"(?:\w+:)?(\w+)\"", answer.text)
    text = re.search(r"<faultstring>(.*?)</faultstring>", answer.text, re.S)
    return detail.group(1) if detail else None, text.group(1) if text else ""
