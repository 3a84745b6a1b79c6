"""What comes with the binary: the page of the manual, and whose code is in a static one."""

import importlib.machinery
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from gateway import BINARY

ROOT = Path(__file__).resolve().parents[2]
CROSS = ROOT / "board" / "cross"
PAGE = ROOT / "systemd" / "pulsegate.8"


@pytest.fixture(scope="module")
def release():
    path = str(CROSS / "release")
    loader = importlib.machinery.SourceFileLoader("release", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("release", loader))
    loader.exec_module(module)
    return module


def test_the_manual_names_every_command():
    usage = subprocess.run([BINARY, "help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  pulsegate (\w+)", usage, re.M))
    assert len(commands) > 12, "the help names the commands"
    page = PAGE.read_text()
    named = set(re.findall(r'^\.BR? (.*)$', page, re.M))
    words = {word for line in named for word in re.findall(r"\w+", line)}
    assert commands <= words, commands - words


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_is_set_without_a_warning():
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", PAGE], capture_output=True, text=True,
                          check=True)
    assert done.stderr == ""
    assert "not a medical device" in " ".join(done.stdout.split())


MAP = """             VMA              LMA     Size Align Out     In      Symbol
          1b2c40           1b2c40      1f0    16         /x/usr/lib/libz.a(inflate.o):(.text.inflate)
          1b2e40           1b2e40      1f0    16         /x/usr/lib/libz.a(crc32.o):(.text.crc32)
          1b3e40           1b3e40       f0    16         /x/lib/libcurl.a(libcurl_la-url.o):(.text)
          1b4e40           1b4e40       f0    16         /x/build/pulsegate.build/main.swift.o:(.text)
"""


def test_a_library_in_the_linkers_map_is_in_the_list(release):
    assert release.linked(MAP) == ["libcurl.a", "libz.a"]
    licences = release.read_licences((CROSS / "licences").read_text())
    pins = release.read_pins((CROSS / "pins").read_text(), "arm64")
    text = release.spdx("arm64", "1.2", "ab" * 32, release.linked(MAP), licences, pins)
    for package, licence in [("zlib1g-dev", "Zlib"), ("curl", "curl")]:
        version, files = pins[package]
        assert (f"PackageName: {package}\nSPDXID: SPDXRef-{package}\nPackageVersion: {version}\n"
                f"PackageDownloadLocation: https://deb.debian.org/{files[0][1]}\n"
                f"PackageChecksum: SHA256: {files[0][0]}\nPackageLicenseConcluded: {licence}\n"
                ) in text
        assert f"SPDXRef-pulsegate STATIC_LINK SPDXRef-{package}" in text
    assert text.count("PackageName: ") == 3


def test_a_library_that_nobody_has_named_stops_the_release(release):
    with pytest.raises(SystemExit, match=r"libnew\.a: linked, and not named in .*licences"):
        release.spdx("arm64", "1.2", "ab", ["libnew.a", "libz.a"], {"libz.a": ("z", "Zlib")}, {})


def test_every_pinned_package_has_a_licence(release):
    licences = release.read_licences((CROSS / "licences").read_text())
    for arch in ["arm64", "amd64"]:
        pins = release.read_pins((CROSS / "pins").read_text(), arch)
        # Of the kernel only headers are taken.
        assert set(pins) - {"linux-libc-dev"} <= {package for package, _ in licences.values()}
