"""Asks the gateway's server of the LAN, as a program or a slow client would."""

import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request

WAIT_SECONDS_MAX = 30


def port_of(run):
    """The port that the gateway listens at, as its log says: `listen` has port 0."""
    line = run.wait_for_log("http: listens at ")
    return int(re.search(r":(\d+)/", line)[1])


def get(port, path, headers=None, **parameters):
    """Returns (status, headers, body)."""
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}{query}",
                                     headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def get_lines(port, path, **parameters):
    """The objects of an answer in NDJSON."""
    status, _, body = get(port, path, **parameters)
    assert status == 200, body
    return [json.loads(line) for line in body.splitlines()]


class SlowClient:
    """A client that sends a request and reads when it likes; little waits for it on the way."""

    def __init__(self, port, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(WAIT_SECONDS_MAX)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                            "Connection: close\r\n\r\n".encode())

    def read(self, count):
        """Reads so many bytes at least, or to the end."""
        data = b""
        while len(data) < count:
            piece = self.socket.recv(4096)
            if not piece:
                break
            data += piece
        return data

    def read_rest(self):
        """All that comes until the gateway closes the connection."""
        return self.read(float("inf"))

    def close(self):
        self.socket.close()


def body_of(answer):
    """The body of an answer in chunks (RFC 9112 section 7.1), and whether it is complete."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    body = b""
    while True:
        size, found, rest = rest.partition(b"\r\n")
        if not found or not size:
            return body, False
        length = int(size, 16)
        if length == 0:
            return body, True
        if len(rest) < length + 2:
            return body + rest, False
        body += rest[:length]
        rest = rest[length + 2:]
