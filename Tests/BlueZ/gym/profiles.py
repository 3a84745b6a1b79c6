"""The GATT services of a strap: heart rate, battery, device information and those of other
health sensors, each with a plausible value.

A profile is a name in `PROFILES` and a function that returns a `Profile`. What is not the heart
rate sends a value with every beat to whoever subscribed to it.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

from bumble.gatt import Characteristic, CharacteristicValue, Service

Properties = Characteristic.Properties
NOBODY_READS = Characteristic.Permissions(0)
READABLE, WRITEABLE = Characteristic.READABLE, Characteristic.WRITEABLE
# Record Access Control Point (Glucose Service 1.0.1, section 3.4): op codes and a result.
RACP_RESPONSE, RACP_SUCCESS = 6, 1
GLUCOSE_RECORDS = 3


@dataclasses.dataclass
class Value:
    """The bytes of a measurement, and what a record must say of them."""

    encoded: bytes
    means: dict[str, str | float]


@dataclasses.dataclass
class Extra:
    """A characteristic that sends by itself: its values, by their number."""

    characteristic: Characteristic
    value: Callable[[int], Value]
    is_indicated: bool
    next_number: int = 0


@dataclasses.dataclass
class Profile:
    """A service, its 16-bit UUID as advertised, and what it sends by itself."""

    uuid: int
    service: Service
    extras: list[Extra] = dataclasses.field(default_factory=list)


def fixed(uuid: str, value: bytes) -> Characteristic:
    """A characteristic that is only read."""
    return Characteristic(uuid, Properties.READ, READABLE, value)


def heart_rate(strap) -> Profile:
    """0x180D: Heart Rate Measurement, Body Sensor Location (chest) and its control point."""
    strap.measurement = Characteristic("2A37", Properties.NOTIFY, NOBODY_READS, b"")
    control = Characteristic("2A39", Properties.WRITE, WRITEABLE,
                             CharacteristicValue(write=lambda connection, value: None))
    return Profile(0x180D, Service("180D", [
        strap.measurement, fixed("2A38", bytes([1])), control]))


def battery(strap) -> Profile:
    """0x180F: Battery Level; 97 % for the first strap, one less for each after it."""
    level = Characteristic("2A19", Properties.READ | Properties.NOTIFY, READABLE,
                           CharacteristicValue(read=lambda connection: bytes([97 - strap.index])))
    return Profile(0x180F, Service("180F", [level]))


def device_information(strap) -> Profile:
    """0x180A: maker, model, serial number and revisions."""
    texts = {"2A29": "Virtual Straps", "2A24": "Gym 1", "2A25": f"SN{strap.index + 1:06d}",
             "2A26": "1.2.3", "2A27": "A", "2A28": "4.5.6"}
    return Profile(0x180A, Service("180A", [
        fixed(uuid, text.encode()) for uuid, text in texts.items()]))


def blood_pressure(strap) -> Profile:
    """0x1810: indicated; systolic and diastolic count in mmHg, so that every value is another."""
    def value(number: int) -> Value:
        systolic, diastolic = 110 + number // 40 % 40, 50 + number % 40
        return Value(b"\x00" + struct.pack("<HHH", systolic, diastolic, 93), {
            "measurement": "blood_pressure", "blood_pressure_systolic": systolic,
            "blood_pressure_diastolic": diastolic, "blood_pressure_mean": 93})

    measurement = Characteristic("2A35", Properties.INDICATE, NOBODY_READS, b"")
    return Profile(0x1810, Service("1810", [measurement, fixed("2A49", b"\x00\x00")]), [
        Extra(measurement, value, True)])


def thermometer(strap) -> Profile:
    """0x1809: indicated; from 35 degrees Celsius on in hundredths (IEEE 11073 FLOAT, exponent
    -2), so that every value is another."""
    def value(number: int) -> Value:
        hundredths = 3500 + number % 500
        return Value(b"\x00" + (hundredths | 0xFE << 24).to_bytes(4, "little"), {
            "measurement": "body_temperature", "body_temperature": hundredths / 100})

    measurement = Characteristic("2A1C", Properties.INDICATE, NOBODY_READS, b"")
    return Profile(0x1809, Service("1809", [measurement, fixed("2A1D", b"\x02")]), [
        Extra(measurement, value, True)])


def pulse_oximeter(strap) -> Profile:
    """0x1822: continuous measurement; saturation and pulse rate count, so that every value is
    another."""
    def value(number: int) -> Value:
        percent, rate = 90 + number // 60 % 10, 60 + number % 60
        return Value(b"\x00" + struct.pack("<HH", percent, rate), {
            "measurement": "oximetry", "oxygen_saturation": percent / 100, "pulse_rate": rate})

    measurement = Characteristic("2A5F", Properties.NOTIFY, NOBODY_READS, b"")
    return Profile(0x1822, Service("1822", [measurement, fixed("2A60", b"\x00\x00")]), [
        Extra(measurement, value, False)])


def glucose(strap) -> Profile:
    """0x1808: three stored records, sent when the control point asks for any."""
    measurement = Characteristic("2A18", Properties.NOTIFY, NOBODY_READS, b"")

    async def answer(request: bytes) -> None:
        for number in range(GLUCOSE_RECORDS):
            await strap.device.notify_subscribers(measurement, b"\x02" + struct.pack(
                "<HHBBBBBHB", number, 2025, 7, 15, 17, 10, 33, 0xB000 | 95, 0x11))
        await strap.device.indicate_subscribers(
            point, bytes([RACP_RESPONSE, 0, request[0], RACP_SUCCESS]))

    point = Characteristic(
        "2A52", Properties.WRITE | Properties.INDICATE, WRITEABLE,
        CharacteristicValue(write=lambda connection, value: strap.spawn(answer(value))))
    return Profile(0x1808, Service("1808", [measurement, fixed("2A51", b"\x00\x00"), point]))


PROFILES = {
    "heart-rate": heart_rate, "battery": battery, "device-information": device_information,
    "blood-pressure": blood_pressure, "thermometer": thermometer,
    "pulse-oximeter": pulse_oximeter, "glucose": glucose,
}
