import Bytes
import Gateway
import Ingest
import RecordRing
import WireFormat
import TestSupport
import Time
import Vitals

let second: Int64 = 1_000_000_000

/// A form that is taken.
let goodForm =
    #"{"patient":"p-17","time":"2025-07-15T17:10:32.5Z","glucose_level":99.1,"#
    + #""oxygen_saturation":0.97,"body_temperature":36.65,"respiratory_rate":16,"#
    + #""heart_rate":72.5,"blood_pressure_systolic":120,"blood_pressure_diastolic":80}"#

/// What the gate says of a form: nil for taken.
func refusal(_ post: String) -> PostRefusal? { refusal(Array(post.utf8)) }

func refusal(_ post: [UInt8]) -> PostRefusal? {
    switch PatientPost.judge(post.span) {
    case .success: nil
    case .failure(let refused): refused.refusal
    }
}

/// What the sender is told of a form that is refused.
func detail(_ post: String) -> String {
    guard let refusal = refusal(post) else { return "taken" }
    let bytes = Array(post.utf8)
    return appendedText { $0.append(detailOf: refusal, in: bytes.span) }
}

func pointer(_ post: String) -> String? {
    guard let refusal = refusal(post) else { return nil }
    let bytes = Array(post.utf8)
    var hasPointer = false
    let text = appendedText { hasPointer = $0.append(pointerOf: refusal, in: bytes.span) }
    return hasPointer ? text : nil
}

/// The record that a refused form becomes, as a line of JSON.
func errorLine(_ post: [UInt8]) -> String {
    guard case .failure(let refused) = PatientPost.judge(post.span) else { return "taken" }
    return line(record(.refusedPost(refused.payload), refused.head))
}

func record(_ payload: Payload, _ name: SensorName, sequence: UInt64 = 19) -> Record {
    Record(
        sequence: sequence,
        time: Moment(monotonicNanoseconds: 1, wallMicroseconds: 1_752_599_433_123_456),
        clock: .synced, boot: BootID(high: 1, low: 2), session: 0xB194_6AC9, sensor: name,
        payload: payload)
}

func line(_ record: Record) -> String {
    let device = Array("gym-7".utf8)
    return appendedText { $0.append(json: record, device: device.span) }
}

/// A gateway with sinks that never answer, and a gate before it.
struct GateBench: ~Copyable {
    var gateway: Gateway
    var gate: IngestGate
    var now: Int64 = 100 * second

    init(
        perSecond: Int = 1_000, slots: UInt64 = 1_000, window: Int = 64, refuses: Bool = false
    ) {
        let sink = SinkSettings(
            name: SensorName("file") ?? SensorName(), kind: .file, takes: .all, batchRecords: 4,
            flushNanoseconds: second)
        var settings = GatewaySettings(
            device: Array("gym-7".utf8), boot: BootID(high: 1, low: 2), session: 1,
            sensors: [SensorSettings(name: SensorName("strap") ?? SensorName())],
            sinks: [sink], windowRecords: window, seed: 1)
        settings.refusesWhenFull = refuses
        gateway = Gateway(
            settings: settings, cursor: RingCursor(slotCount: slots, oldest: 0, head: 0),
            head: nil, now: 100 * second)
        gate = IngestGate(IngestLimits(perSecond: perSecond))
    }

    mutating func post(
        _ body: String, _ path: PostPath = .patientStats, isBatch: Bool = false,
        key: String? = nil
    ) -> PostOutcome {
        let bytes = Array(body.utf8)
        return gate.take(
            bytes.span,
            PostRequest(path: path, isBatch: isBatch, key: key.map { Array($0.utf8) }),
            into: &gateway, time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
    }

    /// Everything recorded so far, as it lies in memory.
    var records: [Record] {
        var slots = FixedBuffer(capacity: 1_000 * Record.slotBytes)
        gateway.copySlots(
            first: gateway.cursor.synced, count: Int(gateway.cursor.unsyncedCount), into: &slots)
        return slots.withBytes { bytes in
            (0..<bytes.count / Record.slotBytes).compactMap { index in
                let start = index * Record.slotBytes
                do throws(RecordError) {
                    return try Record(
                        decoding: bytes.extracting(start..<start + Record.slotBytes))
                } catch {
                    return nil
                }
            }
        }
    }

    /// Syncs what is due by now.
    mutating func sync() -> Int {
        var count = 0
        while let action = gateway.nextAction(now: now) {
            guard case .writeRing(_, let records, _) = action else { continue }
            count += records
            gateway.ringWritten(now: now)
        }
        return count
    }
}

extension PostOutcome {
    var answer: String? {
        guard case .recorded(let answer, _) = self else { return nil }
        return String(decoding: answer, as: UTF8.self)
    }

    var last: UInt64? {
        guard case .recorded(_, let last) = self else { return nil }
        return last
    }

    var status: UInt16? {
        guard case .refused(let status, _, _) = self else { return nil }
        return status
    }
}
