"""What only a static binary can get wrong: `make test-static` and `make test-board` run it."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from gateway import BINARY, environment, hex_lines, is_static
from test_collector import http_sink

NSSWITCH = """passwd: files
group: files
hosts: files mdns4_minimal [NOTFOUND=return] dns
"""


@pytest.fixture(autouse=True)
def static_binary():
    if not is_static():
        pytest.skip("the binary is not a static one")


@pytest.fixture(scope="session")
def plug_ins(tmp_path_factory):
    """The folder of Debian's libnss-mdns, which Raspberry Pi OS has by default."""
    folder = tmp_path_factory.mktemp("plug-ins")
    if not all(map(shutil.which, ("apt-get", "dpkg-deb", "unshare"))) or os.geteuid() != 0:
        pytest.skip("another nsswitch.conf takes root and Debian's tools")
    download = subprocess.run(["apt-get", "-qq", "download", "libnss-mdns"], cwd=folder,
                              capture_output=True, text=True)
    if download.returncode != 0:
        pytest.skip(f"libnss-mdns cannot be had: {download.stderr.strip()}")
    subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder / "root"], check=True)
    return folder / "root" / "usr" / "lib" / f"{platform.machine()}-linux-gnu"


def check_with_plug_ins(desk, folder, name):
    """`net check` of a sink at `name` where names are asked of a plug-in first."""
    (desk.folder / "nsswitch.conf").write_text(NSSWITCH)
    desk.configure(hex_lines(), ("web", {"type": "http", "url": f"https://{name}/in"}))
    command = (f"mount --bind {desk.folder}/nsswitch.conf /etc/nsswitch.conf && "
               f"exec {BINARY} net check --config {desk.configuration}")
    return subprocess.run(["unshare", "--mount", "sh", "-c", command], capture_output=True,
                          text=True, timeout=60,
                          env={**environment(), "LD_LIBRARY_PATH": str(folder)})


def test_a_name_is_not_asked_of_the_boards_plug_ins(desk, plug_ins):
    # A plug-in brings the board's own C library into the program, which then divides by zero.
    run = check_with_plug_ins(desk, plug_ins, "no-such-host.example")
    assert run.returncode == 1, (run.returncode, run.stdout, run.stderr)
    assert "Could not resolve host: no-such-host.example" in run.stdout


def test_a_name_in_the_hosts_file_is_found(desk, plug_ins):
    run = check_with_plug_ins(desk, plug_ins, "localhost:1")
    assert run.returncode == 1, (run.returncode, run.stdout, run.stderr)
    assert "Failed to connect to localhost" in run.stdout


def test_another_authority_is_refused(desk, start_collector):
    collector = start_collector(tls=True)
    name, keys = http_sink(collector)
    other = {key: value for key, value in keys.items() if key != "ca_file"}
    desk.configure(hex_lines(drain_timeout="1s"), (name, other))
    run = desk.run(text="00 48\n")
    assert " certificate: " in run.log and "1 stays in the ring" in run.log, run.log
    assert collector.requests == []


def test_the_file_needs_nothing_beside_itself():
    binary = Path(BINARY)
    if binary.read_bytes()[:4] != b"\x7fELF":
        binary = Path(__file__).resolve().parents[2] / ".build-cross" / "arm64" / "pulsegate"
    listing = subprocess.run(["readelf", "--dynamic", "--program-headers", "--wide", binary],
                             capture_output=True, text=True, check=True).stdout
    assert "(NEEDED)" not in listing and " INTERP " not in listing
