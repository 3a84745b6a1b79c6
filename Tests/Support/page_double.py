#!/usr/bin/env python3
"""Stands in for the gateway's HTTP side, for the page alone.

    page_double.py --sensors 8 --port 8080

It says what a test lets it say: states that a real gateway reaches after minutes, or never on a
good day. Heart rates are those of the recordings. Everything goes over 127.0.0.1.
"""

import argparse
import base64
import hashlib
import json
import queue
import re
import socket
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "Sources" / "pulsegate" / "Page" / "index.html"
RECORDINGS = ROOT / "Tests" / "Support" / "Recordings"


def instant(seconds):
    """RFC 3339 in UTC, with milliseconds."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def read_rates(name):
    """A rate a second, None where the sensor was silent."""
    rates = []
    for line in (RECORDINGS / f"{name}.csv").read_text().splitlines():
        if not line[:1].isdigit():
            continue
        second, _, rate = line.partition(",")
        while len(rates) < float(second):
            rates.append(None)
        rates.append(int(rate) if rate.strip() else None)
    return rates


def policy(page):
    """The content security policy that fits the page: hashes of its one script and one style."""
    hashes = {}
    for tag in ("script", "style"):
        parts = re.findall(rf"<{tag}>(.*?)</{tag}>".encode(), page, re.DOTALL)
        assert len(parts) == 1, f"one <{tag}> without attributes"
        digest = base64.b64encode(hashlib.sha256(parts[0]).digest()).decode()
        hashes[tag] = f"'sha256-{digest}'"
    return (f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; "
            "connect-src 'self'; img-src 'self' data:; manifest-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'")


class PageDouble:
    """One gateway: its state, its past, and who listens."""

    def __init__(self, sensors=1, history_seconds=0, token=None, port=0, device="gym-7"):
        self.token = token
        self.port = port
        self.device = device
        self.begun = time.time()
        self.lock = threading.RLock()
        self.listeners = []
        self.values = {}            # sensor: [(seconds, rate)]
        self.sensors = {}           # sensor: the fields of /api/status
        self.alarms = []
        self.acknowledged = 0
        self.requests = []
        self.records_busy = 0       # so many answers of /api/records are 503
        self.while_answering = lambda: None  # between reading records and sending them
        self.refuses = False        # nothing can be acknowledged
        self.silent = False         # connections stay open and nothing is said
        self.sequence = 0
        self.more = {}              # fields of /api/status that a test sets
        self.sinks = [self.sink("cloud", delivered=5100, waiting=20, oldest_unsent_seconds=4.2)]
        for number in range(sensors):
            self.add_sensor(f"strap-{number + 1}")
        if history_seconds:
            self.play_history(history_seconds)
        self._server = None
        self._stop = threading.Event()

    # ---- State --------------------------------------------------------------------------------

    @staticmethod
    def sink(name, state="idle", delivered=0, waiting=0, lost=0, oldest_unsent_seconds=None,
             refusal=None):
        return {"sink": name, "state": state, "delivered": delivered, "waiting": waiting,
                "lost": lost, "oldest_unsent_seconds": oldest_unsent_seconds, "refusal": refusal}

    def add_sensor(self, name, **more):
        with self.lock:
            self.sensors[name] = {
                "sensor": name, "state": "streaming", "heart_rate": None, "age_seconds": None,
                "stale": True, "contact": "detected", "rr_ms": [], "battery_percent": 87,
                "rssi_dbm": -61, "high": 150, "low": None, "alarm": None, **more}
            self.values[name] = []

    def play_history(self, seconds):
        """The end of the past is now; each sensor another stretch of a recording."""
        names = ["ride-78min", "run-47min", "indoor-trainer-38min", "wrist-sensor-28min",
                 "multisport-7h"]
        end = time.time()
        for number, name in enumerate(self.sensors):
            rates = read_rates(names[number % len(names)])
            first = (number * 211) % max(1, len(rates) - int(seconds))
            for second in range(int(seconds)):
                rate = rates[(first + second) % len(rates)]
                if rate:
                    self.values[name].append((end - seconds + second, rate))
            self.see(name, self.values[name][-1][1], end)

    def see(self, name, rate, at):
        one = self.sensors[name]
        one.update(heart_rate=rate, stale=False, state="streaming", rr_ms=[round(60000 / rate)])
        one["_seen"] = at

    def status(self):
        with self.lock:
            now = time.time()
            sensors = []
            for one in self.sensors.values():
                seen = one.get("_seen")
                shown = {key: value for key, value in one.items() if key[0] != "_"}
                shown["age_seconds"] = None if seen is None else round(now - seen, 3)
                sensors.append(shown)
            records = sum(len(one) for one in self.values.values())
            oldest = min((one[0][0] for one in self.values.values() if one), default=now)
            sounding = [one["priority"] for one in self.alarms if one["sounding"]]
            return {
                "schema": 1, "version": "0.1.0", "device_id": self.device, "time": instant(now),
                "clock": "synced", "uptime_seconds": int(now - self.begun), "safe_mode": False,
                "sensors": sensors, "alarms": self.alarms,
                "sound": sounding[0] if sounding else None, "pause_seconds": None,
                "ring": {"slots": 130944, "records": records, "in_memory": 3,
                         "fill": records / 130944, "oldest": instant(oldest), "trouble": None},
                "sinks": self.sinks,
                "counters": {"notifications": records, "recorded": records, "malformed": 0,
                             "off_skin": 0, "implausible": 0}, **self.more}

    # ---- What a test lets happen --------------------------------------------------------------

    def measure(self, name, rate, at=None, rr=None):
        """A measurement; returns its sequence number."""
        with self.lock:
            at = time.time() if at is None else at
            self.values[name].append((at, rate))
            self.see(name, rate, at)
            self.sequence += 1
            self.say("measurement", {
                "seq": self.sequence, "sensor": name, "time": instant(at), "heart_rate": rate,
                "rr_ms": rr or [round(60000 / rate)]}, self.sequence)
            return self.sequence

    def silence(self, name, state, seconds=12):
        """The sensor has no current value."""
        with self.lock:
            one = self.sensors[name]
            one.update(state=state, heart_rate=None, stale=True, rr_ms=[])
            one["_seen"] = time.time() - seconds
            self.values[name] = [value for value in self.values[name] if value[0] < one["_seen"]]

    def alarm(self, edge, condition, priority, sensor=None, sink=None, sounding=True, text=None,
              since=None):
        with self.lock:
            others = [one for one in self.alarms
                      if (one["condition"], one["sensor"], one["sink"])
                      != (condition, sensor, sink)]
            one = {"condition": condition, "priority": priority, "sensor": sensor, "sink": sink,
                   "raised": edge != "cleared", "sounding": sounding and edge != "acknowledged",
                   "since": instant(since or time.time()), "text": text or condition}
            self.alarms = others + ([one] if one["raised"] or one["sounding"] else [])
            if sensor:
                ranks = [other["priority"] for other in self.alarms
                         if other["sensor"] == sensor and other["raised"]]
                self.sensors[sensor]["alarm"] = next(
                    (rank for rank in ("high", "medium", "low") if rank in ranks), None)
            self.say("alarm", {**one, "edge": edge})

    def acknowledge(self):
        with self.lock:
            heard = [one for one in self.alarms if one["sounding"]]
            for one in heard:
                self.alarm("acknowledged", one["condition"], one["priority"], one["sensor"],
                           one["sink"], text=one["text"])
            if heard:
                self.more["pause_seconds"] = 119
            self.acknowledged += 1
            return len(heard)

    def say(self, event, data, number=None):
        line = f"event: {event}\ndata: {json.dumps(data)}\n"
        line += f"id: {number}\n\n" if number is not None else "\n"
        for listener in list(self.listeners):
            listener.put(line.encode())

    def records(self, query):
        """The lines of /api/records with a bucket."""
        def bound(name, default):
            text = query.get(name, [None])[0]
            if text is None:
                return default
            if text.startswith("-"):
                return time.time() - float(text[1:-1])
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

        begin, end = bound("from", 0), bound("to", time.time() + 60)
        width = int(query["bucket"][0].rstrip("s"))
        wanted = query.get("sensor", [None])[0]
        lines = []
        with self.lock:
            for name, values in self.values.items():
                if wanted and name != wanted:
                    continue
                buckets = {}
                for at, rate in values:
                    if begin <= at < end:
                        buckets.setdefault(int(at // width) * width, []).append(rate)
                lines += [(at, name, rates) for at, rates in buckets.items()]
        lines.sort()
        return "".join(json.dumps({
            "time": instant(at), "sensor": name, "last": rates[-1], "max": max(rates),
            "min": min(rates), "count": len(rates)}) + "\n" for at, name, rates in lines)

    # ---- The server ---------------------------------------------------------------------------

    def start(self):
        double = self

        class Handler(PageHandler):
            gateway = double

        self._stop.clear()
        self.listeners = []
        self._server = PageServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        for work in (self._server.serve_forever, self._tell):
            threading.Thread(target=work, daemon=True).start()
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def _tell(self):
        while not self._stop.wait(1):
            if not self.silent:
                self.say("status", self.status())

    def stop(self):
        """Everybody is cut off, as by the end of the process."""
        if not self._server:
            return
        self._stop.set()
        for listener in list(self.listeners):
            listener.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_off()
        self._server = None


class PageServer(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *arguments):
        self.connections = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def cut_off(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is cut already.

    def handle_error(self, request, client_address):
        pass  # A page that is closed cuts its connections off.


class PageHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status, title, **headers):
        self.answer(status, json.dumps({"type": "about:blank", "title": title,
                                        "status": status}).encode(),
                    "application/problem+json", **headers)

    def allowed(self):
        token = self.gateway.token
        return not token or f"session={hash(token)}" in self.headers.get("Cookie", "")

    def do_GET(self):
        address = urlsplit(self.path)
        self.gateway.requests.append(self.path)
        if address.path == "/":
            page = PAGE.read_bytes()
            return self.answer(200, page, "text/html; charset=utf-8",
                               Content_Security_Policy=policy(page))
        if not address.path.startswith("/api/"):
            return self.problem(404, "Not Found")
        if not self.allowed():
            return self.problem(401, "Unauthorized")
        if address.path == "/api/status":
            return self.answer(200, json.dumps(self.gateway.status()).encode())
        if address.path == "/api/records":
            if self.gateway.records_busy:
                self.gateway.records_busy -= 1
                return self.problem(503, "Service Unavailable", Retry_After="1")
            lines = self.gateway.records(parse_qs(address.query))
            self.gateway.while_answering()
            return self.answer(200, lines.encode(), "application/x-ndjson")
        if address.path == "/api/events":
            return self.stream()
        return self.problem(404, "Not Found")

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        heard = queue.Queue()
        gateway = self.gateway
        try:
            self.wfile.write(b"retry: 1000\n\n")
            if not gateway.silent:
                self.wfile.write(
                    f"event: status\ndata: {json.dumps(gateway.status())}\n\n".encode())
            gateway.listeners.append(heard)
            while (line := heard.get()) is not None:
                self.wfile.write(line)
        except OSError:
            pass  # The page has gone.
        finally:
            if heard in gateway.listeners:
                gateway.listeners.remove(heard)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        gateway = self.gateway
        gateway.requests.append(self.path)
        if self.path == "/api/session":
            if json.loads(body).get("token") != gateway.token:
                return self.problem(401, "Unauthorized")
            return self.answer(200, b"{}", Set_Cookie=f"session={hash(gateway.token)}; HttpOnly; "
                               "SameSite=Strict; Path=/")
        if not self.allowed():
            return self.problem(401, "Unauthorized")
        if self.path == "/api/alarm/acknowledge" and not gateway.refuses:
            return self.answer(200, json.dumps(
                {"acknowledged": gateway.acknowledge()}).encode())
        return self.problem(404, "Not Found")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sensors", type=int, default=1)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--history", type=int, default=3600)
    arguments = parser.parse_args()
    double = PageDouble(arguments.sensors, arguments.history, port=arguments.port).start()
    print(double.url, flush=True)
    while True:
        time.sleep(1)
        for name, values in double.values.items():
            double.measure(name, max(50, min(190, values[-1][1] + (hash((name, len(values))) % 5)
                                             - 2)))


if __name__ == "__main__":
    main()
