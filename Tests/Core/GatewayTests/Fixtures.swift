import Alarm
import Bytes
import Gateway
import RecordRing
import TestSupport
import Time
import Vitals

let millisecond: Int64 = 1_000_000
let second: Int64 = 1_000_000_000

/// Text that is a sensor's or sink's name; a test never asks for a longer one.
func name(_ text: String) -> SensorName {
    guard let name = SensorName(text) else {
        preconditionFailure("a test uses names of 23 bytes at most")
    }
    return name
}

func sensor(_ text: String, onset: Int64 = 3 * second) -> SensorSettings {
    SensorSettings(name: name(text), limits: RateLimits(onsetDelayNanoseconds: onset))
}

func kinesis(
    _ text: String = "kinesis", batch: Int = 4, flush: Int64 = second,
    order: SinkSettings.Order = .oldestFirst, drainRate: Int? = nil
) -> SinkSettings {
    SinkSettings(
        name: name(text), kind: .kinesis(stream: Array("heart".utf8)), batchRecords: batch,
        flushNanoseconds: flush, order: order, drainRate: drainRate)
}

func file(_ text: String = "file", batch: Int = 4, flush: Int64 = second) -> SinkSettings {
    SinkSettings(name: name(text), kind: .file, batchRecords: batch, flushNanoseconds: flush)
}

/// An index of OpenSearch.
func search(
    _ text: String = "search", takes: SinkSettings.Takes = .records, batch: Int = 4
) -> SinkSettings {
    SinkSettings(
        name: name(text), kind: .openSearch(withIDs: true), takes: takes, batchRecords: batch,
        flushNanoseconds: second)
}

/// A collector of lines.
func collector(
    _ text: String = "web", takes: SinkSettings.Takes = .records, batch: Int = 4
) -> SinkSettings {
    SinkSettings(
        name: name(text), kind: .http, takes: takes, batchRecords: batch,
        flushNanoseconds: second)
}

/// A file of errors.
func errors(_ text: String = "errors", takes: SinkSettings.Takes = .errors) -> SinkSettings {
    SinkSettings(
        name: name(text), kind: .file, takes: takes, batchRecords: 4, flushNanoseconds: second)
}

func settings(
    sensors: [SensorSettings] = [sensor("strap"), sensor("watch")],
    sinks: [SinkSettings] = [kinesis()], session: UInt32 = 1, sync: Int64 = second,
    window: Int = 64, seed: UInt64 = 1
) -> GatewaySettings {
    GatewaySettings(
        device: Array("gym-7".utf8), boot: BootID(high: 1, low: 2), session: session,
        sensors: sensors, sinks: sinks, syncNanoseconds: sync, windowRecords: window, seed: seed)
}

/// A notification of 0x2A37 with one byte of heart rate, or two.
func notification(_ beatsPerMinute: UInt16) -> [UInt8] {
    beatsPerMinute > 255
        ? [1, UInt8(truncatingIfNeeded: beatsPerMinute), UInt8(beatsPerMinute >> 8)]
        : [0, UInt8(beatsPerMinute)]
}

extension Record {
    /// The slot of a heart rate that session 7 wrote.
    static func slot(sequence: UInt64) -> [UInt8] {
        var slot = FixedBuffer(capacity: Record.slotBytes)
        slot.resize(to: Record.slotBytes)
        var bytes = slot.mutableBytes(in: 0..<Record.slotBytes)
        Record(
            sequence: sequence, time: Moment(monotonicNanoseconds: 1, wallMicroseconds: 1),
            clock: .synced, boot: BootID(high: 1, low: 2), session: 7, sensor: name("strap"),
            payload: .heartRate(HeartRateMeasurement(beatsPerMinute: 60))
        ).encode(into: &bytes)
        return [UInt8](copying: slot.bytes)
    }
}

extension Action {
    var alarm: AlarmEvent? { if case .alarm(let event) = self { event } else { nil } }
    var isAlarm: Bool { alarm != nil }
    var isWrite: Bool { if case .writeRing = self { true } else { false } }
    var isRead: Bool { if case .readRing = self { true } else { false } }
    var isRingFailure: Bool { report?.isRingFailure ?? false }
    var isRingRecovery: Bool { report?.isRingRecovery ?? false }
    var isSend: Bool { if case .send = self { true } else { false } }

    /// What is told to people.
    var report: Report? { if case .report(let report) = self { report } else { nil } }
}

extension Report {
    var isRingFailure: Bool { if case .ringFailed = self { true } else { false } }
    var isRingRecovery: Bool { if case .ringRecovered = self { true } else { false } }
}
