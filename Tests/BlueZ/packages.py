"""Debian's packages as files, for whatever release and architecture: fetched by apt beside the
machine's own lists, checked by its signatures, unpacked without any of their scripts."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HOST_ARCHITECTURE = "amd64"
# Left out of the root file systems: nobody reads them in a test.
UNPACKED_NOT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info",
                "./usr/lib/udev/hwdb.d", "./usr/share/i18n", "./usr/lib/*-linux-gnu/gconv")


class CannotRun(Exception):
    """The lane cannot run on this machine; the text says why and what to do."""


def run(command: Sequence[object], log: Path, **named: object) -> None:
    """Runs a command with its output in `log`; its failure is ours, with the last lines."""
    with open(log, "a") as file:
        file.write("$ " + " ".join(str(word) for word in command) + "\n")
        file.flush()
        ended = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=file, stderr=subprocess.STDOUT, **named)
    if ended.returncode != 0:
        last = "\n    ".join(log.read_text(errors="replace").splitlines()[-8:])
        raise CannotRun(f"{Path(str(command[0])).name} failed with {ended.returncode}; the last "
                        f"lines of {log}:\n    {last}")


def archives() -> dict[str, str]:
    """The addresses of Debian's archives that this machine uses: "main" and "security"."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"],
        capture_output=True, text=True, check=False).stdout
    found: dict[str, str] = {}
    for line in sorted(set(listed.splitlines())):
        address, _, suite = line.partition(" ")
        if suite.split("-")[0] in ("bullseye", "bookworm", "trixie", "stable", "sid"):
            found.setdefault("security" if suite.endswith("-security") else "main",
                             address.rstrip("/"))
    if "main" not in found:
        raise CannotRun("apt knows no archive of Debian on this machine")
    return found


class Apt:
    """apt-get for one Debian release and architecture, with lists and a status of its own:
    nothing is installed, and every package's signature is checked as usual."""

    def __init__(self, release: str, cache: Path, architecture: str = HOST_ARCHITECTURE) -> None:
        own = "" if architecture == HOST_ARCHITECTURE else f"-{architecture}"
        self.folder = cache / f"apt-{release}{own}"
        self.log = self.folder / "log"
        if not KEYRING.exists():
            raise CannotRun(f"{KEYRING} is missing; install debian-archive-keyring")
        for part in ("lists/partial", "archives/partial", "state", "etc"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        known = archives()
        signed = f"[arch={architecture} signed-by={KEYRING}]"
        lines = [f"deb {signed} {known['main']} {suite} main"
                 for suite in (release, f"{release}-updates")]
        if "security" in known:
            lines.append(f"deb {signed} {known['security']} {release}-security main")
        (self.folder / "etc/sources.list").write_text("\n".join(lines) + "\n")
        self.configuration = self.folder / "etc/apt.conf"
        self.configuration.write_text(
            f'Dir::Etc::sourcelist "{self.folder}/etc/sources.list";\n'
            'Dir::Etc::sourceparts "/dev/null";\nDir::Etc::preferencesparts "/dev/null";\n'
            'APT::Update::Error-Mode "any";\n'
            f'Dir::State "{self.folder}/state";\nDir::State::Lists "{self.folder}/lists";\n'
            f'Dir::State::status "{self.folder}/state/status";\n'
            f'Dir::Cache "{self.folder}";\nDir::Cache::archives "{self.folder}/archives";\n'
            f'APT::Architecture "{architecture}";\nAPT::Architectures "{architecture}";\n'
            'Acquire::Languages "none";\nAcquire::Retries "3";\nAPT::Sandbox::User "";\n'
            'Debug::NoLocking "true";\nAPT::Install-Recommends "false";\n')
        self.get("-qq", "update")

    def get(self, *words: str, folder: Path | None = None) -> None:
        run(["apt-get", *words], self.log, cwd=folder or self.folder,
            env={**os.environ, "APT_CONFIG": str(self.configuration)})

    def newest(self, package: str) -> Path:
        """The newest version of one package, as a file."""
        for old in self.folder.glob(f"{package}_*.deb"):
            old.unlink()
        self.get("-qq", "download", package)
        return next(self.folder.glob(f"{package}_*.deb"))

    def has(self, package: str, version: str) -> bool:
        """Whether this version is offered."""
        offered = subprocess.run(
            ["apt-cache", "madison", package], capture_output=True, text=True, check=False,
            env={**os.environ, "APT_CONFIG": str(self.configuration)}).stdout
        return any(line.split("|")[1].strip() == version for line in offered.splitlines())

    def fetch_with_dependencies(self, packages: Sequence[str]) -> list[Path]:
        """The packages and what they need, as files; empties the downloads of before first."""
        for old in (self.folder / "archives").glob("*.deb"):
            old.unlink()
        self.get("-y", "-qq", "--download-only", "install", *packages)
        return sorted((self.folder / "archives").glob("*.deb"))


def merge_usr(root: Path) -> None:
    """The empty root file system that Debian's packages expect."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")


def unpack(package: Path, root: Path, log: Path) -> None:
    excluded = " ".join(f"'--exclude={path}'" for path in UNPACKED_NOT)
    # Packages that still say /bin must not replace the link to /usr/bin by a folder.
    run(["bash", "-o", "pipefail", "-c", f"dpkg-deb --fsys-tarfile '{package}'"
         f" | tar -x --keep-directory-symlink --no-same-owner -C '{root}' {excluded}"], log)


def unpack_all(packages: Sequence[Path], root: Path, log: Path) -> None:
    """Unpacks all of them, and removes the downloads."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(lambda package: unpack(package, root, log), packages))
    for package in packages:
        package.unlink()


def settle(root: Path) -> None:
    """What the packages' scripts would have done and a lane needs: users and empty folders."""
    etc = root / "etc"
    for name, line in (("passwd", "messagebus:x:100:101::/nonexistent:/usr/sbin/nologin"),
                       ("group", "messagebus:x:101:")):
        master = (root / f"usr/share/base-passwd/{name}.master").read_text()
        (etc / name).write_text(f"{master}{line}\nbluetooth:x:102:\n" if name == "group"
                                else f"{master}{line}\n")
    (etc / "machine-id").write_text("")
    (etc / "hostname").write_text("gym\n")
    (etc / "fstab").write_text("")
    (etc / "hosts").write_text("127.0.0.1 localhost gym\n")
    for folder in ("lab", "proc", "sys", "dev", "run", "tmp", "mnt", "var/lib/bluetooth"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    # Where D-Bus clients look for the bus.
    if not (root / "var/run").is_symlink():
        shutil.rmtree(root / "var/run", ignore_errors=True)
        (root / "var/run").symlink_to("/run")
