"""Runs the gateway's binary in a folder of its own, and reads back what it left there.

A `Desk` is the folder: its configuration, its data, and any number of runs one after the other.
A `Run` is one process. Nothing here sleeps and hopes: a wait is for a line of the log, for the
end of the process or for a condition, and has a generous end.
"""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from doubles import ACCESS_KEY, REGION, SECRET_KEY, STREAM

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PULSEGATE", str(ROOT / ".build" / "release" / "pulsegate"))
DEVICE = "gym-7"
WAIT_SECONDS_MAX = 60
# Every random test takes its seed from here and prints it.
SEED = int(os.environ.get("PULSEGATE_SEED", "20250715"))


def environment(access_key=ACCESS_KEY, secret_key=SECRET_KEY, **more):
    """The test's own environment without anything of AWS, then the keys and `more`."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
            and name != "JOURNAL_STREAM"}
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    return {**kept, **{name: value for name, value in keys.items() if value}, **more}


def wait_until(condition, what, seconds=WAIT_SECONDS_MAX):
    """Returns the first true answer of `condition`; fails with `what` when none comes."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.005)


class Run:
    """One process of the gateway; its log is read by a thread, line by line."""

    def __init__(self, command, stdin, variables, folder):
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=variables, cwd=folder)
        self.lines = []
        self.output = b""
        self._readers = [threading.Thread(target=read, daemon=True)
                         for read in (self._read_log, self._read_output)]
        for reader in self._readers:
            reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.lines.append(line.decode().rstrip("\n"))

    def _read_output(self):
        self.output = self.process.stdout.read()

    @property
    def log(self):
        return "\n".join(self.lines)

    def wait(self, seconds=WAIT_SECONDS_MAX):
        """Waits for the end; returns the exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running after {seconds} s:\n{self.log}") from None
        for reader in self._readers:
            reader.join()
        return status

    def wait_for_log(self, text):
        """Waits for a line with `text` in it and returns it."""
        def found():
            return next((line for line in list(self.lines) if text in line), None)

        def found_or_ended():
            return found() or self.process.poll() is not None

        wait_until(found_or_ended, f"{text!r} in the log")
        if found() is None:
            self.wait()
        line = found()
        assert line, f"the gateway ended without {text!r} in its log:\n{self.log}"
        return line

    def write(self, text):
        """Writes to standard input."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def close_input(self):
        self.process.stdin.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends the process as a power cut would: nothing is flushed or said."""
        self.process.kill()
        self.wait()


class Desk:
    """A folder with a configuration, the gateway's data and its runs."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.configuration = self.folder / "pulsegate.conf"
        self.ring = self.data / "ring"
        self._runs = []

    def configure(self, source, *sinks, **sections):
        """Writes the configuration: the input, the sinks, and keys of other sections.

        The folder for temporary files may be in memory or a container's: that is allowed here.
        The recordings are of people who train, and between values tests wait. Each alarm would be
        two records more, so there is none unless a test says something of alarms.
        """
        own = {"gateway": {"device_id": DEVICE, "data": self.data, "log": "debug"},
               "input": source, "ring": {"size": "1MiB", "allow_volatile": "yes"}}
        own["alarm"] = {"sensor_lost": "10min",
                        **({} if "alarm" in sections else {"high": "300", "clear": "295"})}
        for name, keys in sections.items():
            own[name] = {**own.get(name, {}), **keys}
        for name, keys in sinks:
            own[f"sink {name}"] = keys
        lines = []
        for title, keys in own.items():
            lines += [f"[{title}]"] + [f"{key} = {value}" for key, value in keys.items()] + [""]
        self.configuration.write_text("\n".join(lines))

    def start(self, stdin=subprocess.DEVNULL, **variables):
        """Starts the gateway; `variables` are those of `environment`."""
        run = Run([BINARY, "run", "--config", str(self.configuration)], stdin,
                  environment(**variables), self.folder)
        self._runs.append(run)
        return run

    def run(self, text=None, **variables):
        """Runs the gateway to its end, on `text` as standard input; returns the ended Run."""
        if text is None:
            run = self.start(**variables)
        else:
            run = self.start(stdin=subprocess.PIPE, **variables)
            try:
                run.write(text)
                run.close_input()
            except BrokenPipeError:
                pass  # It has ended by itself; its status and log say why.
        run.status = run.wait()
        return run

    def run_to_end(self, seconds, text=""):
        """Like `run`, for one that may take as long as this."""
        run = self.start(stdin=subprocess.PIPE)
        run.write(text)
        run.close_input()
        run.status = run.wait(seconds)
        return run

    def file_bytes(self, name="local"):
        """What a file sink holds, oldest first, the files it put aside included."""
        first = self.data / f"{name}.ndjson"
        aside = sorted(first.parent.glob(f"{first.name}.*"),
                       key=lambda path: -int(path.suffix[1:]))
        return b"".join(path.read_bytes() for path in [*aside, first] if path.exists())

    def stop(self):
        for run in self._runs:
            if run.process.poll() is None:
                run.process.kill()
            run.wait()


# --- Parts of a configuration -------------------------------------------------------------


def play(recording, speed="max", **more):
    """The [input] section that plays a recording."""
    return {"type": "recording", "recording": recording, "speed": speed, "sensor": "strap-1",
            "at_end": "exit", "drain_timeout": "30s", **more}


def hex_lines(**more):
    """The [input] section that reads lines of hexadecimal."""
    return {"type": "stdin", "sensor": "strap-1", "drain_timeout": "30s", **more}


def kinesis_sink(server, name="cloud", **more):
    """A sink that sends to a double or to moto; `more` goes before what is usual."""
    keys = {"type": "kinesis", "stream": STREAM, "region": REGION, "endpoint": server.endpoint,
            "flush": "100ms"}
    if server.ca:
        keys["ca_file"] = server.ca
    else:
        keys["allow_http"] = "yes"
    return name, {**keys, **more}


def file_sink(name="local", **more):
    return name, {"type": "file", "flush": "100ms", **more}


# --- Records as a consumer sees them ------------------------------------------------------


def identity(record):
    """What names a record for ever."""
    return record["device_id"], record["session_id"], record["seq"]


def as_recorded(text):
    """Lines as they were when they were recorded: that the clock was right may have become known
    since (a service has said the time), and a sink is told what is known when it is sent."""
    return text.replace(b'"clock":"synced"', b'"clock":"unsynced"')


def parse_lines(text):
    """Returns the records of NDJSON, every line of which must be whole."""
    assert not text or text.endswith(b"\n"), f"half a line at the end: {text[-80:]!r}"
    return [json.loads(line) for line in text.splitlines()]


def parse_stream(entries, device=DEVICE):
    """Returns the records of [(partition key, data)], those of this device alone."""
    return [json.loads(data) for key, data in entries if key == device]


def split_gaps(records):
    """Returns (measurements, gap records)."""
    return ([record for record in records if "heart_rate" in record],
            [record for record in records if record.get("event") == "gap"])


def assert_in_order_and_once(records, values, first=0):
    """The records are these heart rates, each once, in the order of their sequences; lines of the
    alarm log may lie between them."""
    assert [record["seq"] for record in records] == list(range(first, first + len(records)))
    assert [record["heart_rate"] for record in records
            if record.get("event") != "alarm"] == list(values)
