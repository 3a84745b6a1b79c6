"""Certificates for tls_server.py, made with the openssl command: one authority that the tests
trust (ca.pem), one that they do not, and leaves that are right or wrong in one way each."""

import subprocess

CONFIGURATION = """
[ca]
default_ca = authority
[authority]
dir = .
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""

LOOPBACK = "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"

# name: (authority, subject alternative names, first and last day, in the years 2000 to 2049)
LEAVES = {
    "good": ("ca", LOOPBACK, "200101000000Z", "491231000000Z"),
    "wrongname": ("ca", "DNS:other.example,IP:127.0.0.9", "200101000000Z", "491231000000Z"),
    "expired": ("ca", LOOPBACK, "200101000000Z", "200201000000Z"),
    "notyet": ("ca", LOOPBACK, "480101000000Z", "491231000000Z"),
    "unknown": ("foreign", LOOPBACK, "200101000000Z", "491231000000Z"),
}


def make(folder):
    """Writes NAME.pem and NAME.key for every leaf and authority into `folder` (a Path), and
    the trusted one once more into its folder `authorities`, under the hash of its subject."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "openssl.cnf").write_text(CONFIGURATION)
    (folder / "index.txt").write_text("")
    for name in ("ca", "foreign"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-days", "2", "-subj", f"/CN=Pulsegate {name} test authority")
    (folder / "authorities").mkdir()
    (folder / "authorities" / "ca.pem").write_text((folder / "ca.pem").read_text())
    openssl("rehash", "authorities")
    for name, (authority, names, first, last) in LEAVES.items():
        (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        openssl("req", "-new", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl("ca", "-config", "openssl.cnf", "-batch", "-notext",
                "-cert", f"{authority}.pem", "-keyfile", f"{authority}.key",
                "-startdate", first, "-enddate", last, "-extfile", f"{name}.ext",
                "-in", f"{name}.csr", "-out", f"{name}.pem")
