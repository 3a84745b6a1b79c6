"""A server that behaves well or badly by the path of the request: `python3 tls_server.py`.

Makes certificates in a temporary folder, listens on one port of 127.0.0.1 for every kind of peer
below, writes `ready ca=FILE NAME=PORT …` and serves until its standard input ends.

    good       a certificate for localhost and 127.0.0.1, signed by the authority in FILE
    wrongname  signed, for another host        expired, notyet  signed, at another time
    unknown    signed by an authority that the tests do not trust
    old        TLS 1.1 at most                 plain            HTTP without TLS
    mute       accepts and says nothing        garbage          TLS, but not HTTP
    mutual     asks for a certificate that the authority in FILE has signed
    proxy      an HTTP proxy that tunnels CONNECT to 127.0.0.1
"""

import hashlib
import pathlib
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time

import certificates

DATE = "Tue, 15 Jul 2025 17:10:33 GMT"  # 1752599433


class Closed(Exception):
    """The other end has closed the connection, or this one has."""


class Connection:
    """One accepted connection; `number` counts them for the port, `served` its requests."""

    def __init__(self, stream, number):
        self.stream = stream
        self.number = number
        self.served = 0
        self.pending = b""

    def receive(self):
        data = self.stream.recv(65536)
        if not data:
            raise Closed
        return data

    def read_head(self):
        while b"\r\n\r\n" not in self.pending:
            self.pending += self.receive()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        return head

    def read_body(self, length):
        parts = [self.pending]
        got = len(self.pending)
        while got < length:
            parts.append(self.receive())
            got += len(parts[-1])
        data = b"".join(parts)
        self.pending = data[length:]
        return data[:length]

    def answer(self, body, status="200 OK", headers=()):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.stream.sendall("\r\n".join(lines).encode() + body)

    def reset(self):
        """Closes with RST: a close with linger time 0."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closed


def echo(connection, head, body, argument):
    connection.answer(body)


def describe(connection, head, body, argument):
    """The head as it came, a line with the bytes of head and body, and the body's digest."""
    size = len(head) + 4 + len(body)
    digest = hashlib.sha256(body).hexdigest()
    connection.answer(head.replace(b"\r\n", b"\n") + f"\n{size}\n{digest}".encode())


def count(connection, head, body, argument):
    connection.answer(f"connection {connection.number} request {connection.served}".encode())


def status(connection, head, body, argument):
    connection.answer(b"the body of " + argument.encode(), f"{argument} Some Reason")


def close_after(connection, head, body, argument):
    """Promises to stay by saying nothing else, then closes."""
    count(connection, head, body, argument)
    raise Closed


def reset_after(connection, head, body, argument):
    connection.reset()


def reset_kept(connection, head, body, argument):
    """Serves one request a connection and resets it at the second."""
    if connection.served > 1:
        connection.reset()
    count(connection, head, body, argument)


def drip(connection, head, body, argument):
    """A long body, a byte each 50 ms."""
    connection.stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(400):
        connection.stream.sendall(b".")
        time.sleep(0.05)


def truncate(connection, head, body, argument):
    connection.stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    raise Closed


def stall(connection, head, body, argument):
    connection.receive()  # until the other end has had enough


def huge(connection, head, body, argument):
    """A body of `argument` bytes with its length, or without when chunked."""
    connection.answer(b"x" * int(argument))


def chunked(connection, head, body, argument):
    connection.stream.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Date\r\n\r\n")
    for part in (b"one ", b"two ", b"x" * int(argument)):
        connection.stream.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
    connection.stream.sendall(b"0\r\nDate: Tue, 15 Jul 2030 17:10:33 GMT\r\n\r\n")


def interim(connection, head, body, argument):
    """An interim response with headers before the final one (RFC 9110 section 15.2)."""
    connection.stream.sendall(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 99\r\n\r\n")
    connection.answer(b"final", headers=[f"Date: {DATE}"])


RETRY_AFTER = {
    "none": [],
    "seconds": ["Retry-After: 17"],
    "date": ["rEtRy-AfTeR:  Tue, 15 Jul 2025 17:10:53 GMT "],
    "past": ["Retry-After: Tue, 15 Jul 2025 17:00:00 GMT"],
    "far": ["Retry-After: 99999999999999999999"],
    "vast": ["Retry-After: 18446744073709551615"],
    "word": ["Retry-After: soon"],
}


def retry(connection, head, body, argument):
    connection.answer(b"", "503 Slow Down", [f"Date: {DATE}", *RETRY_AFTER[argument]])


def bad_date(connection, head, body, argument):
    connection.answer(b"", headers=["Date: the day after tomorrow"])


def redirect(connection, head, body, argument):
    connection.answer(b"", "307 Temporary Redirect", ["Location: /echo"])


BEHAVIOURS = {
    "echo": echo, "describe": describe, "count": count, "status": status,
    "close-after": close_after, "reset-after": reset_after, "reset-kept": reset_kept, "drip": drip,
    "truncate": truncate, "stall": stall, "huge": huge, "chunked": chunked,
    "interim": interim, "retry": retry, "bad-date": bad_date, "redirect": redirect,
}


def serve_http(connection):
    """Answers requests until the connection ends."""
    while True:
        head = connection.read_head()
        lines = head.decode("latin-1").split("\r\n")
        name, _, argument = lines[0].split(" ")[1].lstrip("/").partition("/")
        if name == "reset-before":  # before the body is read
            connection.reset()
        if name == "stall-before":
            threading.Event().wait(5)
            raise Closed
        length = 0
        for line in lines[1:]:
            if line.lower().startswith("content-length:"):
                length = int(line.split(":")[1])
        body = connection.read_body(length)
        connection.served += 1
        BEHAVIOURS[name](connection, head, body, argument)


def serve_proxy(connection):
    """Joins the connection with the port of 127.0.0.1 that CONNECT names."""
    target = connection.read_head().split(b" ")[1].decode()
    other = socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1])))
    connection.stream.sendall(b"HTTP/1.1 200 Tunnel stands\r\nX-Proxy: yes\r\n\r\n")

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=pump, args=(other, connection.stream), daemon=True)
    back.start()
    pump(connection.stream, other)
    back.join()


def serve_mute(connection):
    while True:
        connection.receive()


def serve_garbage(connection):
    connection.read_head()
    connection.stream.sendall(b"220 mail.example ESMTP\r\n")
    raise Closed


def serve(stream, number, context, behaviour):
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if context:
            stream = context.wrap_socket(stream, server_side=True)
        behaviour(Connection(stream, number))
    except (Closed, OSError):
        pass
    stream.close()


def listen(context, behaviour):
    """Serves a new port for ever; answers its number."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        number = 0
        while True:
            stream, _ = listener.accept()
            number += 1
            threading.Thread(
                target=serve, args=(stream, number, context, behaviour), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def context(folder, name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return made


def listen_all(folder):
    """Answers the port of each kind of peer."""
    certificates.make(folder)
    ports = {name: listen(context(folder, name), serve_http) for name in certificates.LEAVES}
    old = context(folder, "good")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    ports["old"] = listen(old, serve_http)
    ports["plain"] = listen(None, serve_http)
    mutual = context(folder, "good")
    mutual.verify_mode = ssl.CERT_REQUIRED
    mutual.load_verify_locations(folder / "ca.pem")
    ports["mutual"] = listen(mutual, serve_http)
    ports["mute"] = listen(None, serve_mute)
    ports["garbage"] = listen(context(folder, "good"), serve_garbage)
    ports["proxy"] = listen(None, serve_proxy)
    return ports


def main():
    with tempfile.TemporaryDirectory() as folder:
        ports = listen_all(pathlib.Path(folder))
        words = [f"{name}={port}" for name, port in ports.items()]
        print("ready", f"ca={folder}/ca.pem", *words, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
