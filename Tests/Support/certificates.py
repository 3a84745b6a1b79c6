"""Makes the certificates of the test servers: `python certificates.py DIR`.

DIR then holds ca.pem and a server certificate it signed (server.pem, server.key), and a
second authority the clients are not told about (foreign-ca.pem, foreign-server.pem,
foreign-server.key), so that a test can show that a wrong certificate is refused. Everything
is EC P-256. A second run keeps what is there, so that fixtures may simply call it.
"""

import datetime
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# A fixed past, so that a test may set a clock back some years and still be served, while
# a clock that starts at 1970 is refused as it is in the field.
NOT_BEFORE = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
LIFETIME = datetime.timedelta(days=730)
RENEW_BEFORE_END = datetime.timedelta(days=30)

# The last name is written last: its presence means the set is complete.
PREFIXES = ("", "foreign-")
MARKER = "foreign-server.key"


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject, issuer, public_key, now):
    """What authority and server certificates have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(**allowed):
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment "
        "key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def make_authority(common_name, now):
    """Returns (key, certificate) of a self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    certificate = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def make_server(authority_key, authority, now):
    """Returns (key, certificate) for localhost, 127.0.0.1, ::1 and collector.example, which no
    DNS knows: only a proxy finds it."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([
        x509.DNSName("localhost"),
        x509.DNSName("collector.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ])
    authority_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority_key.public_key())
    certificate = (
        _builder(_name("localhost"), authority.subject, key.public_key(), now)
        .add_extension(names, critical=False)
        .add_extension(authority_key_id, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return key, certificate


def _write(path, content, mode=0o644):
    """Writes by rename, so that a reader never meets half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def _is_complete(directory, now):
    if not (directory / MARKER).exists():
        return False
    certificate = x509.load_pem_x509_certificate((directory / "server.pem").read_bytes())
    return certificate.not_valid_after_utc - now > RENEW_BEFORE_END


def ensure_certificates(directory):
    """Makes the set in `directory` unless it is there and still valid; returns the Path."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    if _is_complete(directory, now):
        return directory
    pem = serialization.Encoding.PEM
    for prefix in PREFIXES:
        authority_key, authority = make_authority(f"Pulsegate {prefix}test authority", now)
        key, certificate = make_server(authority_key, authority, now)
        _write(directory / f"{prefix}ca.pem", authority.public_bytes(pem))
        _write(directory / f"{prefix}server.pem", certificate.public_bytes(pem))
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(directory / f"{prefix}server.key", private, mode=0o600)
    return directory


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python certificates.py DIR")
    ensure_certificates(sys.argv[1])
