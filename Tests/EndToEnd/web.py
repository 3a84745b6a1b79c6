"""The LAN server of a running gateway, and clients that speak to it byte by byte."""

import http.client
import json
import re
import socket
import subprocess
import time
from pathlib import Path

from gateway import file_sink, hex_lines, wait_until
from lan import port_of

TOKEN = "correct-horse-battery-staple"
ALARM = {"onset_delay": "0s", "self_test": "no", "pause": "10s", "sensor_lost": "10min"}


class Web:
    """A gateway that reads hexadecimal from a pipe and serves on a port of its own."""

    def __init__(self, desk, token=None, alarm=None, sections=None, variables=None,
                 **http_keys):
        keys = {"listen": "127.0.0.1:0", **http_keys}
        if token:
            path = Path(desk.folder) / "token"
            path.write_text(token + "\n")
            path.chmod(0o600)
            keys["token_file"] = path
        desk.configure(hex_lines(drain_timeout="2s"), file_sink(), http=keys,
                       alarm={**ALARM, **(alarm or {})}, **(sections or {}))
        self.run = desk.start(stdin=subprocess.PIPE, **(variables or {}))
        self.resident = []
        self.port = port_of(self.run)

    @property
    def pid(self):
        return self.run.process.pid

    def ask(self, method, path, body=None, headers=None):
        """The status, the headers and the body of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def status(self, **headers):
        code, _, body = self.ask("GET", "/api/status", headers=headers)
        assert code == 200, body
        return json.loads(body)

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def raw(self, data):
        """What comes back for these bytes until the server closes, or nothing more comes."""
        with self.connect() as client:
            client.sendall(data)
            return read_to_end(client)

    def descriptors(self):
        """Those of sockets: a file that a sink opens with its first record is no client."""
        found = 0
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found += entry.readlink().name.startswith("socket:")
            except FileNotFoundError:
                pass  # It was closed meanwhile.
        return found

    def resident_kilobytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1])

    def end(self):
        """Ends the gateway; returns what its last report says."""
        self.run.close_input()
        assert self.run.wait() == 0, self.run.log
        return self.run.log

    def at_rest(self, descriptors):
        """Waits until every connection of a client is gone."""
        wait_until(lambda: self.descriptors() <= descriptors,
                   f"no more than {descriptors} sockets")


def read_to_end(client):
    found = b""
    try:
        while piece := client.recv(65536):
            found += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return found


class Events:
    """A client of /api/events."""

    def __init__(self, web, headers=""):
        self.client = web.connect()
        self.client.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n{headers}\r\n".encode())
        self.file = self.client.makefile("rb")
        self.head = b""
        while (line := self.file.readline()) not in (b"\r\n", b""):
            self.head += line

    def next(self, wanted=None):
        """The next event, or the next one of this name: (name, id, data, when it came)."""
        while True:
            name, number, data = None, None, None
            while True:
                line = self._line()
                if line == b"\n":
                    break
                field, _, value = line.rstrip(b"\n").partition(b": ")
                if field == b"event":
                    name = value.decode()
                elif field == b"id":
                    number = int(value)
                elif field == b"data":
                    data = json.loads(value)
            if name and wanted in (None, name):
                return name, number, data, time.monotonic()

    def _line(self):
        """The next line of the text in its chunks; the sizes of the chunks are left out."""
        while not hasattr(self, "_left") or b"\n" not in self._left:
            size = self.file.readline().strip()
            assert size, "the stream has ended"
            count = int(size, 16)
            assert count > 0, "the stream has ended"
            piece = self.file.read(count)
            self.file.readline()
            self._left = getattr(self, "_left", b"") + piece
        line, self._left = self._left.split(b"\n", 1)
        return line + b"\n"

    def close(self):
        self.file.close()
        self.client.close()
