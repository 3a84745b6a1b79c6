import Bytes
import RecordRing
import TestSupport
import Time
import Vitals
import WireFormat

/// Text that is a sensor's name; a test never asks for a longer one.
func sensorName(_ text: String) -> SensorName {
    guard let name = SensorName(text) else {
        preconditionFailure("a test names sensors with 23 bytes at most")
    }
    return name
}

func intervals(_ values: [UInt16]) -> RRIntervals {
    var intervals = RRIntervals()
    for value in values { intervals.append(value) }
    return intervals
}

/// A record of 2025-07-15T17:10:33.123456Z.
func record(
    sequence: UInt64 = 18446, wallMicroseconds: Int64 = 1_752_599_433_123_456,
    clock: ClockState = .synced, session: UInt32 = 0xb194_6ac9,
    sensor: String = "D4:4A:C4:B0:24:03", _ measurement: HeartRateMeasurement
) -> Record {
    Record(
        sequence: sequence,
        time: Moment(monotonicNanoseconds: 7, wallMicroseconds: wallMicroseconds),
        clock: clock, boot: BootID(high: 1, low: 2), session: session,
        sensor: sensorName(sensor), payload: .heartRate(measurement))
}

func line(_ record: Record, device: String = "gym-7") -> String {
    let device = Array(device.utf8)
    return appendedText { $0.append(json: record, device: device.span) }
}
