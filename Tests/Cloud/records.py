"""Records as gateways send them and as the transform passes them on, made from recordings.

The forms are those of Sources/Core/WireFormat; `test_lake.py` holds them to the README's examples.
"""

import json
from datetime import datetime, timedelta, timezone

# In the evening, so that a session of seven hours crosses midnight, where a day's folder ends.
BEGIN = datetime(2025, 7, 15, 20, 0, 0, 123456, tzinfo=timezone.utc)
HIGH, CLEAR = 150, 145


def timestamp(moment):
    """UTC, six fraction digits, Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def zone(heart_rate, high=HIGH, clear=CLEAR):
    """What the transform adds as `alarm_zone`: the thresholds of RateAlarm, without its delays."""
    if heart_rate > high:
        return "high"
    return "normal" if heart_rate < clear else "clearing"


def line(record):
    """One record as the sinks get it."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


class Session:
    """A gateway's run: it numbers what it sends."""

    def __init__(self, device="gym-7", session="b1946ac9", first=1):
        self.device, self.session, self.seq = device, session, first

    def _identity(self, **name):
        identity = {"device_id": self.device, **name, "seq": self.seq, "session_id": self.session}
        self.seq += 1
        return identity

    def heart_rate(self, moment, value, sensor="strap-1", **details):
        return {"timestamp": timestamp(moment), "heart_rate": value,
                **self._identity(sensor=sensor), **details, "clock": "synced", "schema": 1}

    def gap(self, moment, sink, reason, count, first=None, last=None, between=None):
        details = {"reason": reason, "count": count}
        if first is not None:
            details |= {"first_seq": first, "last_seq": last}
        if between:
            details |= {"first_timestamp": timestamp(between[0]),
                        "last_timestamp": timestamp(between[1])}
        return {"timestamp": timestamp(moment), "event": "gap", **self._identity(sink=sink),
                **details, "clock": "synced", "schema": 1}

    def alarm(self, moment, alarm, state, priority, sensor="strap-1", **details):
        return {"timestamp": timestamp(moment), "event": "alarm", "alarm": alarm, "state": state,
                "priority": priority, **self._identity(sensor=sensor), **details,
                "clock": "synced", "schema": 1}

    def error(self, moment, status, payload, message, sensor="strap-1", **details):
        return {"timestamp": timestamp(moment), "status_code": status, "payload": payload,
                "error_message": message, **self._identity(sensor=sensor), **details,
                "clock": "synced", "schema": 1}

    def play(self, recording, sensor="strap-1", begin=BEGIN):
        """The heart rates of a recording, each at its second."""
        return [self.heart_rate(begin + timedelta(seconds=seconds), value, sensor, contact=True)
                for seconds, value in zip(recording.seconds, recording.heart_rates)]


def transformed(record):
    """A record behind the transform."""
    if "heart_rate" in record:
        return {**record, "alarm_zone": zone(record["heart_rate"])}
    return record
