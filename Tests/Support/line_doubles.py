"""Doubles of the services that take lines: OpenSearch's `_bulk` and a plain HTTP collector.

Each runs on a thread of the tests, on 127.0.0.1 alone, with TLS when it is given the test
certificates. They are strict where real services are lax: what they take, a real one takes.
"""

import base64
import collections
import contextlib
import gzip
import http.server
import json
import re
import socket
import ssl
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import botocore.auth
from kinesis_double import BadSignature, Verifier

PAGE = (b"<!DOCTYPE html><html><head><title>Welcome</title></head>"
        b"<body>Please accept our terms</body></html>")


class Answer:
    """What one request gets, in place of what it deserves."""

    def __init__(self, status, body=b"", content_type="application/json", **headers):
        self.status, self.body, self.content_type = status, body, content_type
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class LineServer:
    """An HTTP/1.1 server whose requests a subclass answers with `answer(request)`.

    `script` holds Answers for the next requests, None for what they deserve. `requests` are all
    that came: method, path, headers, and the body without its gzip.
    """

    def __init__(self, certificates=None, host="127.0.0.1"):
        double = self
        self.script = collections.deque()
        self.requests = []
        self.connections = set()
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: without this the second waits 40 ms for an ACK.
            disable_nagle_algorithm = True

            def do_POST(self):
                double._serve(self)

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True

        self.server = Server((host, 0), Handler)
        self.ca = None
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(Path(certificates) / "server.pem",
                                    Path(certificates) / "server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.ca = str(Path(certificates) / "ca.pem")
        scheme = "https" if certificates else "http"
        self.port = self.server.server_address[1]
        self.endpoint = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close_connections(self):
        """Closes those that are kept, as a service does that has been idle for long."""
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.connections.clear()

    def _serve(self, handler):
        with self.lock:
            self.connections.add(handler.connection)
        sent = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        request = SimpleNamespace(
            method=handler.command, path=handler.path, body=sent, plain=sent,
            header_list=[(name.lower(), value) for name, value in handler.headers.items()])
        request.headers = dict(request.header_list)
        with self.lock:
            if request.headers.get("content-encoding") == "gzip":
                request.plain = gzip.decompress(sent)
            self.requests.append(request)
            answer = self.script.popleft() if self.script else None
            answer = answer or self.answer(request)
        handler.send_response(answer.status)
        if answer.content_type:
            handler.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


# --- OpenSearch ---------------------------------------------------------------------------

DATES = {
    None: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
    "strict_date_hour_minute_second": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
}
WHOLE = {"byte": 7, "short": 15, "integer": 31, "long": 63}


def check_value(field, kind, value):
    """Returns why a value does not fit its type in the mapping; None when it does."""
    values = value if isinstance(value, list) else [value]
    for single in values:
        name = kind["type"]
        if name == "date":
            fits = isinstance(single, str) and DATES[kind.get("format")].fullmatch(single)
        elif name in WHOLE:
            limit = 1 << WHOLE[name]
            fits = isinstance(single, int) and not isinstance(single, bool) \
                and -limit <= single < limit
        elif name == "float":
            fits = isinstance(single, (int, float)) and not isinstance(single, bool)
        elif name == "boolean":
            fits = isinstance(single, bool)
        else:
            fits = isinstance(single, str)
        if not fits:
            return f"failed to parse field [{field}] of type [{name}]: {single!r}"
    return None


def no_duplicates(pairs):
    document = dict(pairs)
    assert len(document) == len(pairs), f"a name twice in {pairs}"
    return document


class BulkDouble(LineServer):
    """An index that takes `_bulk` requests, whole or by item.

    `mapping`: the properties of a mapping with `dynamic: strict`; None takes anything, unless a
    template is put. `keys`: (access key, secret key, region, service) that requests are signed
    with; `user`: (name, password). `poison(document)`: what is refused with 400. `items` holds
    statuses for the next documents, None for what they deserve. `index=None`: requests come to
    `/_bulk`, each action names its index, and `indices` has the index of each id.
    """

    def __init__(self, index="heart_rate", mapping=None, keys=None, user=None, certificates=None,
                 takes_ids=True, takes_templates=True):
        self.index, self.mapping, self.user = index, mapping, user
        self.takes_ids, self.takes_templates = takes_ids, takes_templates
        self.documents = {}
        self.indices = {}
        self.created = []
        self.templates = {}
        self.items = collections.deque()
        self.poison = lambda document: False
        self.conflicts = 0
        self.bad_signatures = []
        self.service = None
        if keys:
            access_key, secret_key, region, self.service = keys
            options = SimpleNamespace(access_key=access_key, secret_key=secret_key, region=region,
                                      session_token=None, plain=certificates is None)
            self.verifier = Verifier(options, time.time)
        super().__init__(certificates)

    def answer(self, request):
        refusal = self._check_identity(request)
        if refusal:
            return refusal
        if request.path.startswith("/_index_template/"):
            return self._put_template(request)
        path, _, query = request.path.partition("?")
        if path != (f"/{self.index}/_bulk" if self.index else "/_bulk"):
            return self._error(404, "invalid_index_name_exception", request.path)
        if request.headers.get("content-type") != "application/x-ndjson":
            return self._error(406, "media_type_header_exception", "not NDJSON")
        try:
            pairs = self._read(request.plain)
        except (AssertionError, ValueError) as error:
            return self._error(400, "illegal_argument_exception", str(error))
        items = [{"create": self._create(action, document)} for action, document in pairs]
        # A short cut that says nothing to rely on.
        body = {"took": 1, "errors": False, "items": items}
        if query:
            assert query == "filter_path=items.%2A.status", query
            body = {"items": [{"create": {"status": item["create"]["status"]}} for item in items]}
        return Answer(200, json.dumps(body).encode())

    def _check_identity(self, request):
        if self.user:
            expected = base64.b64encode(":".join(self.user).encode()).decode()
            if request.headers.get("authorization") != f"Basic {expected}":
                return Answer(401, b"Unauthorized", "text/plain")
        if self.service:
            # botocore skips some headers by default, and so do its clients in this process.
            skipped = botocore.auth.SIGNED_HEADERS_BLACKLIST
            botocore.auth.SIGNED_HEADERS_BLACKLIST = []
            try:
                signed = SimpleNamespace(**vars(request))
                if self.service == "aoss":
                    assert "x-amz-content-sha256" in request.headers
                self.verifier.verify(signed, self.service)
            except BadSignature as error:
                self.bad_signatures.append(error)
                return Answer(403, json.dumps({"message": str(error)}).encode())
            finally:
                botocore.auth.SIGNED_HEADERS_BLACKLIST = skipped
        return None

    def _put_template(self, request):
        if not self.takes_templates:
            return self._error(403, "security_exception", "no permissions for [indices:admin]")
        template = json.loads(request.plain, object_pairs_hook=no_duplicates)
        assert request.headers["content-type"] == "application/json"
        assert template["index_patterns"] == [self.index]
        self.templates[request.path] = template
        self.mapping = template["template"]["mappings"]["properties"]
        return Answer(200, b'{"acknowledged":true}')

    def _read(self, body):
        """Returns [(action, document)]; raises when the body is no NDJSON of creates."""
        assert body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]"
        lines = body[:-1].split(b"\n")
        assert len(lines) % 2 == 0, "an action without a document"
        assert all(line and b"\r" not in line for line in lines), "an empty line"
        parsed = [json.loads(line, object_pairs_hook=no_duplicates) for line in lines]
        for action in parsed[::2]:
            names = set(action["create"])
            assert list(action) == ["create"] and names <= {"_id", "_index"}, action
            assert ("_index" in names) == (self.index is None), action
        return [(action["create"], document)
                for action, document in zip(parsed[::2], parsed[1::2])]

    def _create(self, action, document):
        identifier = action.get("_id", f"made-{len(self.created)}")
        result = {"_index": self.index, "_id": identifier}

        def failed(status, kind, reason):
            return {**result, "status": status, "error": {"type": kind, "reason": reason}}

        status = self.items.popleft() if self.items else None
        if status:
            return failed(status, "scripted_exception", "as the script says")
        if "_id" in action and not self.takes_ids:
            return failed(400, "illegal_argument_exception", "Document ID is not supported")
        if self.poison(document):
            return failed(400, "mapper_parsing_exception", "poison")
        reason = self._mapping_fault(document)
        if reason:
            return failed(400, "strict_dynamic_mapping_exception", reason)
        if len(identifier.encode()) > 512:
            return failed(400, "illegal_argument_exception", "id is too long")
        if identifier in self.documents:
            self.conflicts += 1
            return failed(409, "version_conflict_engine_exception", "document already exists")
        self.documents[identifier] = document
        self.indices[identifier] = action.get("_index", self.index)
        self.created.append(document)
        return {**result, "_version": 1, "result": "created", "status": 201}

    def _mapping_fault(self, document):
        if self.mapping is None:
            return None
        for field, value in document.items():
            if field not in self.mapping:
                return f"mapping set to strict, dynamic introduction of [{field}] is not allowed"
            fault = check_value(field, self.mapping[field], value)
            if fault:
                return fault
        return None

    @staticmethod
    def _error(status, kind, reason):
        body = {"error": {"type": kind, "reason": reason}, "status": status}
        return Answer(status, json.dumps(body).encode())


# --- A collector --------------------------------------------------------------------------


class Collector(LineServer):
    """Takes NDJSON under one path and answers 204 for all of it, or refuses all of it.

    `token`: what it wants to be shown. `bytes_max`: larger bodies get 413. `poison(record)`: a
    request with such a record in it gets `poison_status`.
    """

    def __init__(self, path="/in", token=None, bytes_max=1 << 20, certificates=None,
                 host="127.0.0.1"):
        self.path, self.token, self.bytes_max = path, token, bytes_max
        self.records = []
        self.poison = lambda record: False
        self.poison_status = 422
        super().__init__(certificates, host)

    @property
    def url(self):
        return self.endpoint + self.path

    def answer(self, request):
        if request.path != self.path:
            return Answer(404)
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401)
        if request.headers.get("content-type") != "application/x-ndjson":
            return Answer(415)
        if len(request.plain) > self.bytes_max:
            # As nginx says it.
            return Answer(413, b"<html><h1>413 Request Entity Too Large</h1></html>", "text/html")
        assert request.plain.endswith(b"\n")
        records = [json.loads(line) for line in request.plain.splitlines()]
        if any(self.poison(record) for record in records):
            return Answer(self.poison_status, b'{"detail":"not processable"}')
        self.records += records
        return Answer(204, content_type=None)
