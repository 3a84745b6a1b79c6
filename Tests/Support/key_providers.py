"""Providers of temporary keys: AWS IoT's, an EC2 instance's metadata, a container's agent.

Each listens on 127.0.0.1 in a thread of the test, remembers what it was asked and what it gave,
and can be told to fail. `issue` makes a key: by moto's STS, or by `make_key` for a double that is
told of it.
"""

import datetime
import http.server
import json
import secrets
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from certificates import _builder, _key_usage, _name, _write, make_authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclass
class Key:
    """A temporary key; `until` in seconds since 1970."""

    access_key: str
    secret_key: str
    session_token: str
    until: float

    @property
    def expiration(self):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.until))


def make_key(seconds):
    """A key that ends at a whole second, in about so many."""
    return Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30),
               secrets.token_urlsafe(300), int(time.time() + seconds))


def make_devices(folder):
    """Makes device.pem and device.key, signed by device-ca.pem, and foreign-device.* by another
    authority, in `folder`; returns the Path."""
    folder = Path(folder)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    pem = serialization.Encoding.PEM
    for prefix in ("", "foreign-"):
        authority_key, authority = make_authority(f"Pulsegate {prefix}device authority", now)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name("gym-7"), authority.subject, key.public_key(), now)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                authority_key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
                           critical=False)
            .sign(authority_key, hashes.SHA256()))
        _write(folder / f"{prefix}device-ca.pem", authority.public_bytes(pem))
        _write(folder / f"{prefix}device.pem", certificate.public_bytes(pem))
        _write(folder / f"{prefix}device.key", key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), mode=0o600)
    return folder


class Provider:
    """A server in a thread. `status` other than 200 is answered in place of a key."""

    def __init__(self, issue, context=None):
        self.issue = issue
        self.status = 200
        self.requests, self.given = [], []
        self.failed_handshakes = 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    if context is not None:
                        self.request.do_handshake()
                    super().handle()
                except (OSError, ssl.SSLError):
                    provider.failed_handshakes += 1

            def answer(self):
                provider.requests.append((self.command, self.path, dict(self.headers)))
                status, body = provider.reply(self.command, self.path, self.headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                connection, address = super().get_request()
                if context is not None:
                    connection = context.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False)
                return connection, address

        self.server = Server(("127.0.0.1", 0), Handler)
        scheme = "https" if context is not None else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, method, path, headers):
        raise NotImplementedError

    def give(self):
        key = self.issue()
        self.given.append(key)
        return key

    def metadata(self):
        """The answer that agents and instances give."""
        key = self.give()
        return json.dumps({
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2025-07-15T17:10:33Z",
            "AccessKeyId": key.access_key, "SecretAccessKey": key.secret_key,
            "Token": key.session_token, "Expiration": key.expiration}).encode()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class IoTProvider(Provider):
    """AWS IoT's credential provider: mutual TLS, one role alias, one thing."""

    def __init__(self, issue, certificates, devices, alias="pulse-alias", thing="gym-7"):
        self.alias, self.thing = alias, thing
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        context.load_verify_locations(devices / "device-ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(issue, context)

    def reply(self, method, path, headers):
        if self.status != 200:
            return self.status, b"{}"
        if method != "GET" or path != f"/role-aliases/{self.alias}/credentials":
            return 404, b'{"message":"Role alias does not exist"}'
        if headers.get("x-amzn-iot-thingname") != self.thing:
            return 403, b'{"message":"Access Denied"}'
        key = self.give()
        return 200, json.dumps({"credentials": {
            "accessKeyId": key.access_key, "secretAccessKey": key.secret_key,
            "sessionToken": key.session_token, "expiration": key.expiration}}).encode()


class InstanceMetadata(Provider):
    """The metadata service of an EC2 instance, version 2 alone: a session first."""

    ROLE = "/latest/meta-data/iam/security-credentials/"

    def __init__(self, issue, role="ward-role"):
        self.role, self.sessions = role, {}
        super().__init__(issue)

    def reply(self, method, path, headers):
        if self.status != 200:
            return self.status, b""
        if (method, path) == ("PUT", "/latest/api/token"):
            seconds = headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
                return 400, b""
            token = secrets.token_urlsafe(40)
            self.sessions[token] = time.monotonic() + int(seconds)
            return 200, token.encode()
        if time.monotonic() >= self.sessions.get(headers.get("X-aws-ec2-metadata-token"), 0):
            return 401, b""
        if (method, path) == ("GET", self.ROLE):
            return 200, self.role.encode()
        if (method, path) == ("GET", self.ROLE + self.role):
            return 200, self.metadata()
        return 404, b""


class ContainerAgent(Provider):
    """The agent beside a container, which asks for a token."""

    def __init__(self, issue, token):
        self.token = token
        super().__init__(issue)

    def reply(self, method, path, headers):
        if self.status != 200:
            return self.status, b""
        if headers.get("Authorization") != self.token:
            return 401, b'{"message":"token"}'
        if (method, path) != ("GET", "/v1/credentials"):
            return 404, b""
        return 200, self.metadata()
