#!/usr/bin/env python3
"""Puts everything of this folder into an OpenSearch domain; run it as often as you like.

Index templates, the retention policy, roles and who has them, monitors, dashboards. Needs Python
3.9 and nothing else. What lies there under the same name is replaced, everything else is left
alone. The exit status is 0 when all of it is in place.

    aws secretsmanager get-secret-value --secret-id … --query SecretString --output text |
      python3 cloud/opensearch/apply.py --endpoint https://… --login - --indexer-role arn:…
"""

import argparse
import base64
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CHANNEL = "pulsegate-alarms"
# A boundary that no line of the file has.
BOUNDARY = "pulsegate-5d1c9f0e7b"
TIMEOUT_SECONDS = 60


class Refused(Exception):
    """The domain said no, or nothing: `status` is 0 when it was not reached."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A password goes nowhere but where it was sent."""

    def redirect_request(self, *_):
        return None


class Domain:
    """Requests to one domain, as one user."""

    def __init__(self, endpoint, name, password, ca_file=None):
        self.endpoint = endpoint.rstrip("/")
        self.login = base64.b64encode(f"{name}:{password}".encode()).decode()
        context = ssl.create_default_context(cafile=ca_file)
        self.opener = urllib.request.build_opener(
            NoRedirect, urllib.request.HTTPSHandler(context=context))

    def request(self, method, path, body=None, content_type="application/json", **headers):
        """Returns the answer's JSON; raises Refused for every status but 2xx."""
        request = urllib.request.Request(f"{self.endpoint}/{path}", data=body, method=method)
        request.add_header("Authorization", f"Basic {self.login}")
        if body is not None:
            request.add_header("Content-Type", content_type)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with self.opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")[:500]) from error
        except OSError as error:
            raise Refused(0, str(error)) from error
        try:
            return json.loads(text or "{}")
        except ValueError as error:
            raise Refused(0, f"not JSON: {text[:200]!r}") from error

    def put(self, path, content, method="PUT"):
        return self.request(method, path, json.dumps(content).encode())

    def find(self, path):
        """As a GET; None when it is not there."""
        try:
            return self.request("GET", path)
        except Refused as error:
            if error.status == 404:
                return None
            raise


def content(name):
    return json.loads((FOLDER / name).read_text())


def put_templates(domain):
    for index, name in (("heart_rate", "index-template.json"),
                        ("patient_stats", "patient-stats-template.json")):
        domain.put(f"_index_template/pulsegate-cloud-{index}", content(name))


def put_policy(domain):
    """A policy that is there is replaced only under the number that it has."""
    path = "_plugins/_ism/policies/pulsegate"
    there = domain.find(path)
    if there is not None:
        path += f"?if_seq_no={there['_seq_no']}&if_primary_term={there['_primary_term']}"
    domain.put(path, content("ism-policy.json"))


def put_roles(domain, indexer_role):
    for name, role in content("roles.json").items():
        domain.put(f"_plugins/_security/api/roles/{name}", role)
    mapping = {"backend_roles": [indexer_role], "hosts": [], "users": []}
    domain.put("_plugins/_security/api/rolesmapping/pulsegate_indexer", mapping)


def put_channel(domain, topic, topic_role):
    config = {"config": {
        "name": CHANNEL, "description": "The topic of the stack's alarms.",
        "config_type": "sns", "is_enabled": True,
        "sns": {"topic_arn": topic, "role_arn": topic_role}}}
    path = "_plugins/_notifications/configs"
    if domain.find(f"{path}/{CHANNEL}") is None:
        domain.put(path, {"config_id": CHANNEL, **config}, method="POST")
    else:
        domain.put(f"{path}/{CHANNEL}", config)


def put_monitors(domain, has_channel):
    """Monitors have made-up ids, so each is looked for by its name."""
    path = "_plugins/_alerting/monitors"
    for monitor in content("monitors.json"):
        if not has_channel:
            for trigger in monitor["triggers"]:
                trigger["bucket_level_trigger"]["actions"] = []
        query = {"query": {"term": {"monitor.name.keyword": monitor["name"]}}}
        try:
            hits = domain.put(f"{path}/_search", query, method="POST")["hits"]["hits"]
        except Refused as error:
            # Before the first monitor there is no index of them.
            if error.status != 404:
                raise
            hits = []
        if hits:
            domain.put(f"{path}/{hits[0]['_id']}", monitor)
        else:
            domain.put(path, monitor, method="POST")


def put_dashboards(domain):
    """Imports the saved objects over those of the same ids, for everybody (the global tenant).

    A chart of 5 s over an hour has 720 points; the dashboards draw 100 unless they are told.
    """
    headers = {"osd_xsrf": "true", "securitytenant": "global"}
    domain.request(
        "POST", "_dashboards/api/opensearch-dashboards/settings",
        json.dumps({"changes": {"histogram:maxBars": 1000}}).encode(), **headers)
    body = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; "
        f"filename=\"dashboards.ndjson\"\r\nContent-Type: application/ndjson\r\n\r\n"
    ).encode() + (FOLDER / "dashboards.ndjson").read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    answer = domain.request(
        "POST", "_dashboards/api/saved_objects/_import?overwrite=true", body,
        f"multipart/form-data; boundary={BOUNDARY}", **headers)
    if not answer.get("success"):
        raise Refused(200, f"not imported: {json.dumps(answer.get('errors', answer))[:500]}")


def read_login(place):
    """The user's name and password: {"username": …, "password": …} in a file, `-` for stdin."""
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text()
        login = json.loads(text)
        return login["username"], login["password"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"--login: no JSON with username and password there ({error})") from error


def remedy(status):
    if status == 0:
        return "is the endpoint right, and your address in OperatorAddresses?"
    return {
        401: "the name or password is wrong",
        403: "your address is not in OperatorAddresses, or the user may not do this",
    }.get(status, "")


def add_domain(parser):
    """The options that say which domain, and as whom."""
    parser.add_argument("--endpoint", required=True, help="output DomainEndpoint of the stack")
    parser.add_argument("--login", required=True, metavar="FILE",
                        help='{"username": …, "password": …}; - reads it from standard input')
    parser.add_argument("--ca-file", help="of an OpenSearch of your own")
    parser.add_argument("--allow-http", action="store_true", help="without TLS; loopback only")


def open_domain(parser, arguments):
    address = urllib.parse.urlsplit(arguments.endpoint)
    is_loopback = arguments.allow_http and address.hostname in ("127.0.0.1", "::1", "localhost")
    if address.scheme != "https" and not is_loopback:
        parser.error("--endpoint wants https://: the password goes there")
    return Domain(arguments.endpoint, *read_login(arguments.login), arguments.ca_file)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_domain(parser)
    parser.add_argument("--indexer-role", required=True, metavar="ARN",
                        help="output IndexerRoleArn: who may write")
    parser.add_argument("--topic", metavar="ARN", help="output AlarmTopicArn: whom monitors tell")
    parser.add_argument("--topic-role", metavar="ARN", help="output AlertRoleArn")
    return parser


def main():
    parser = make_parser()
    arguments = parser.parse_args()
    if bool(arguments.topic) != bool(arguments.topic_role):
        parser.error("--topic and --topic-role belong together")
    domain = open_domain(parser, arguments)
    steps = [
        ("index templates", lambda: put_templates(domain)),
        ("retention policy", lambda: put_policy(domain)),
        ("roles", lambda: put_roles(domain, arguments.indexer_role)),
    ]
    if arguments.topic:
        steps.append(("channel to the alarm topic",
                      lambda: put_channel(domain, arguments.topic, arguments.topic_role)))
    steps += [
        ("monitors", lambda: put_monitors(domain, bool(arguments.topic))),
        ("dashboards", lambda: put_dashboards(domain)),
    ]
    for name, step in steps:
        try:
            step()
        except Refused as error:
            hint = remedy(error.status)
            print(f"{name}: status {error.status}: {error}" + (f"; {hint}" if hint else ""),
                  file=sys.stderr)
            return 1
        print(f"{name}: in place")
    return 0


if __name__ == "__main__":
    sys.exit(main())
