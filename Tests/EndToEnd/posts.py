"""Posts forms and errors to a gateway as another device does, and makes such forms."""

import http.client
import json

FORM = {"patient": "p-17", "time": "2025-07-15T17:10:32.5Z", "glucose_level": 99.1,
        "oxygen_saturation": 0.97, "body_temperature": 36.65, "respiratory_rate": 16,
        "heart_rate": 72.5, "blood_pressure_systolic": 120, "blood_pressure_diastolic": 80}


def form(**changes):
    """A form; a field that is None is left out."""
    return {name: value for name, value in {**FORM, **changes}.items() if value is not None}


class Client:
    """One connection to the gateway that says in its log where it listens."""

    def __init__(self, run, timeout=60):
        line = run.wait_for_log("http: listens at http://")
        self.address = line.split("http://")[1].strip("/")
        self.url = f"http://{self.address}"
        self._connection = http.client.HTTPConnection(self.address, timeout=timeout)

    def send(self, body, path="/patient_stats", kind="application/json", key=None):
        """Sends the request; `answer` reads what comes."""
        headers = {"Content-Type": kind} if kind else {}
        if key:
            headers["Idempotency-Key"] = key
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        self._connection.request("POST", path, body, headers)

    def answer(self):
        """Returns (status, headers, document)."""
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    def post(self, body, path="/patient_stats", kind="application/json", key=None):
        self.send(body, path, kind, key)
        return self.answer()

    def post_lines(self, forms, key=None):
        lines = "".join(json.dumps(one) + "\n" for one in forms)
        return self.post(lines, kind="application/x-ndjson", key=key)

    def get(self, path):
        """Returns (status, headers, bytes)."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()
