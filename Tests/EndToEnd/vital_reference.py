"""Decoders of the other measurements, written from the specifications alone, in exact arithmetic.

Blood Pressure Service 1.1, Health Thermometer Service 1.0, Pulse Oximeter Service 1.0.1, Glucose
Service 1.0 and the GATT Specification Supplement; numbers after IEEE 11073-20601. A decoder takes
the bytes and answers what `pulsegate decode` must print, or None when they are no measurement.
"""

import datetime
import struct
from decimal import ROUND_HALF_UP, Decimal, getcontext
from fractions import Fraction

getcontext().prec = 200

SPECIAL = {0x7FE: "above", 0x802: "below"}
MMHG = Fraction(1000) / (Fraction("13595.1") * Fraction("9.80665") / 1000)
GLUCOSE = Fraction("12.011") * 6 + Fraction("1.008") * 12 + Fraction("15.999") * 6


class Short(Exception):
    """The packet ends too early."""


class Packet:
    """Fields from the front."""

    def __init__(self, packet):
        self.rest = packet

    def take(self, layout):
        size = struct.calcsize("<" + layout)
        if len(self.rest) < size:
            raise Short
        field, self.rest = self.rest[:size], self.rest[size:]
        return struct.unpack("<" + layout, field)

    def sfloat(self):
        """A Fraction, None, "above" or "below"."""
        return medical(self.take("H")[0], 12)

    def float(self):
        return medical(self.take("I")[0], 24)

    def time(self):
        return self.take("HBBBBB")

    def bits(self, names, size=2):
        raw = int.from_bytes(self.take(f"{size}s")[0], "little")
        return [names[bit] for bit in range(8 * size) if raw >> bit & 1 and bit in names]


def medical(raw, bits):
    mantissa, exponent = raw & (1 << bits) - 1, raw >> bits
    half = 1 << bits - 1
    if exponent == 0 and half - 2 <= mantissa <= half + 2:
        return {half - 2: "above", half + 2: "below"}.get(mantissa)
    if mantissa >= half:
        mantissa -= 2 * half
    wide = 1 << (4 if bits == 12 else 8)
    if exponent >= wide // 2:
        exponent -= wide
    return mantissa * Fraction(10) ** exponent


IMPLAUSIBLE = "implausible"


def quantity(value, low, high, decimals, zero_is_nothing=True):
    """A number as it is printed, None, or IMPLAUSIBLE."""
    if not isinstance(value, Fraction) or value == 0 and zero_is_nothing:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if abs(exact) > 10 ** 15:
        return IMPLAUSIBLE
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0  # no -0.0
    return rounded if Decimal(low) <= rounded <= Decimal(high) else IMPLAUSIBLE


def pulse(value):
    return quantity(value, "1", "300", 1)


def saturation(value):
    value = value / 100 if isinstance(value, Fraction) else value
    return quantity(value, "0.0001", "1", 4)


def text_of(time):
    """The date as it is printed; None when it is none."""
    if time is None or not 1582 <= time[0] <= 9999:
        return None
    try:
        return datetime.datetime(*time).isoformat()
    except ValueError:
        return None


BLOOD_PRESSURE = {0: "body_movement", 1: "cuff_too_loose", 2: "irregular_pulse",
                  3: "pulse_rate_above_range", 4: "pulse_rate_below_range",
                  5: "improper_position"}
OXIMETRY = {5: "ongoing", 6: "early_estimate", 7: "validated", 8: "fully_qualified",
            9: "from_storage", 10: "demonstration", 11: "testing", 12: "calibration_ongoing",
            13: "unavailable", 14: "questionable", 15: "invalid"}
OXIMETER = dict(enumerate(
    ["display_update_ongoing", "equipment_malfunction", "signal_processing_irregularity",
     "inadequate_signal", "poor_signal", "low_perfusion", "erratic_signal",
     "non_pulsatile_signal", "questionable_pulse", "signal_analysis_ongoing",
     "sensor_interference", "sensor_unconnected_to_user", "unknown_sensor", "sensor_displaced",
     "sensor_malfunction", "sensor_disconnected"]))
GLUCOSE_STATUS = dict(enumerate(
    ["battery_low", "sensor_malfunction", "sample_too_small", "strip_insertion_error",
     "strip_type_incorrect", "result_too_high", "result_too_low", "temperature_too_high",
     "temperature_too_low", "strip_pulled_too_soon", "device_fault", "time_fault"]))
SITES = {1: "armpit", 2: "body", 3: "ear", 4: "finger", 5: "gastrointestinal_tract", 6: "mouth",
         7: "rectum", 8: "toe", 9: "tympanum"}
SAMPLES = {1: "capillary_whole_blood", 2: "capillary_plasma", 3: "venous_whole_blood",
           4: "venous_plasma", 5: "arterial_whole_blood", 6: "arterial_plasma",
           7: "undetermined_whole_blood", 8: "undetermined_plasma", 9: "interstitial_fluid",
           10: "control_solution"}
PLACES = {1: "finger", 2: "alternate_site", 3: "earlobe", 4: "control_solution"}


def answer(name, values, details, state):
    """The object in its order, without what is absent."""
    if IMPLAUSIBLE in values.values():
        state = state if state == "not_a_value" else IMPLAUSIBLE
    shown = {key: value for key, value in values.items()
             if isinstance(value, Decimal)}
    return {"measurement": name, **shown,
            **{key: value for key, value in details.items() if value not in (None, [])},
            "state": state}


def blood_pressure(packet):
    flags, = packet.take("B")
    pressures = [packet.sfloat() for _ in range(3)]
    if flags & 1:
        pressures = [value * MMHG if isinstance(value, Fraction) else value
                     for value in pressures]
    systolic, diastolic, mean = [quantity(value, "10", "300", 1) for value in pressures]
    time = packet.time() if flags & 2 else None
    rate = pulse(packet.sfloat()) if flags & 4 else None
    user = packet.take("B")[0] if flags & 8 else 255
    status = packet.bits(BLOOD_PRESSURE) if flags & 16 else []
    if {"pulse_rate_above_range", "pulse_rate_below_range"} <= set(status):
        status = [word for word in status if not word.startswith("pulse_rate")]
    values = {"blood_pressure_systolic": systolic, "blood_pressure_diastolic": diastolic,
              "blood_pressure_mean": mean, "pulse_rate": rate}
    state = "plausible"
    if IMPLAUSIBLE not in values.values():
        if systolic is None or diastolic is None:
            state = "not_a_value"
        elif diastolic >= systolic or mean is not None and not diastolic <= mean <= systolic:
            state = IMPLAUSIBLE
    details = {"measured_at": text_of(time), "user_id": None if user == 255 else user,
               "status": status}
    return answer("blood_pressure", values, details, state)


def temperature(packet):
    flags, = packet.take("B")
    value = packet.float()
    if flags & 1 and isinstance(value, Fraction):
        value = (value - 32) * 5 / 9
    value = quantity(value, "10", "50", 2, zero_is_nothing=False)
    time = packet.time() if flags & 2 else None
    site = SITES.get(packet.take("B")[0]) if flags & 4 else None
    state = "not_a_value" if value is None else "plausible"
    return answer("body_temperature", {"body_temperature": value},
                  {"measured_at": text_of(time), "temperature_type": site}, state)


def oximetry_state(values, status, sensor):
    if {"demonstration", "testing", "calibration_ongoing", "unavailable",
            "invalid"} & set(status):
        return "not_a_value"
    if {"sensor_unconnected_to_user", "sensor_displaced", "sensor_disconnected",
            "equipment_malfunction", "sensor_malfunction"} & set(sensor):
        return "not_a_value"
    if IMPLAUSIBLE in values.values():
        return IMPLAUSIBLE
    known = [key for key, value in values.items() if value is not None]
    return "plausible" if set(known) - {"pulse_amplitude_index"} else "not_a_value"


def end_of_oximetry(packet, flags):
    status = packet.bits(OXIMETRY) if flags & 1 else []
    sensor = packet.bits(OXIMETER, 3) if flags & 2 else []
    index = quantity(packet.sfloat(), "0", "100", 2, False) if flags & 4 else None
    return status, sensor, index


def continuous(packet):
    flags, = packet.take("B")
    pairs = {"": (packet.sfloat(), packet.sfloat())}
    if flags & 1:
        pairs["_fast"] = packet.sfloat(), packet.sfloat()
    if flags & 2:
        pairs["_slow"] = packet.sfloat(), packet.sfloat()
    status, sensor, index = end_of_oximetry(packet, flags >> 2)
    values = {f"oxygen_saturation{key}": saturation(pair[0]) for key, pair in pairs.items()}
    values |= {f"pulse_rate{key}": pulse(pair[1]) for key, pair in pairs.items()}
    values["pulse_amplitude_index"] = index
    return answer("oximetry", values, {"status": status, "sensor_status": sensor},
                  oximetry_state(values, status, sensor))


def spot_check(packet):
    flags, = packet.take("B")
    values = {"oxygen_saturation": saturation(packet.sfloat()),
              "pulse_rate": pulse(packet.sfloat())}
    time = packet.time() if flags & 1 else None
    status, sensor, values["pulse_amplitude_index"] = end_of_oximetry(packet, flags >> 1)
    details = {"measured_at": None if flags & 16 else text_of(time), "status": status,
               "sensor_status": sensor}
    return answer("oximetry_spot_check", values, details, oximetry_state(values, status, sensor))


def user_time(base, offset):
    """What the meter's user saw; None when that is not known."""
    if text_of(base) is None or offset in (32767, -32768):
        return None
    try:
        time = datetime.datetime(*base) + datetime.timedelta(minutes=offset)
    except OverflowError:
        return None
    return time.isoformat() if time.year >= 1582 else None


def glucose(packet):
    flags, = packet.take("B")
    number, = packet.take("H")
    base = packet.time()
    offset = packet.take("h")[0] if flags & 1 else 0
    level, sample = None, 0
    if flags & 2:
        level, sample = packet.sfloat(), packet.take("B")[0]
    status = packet.bits(GLUCOSE_STATUS) if flags & 8 else []
    beyond = level if isinstance(level, str) else None
    if ("result_too_high" in status) != ("result_too_low" in status):
        beyond = "above" if "result_too_high" in status else "below"
    if isinstance(level, Fraction):
        level *= GLUCOSE * 100 if flags & 4 else 100_000
    level = None if beyond else quantity(level, "1", "3000", 1)
    faults = {"sensor_malfunction", "sample_too_small", "strip_insertion_error",
              "strip_type_incorrect", "temperature_too_high", "temperature_too_low",
              "strip_pulled_too_soon", "device_fault"}
    if sample & 15 == 10 or sample >> 4 == 4 or faults & set(status):
        state = "not_a_value"
    elif level is None and beyond is None:
        state = "not_a_value"
    else:
        state = "plausible"
    when = None if "time_fault" in status else user_time(base, offset)
    details = {"measured_at": when, "sensor_seq": number, "glucose_range": beyond,
               "glucose_type": SAMPLES.get(sample & 15), "sample_location": PLACES.get(sample >> 4),
               "status": status}
    return answer("glucose", {"glucose_level": level}, details, state)


DECODERS = {"2A35": blood_pressure, "2A1C": temperature, "2A5F": continuous, "2A5E": spot_check,
            "2A18": glucose}


def decode(characteristic, value):
    """What must be printed for the bytes; None when they are no measurement."""
    packet = Packet(value)
    try:
        found = DECODERS[characteristic](packet)
    except Short:
        return None
    return None if packet.rest else found
