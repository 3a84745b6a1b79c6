import RecordRing
import Vitals

/// A measurement from the bytes of its notification.
func vital(_ kind: VitalKind, _ bytes: [UInt8]) throws -> VitalMeasurement {
    try VitalMeasurement(decoding: bytes.span, as: kind)
}

/// The record of a measurement, at the time of all records here.
func record(sensor: String = "cuff", _ measurement: VitalMeasurement) -> Record {
    var record = record(sensor: sensor, HeartRateMeasurement(beatsPerMinute: 60))
    record.payload = .vital(measurement)
    return record
}

/// 2025-07-15 19:09:12 as a Date Time.
let timeBytes: [UInt8] = [0xE9, 0x07, 7, 15, 19, 9, 12]
