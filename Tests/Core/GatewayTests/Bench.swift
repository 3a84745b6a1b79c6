import Bytes
import Foundation
import Gateway
import RecordRing
import TestSupport
import Time
import Vitals

/// A gateway on a bench: time stands still until a test moves it, and nothing is carried out but
/// what the test carries out.
struct Bench: ~Copyable {
    var gateway: Gateway
    var now: Int64 = 100 * second
    private var buffer: FixedBuffer
    private var steps = 0

    init(
        _ settings: GatewaySettings = settings(), slots: UInt64 = 10_000, oldest: UInt64 = 0,
        head: UInt64 = 0, record: RingHead? = nil, bodyBytes: Int = 1 << 16
    ) {
        gateway = Gateway(
            settings: settings,
            cursor: RingCursor(slotCount: slots, oldest: oldest, head: head), head: record,
            now: 100 * second)
        buffer = FixedBuffer(capacity: bodyBytes)
    }

    mutating func receive(_ bytes: [UInt8], sensor: Int = 0) {
        gateway.receive(
            bytes.span, sensor: sensor,
            time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
    }

    mutating func receive(
        _ bytes: [UInt8], _ characteristic: Characteristic, sensor: Int = 0
    ) {
        gateway.receive(
            bytes.span, characteristic: characteristic, sensor: sensor,
            time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
    }

    mutating func receive(_ rate: UInt16 = 70, sensor: Int = 0) {
        receive(notification(rate), sensor: sensor)
    }

    mutating func receive(count: Int) { for _ in 0..<count { receive() } }

    /// The next action; `advance` moves the time first.
    mutating func next(after advance: Int64 = 0) -> Action? {
        steps += 1
        precondition(steps < 10_000, "actions come to an end")
        now += advance
        return gateway.nextAction(now: now)
    }

    /// Every action there is now.
    mutating func actions(after advance: Int64 = 0) -> [Action] {
        now += advance
        var actions: [Action] = []
        while let action = gateway.nextAction(now: now) {
            actions.append(action)
            precondition(actions.count < 1_000, "actions come to an end")
        }
        return actions
    }

    /// Reports that there are now; other actions are passed over.
    mutating func reports() -> [Report] { actions().compactMap(\.report) }

    /// The lines of the request that the sink sends now.
    mutating func request(sink: Int = 0) -> [String] {
        _ = gateway.encode(sink: sink, into: &buffer, now: now)
        return requestLines([UInt8](copying: buffer.bytes))
    }

    /// The sequences of the request that the sink sends now.
    mutating func sequences(sink: Int = 0) -> [UInt64] {
        request(sink: sink).map { number(after: "\"seq\":", in: $0) }
    }

    mutating func answer(sink: Int = 0, status: Int = 200, retryAfter: Int64 = 0, _ text: String) {
        let body = Array(text.utf8)
        gateway.sinkAnswered(
            sink: sink, status: status, body: body.span, retryAfterNanoseconds: retryAfter,
            now: now)
    }

    /// A good answer with these results.
    mutating func answer(sink: Int = 0, accepted: [Bool]) {
        answer(sink: sink, putRecordsAnswer(accepted))
    }

    /// Carries a write out: answers the slots' sequences and the head record.
    mutating func written(_ action: Action?) -> (sequences: [UInt64], head: RingHead)? {
        guard case .writeRing(let first, let count, _) = action else { return nil }
        var slots = FixedBuffer(capacity: max(1, count) * Record.slotBytes)
        gateway.copySlots(first: first, count: count, into: &slots)
        let head = gateway.headRecord()
        gateway.ringWritten(now: now)
        return (sequencesOfSlots([UInt8](copying: slots.bytes)), head)
    }

    /// Gives the slots to the read that is under way.
    mutating func read(_ slots: [[UInt8]]) {
        let bytes = slots.flatMap(\.self)
        gateway.ringRead(bytes.span)
    }

    /// Writes and syncs everything that is due now and later, and passes over everything else.
    mutating func syncAll() {
        while gateway.cursor.unsyncedCount > 0 {
            let action = next(after: second)
            if written(action) != nil { continue }
            guard case .send(let sink) = action else { continue }
            gateway.sinkFailed(sink: sink, now: now)
        }
    }
}

/// The lines in a request of any kind of sink.
func requestLines(_ body: [UInt8]) -> [String] {
    let isCall = ["{\"StreamName\"", "{\"DeliveryStreamName\""].contains {
        body.starts(with: Array($0.utf8))
    }
    guard isCall else {
        let lines: [String] = String(decoding: body, as: UTF8.self).split(separator: "\n")
            .map { $0 + "\n" }
        // _bulk has a line of its own before every document.
        return body.starts(with: Array("{\"create\"".utf8))
            ? lines.indices.filter { $0 % 2 == 1 }.map { lines[$0] } : lines
    }
    do {
        let parsed = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let records = parsed?["Records"] as? [[String: String]] ?? []
        return records.map { record in
            let data = record["Data"].flatMap { Data(base64Encoded: $0) } ?? Data()
            return String(decoding: data, as: UTF8.self)
        }
    } catch {
        preconditionFailure("a request is JSON: \(String(decoding: body, as: UTF8.self))")
    }
}

/// The number behind `key` in a line of JSON.
func number(after key: String, in line: String) -> UInt64 {
    guard let start = line.range(of: key)?.upperBound,
        let number = UInt64(line[start...].prefix { $0.isNumber })
    else { preconditionFailure("a line has \(key)") }
    return number
}

/// The answer of a service that took the entries marked true; the others were refused for the one
/// reason or the other.
func putRecordsAnswer(_ accepted: [Bool], failedRecordCount: Int? = nil) -> String {
    let codes = ["InternalFailure", "ProvisionedThroughputExceededException"]
    let entries = accepted.enumerated().map { place, isAccepted in
        isAccepted
            ? #"{"SequenceNumber":"1","ShardId":"s"}"#
            : #"{"ErrorCode":"\#(codes[place % 2])","ErrorMessage":"text"}"#
    }
    let failed = failedRecordCount ?? accepted.count { !$0 }
    return #"{"FailedRecordCount":\#(failed),"Records":[\#(entries.joined(separator: ","))]}"#
}

/// The answer of an index with these statuses.
func bulkAnswer(_ statuses: [Int]) -> String {
    let items = statuses.map { #"{"create":{"_id":"x","status":\#($0)}}"# }
    return #"{"took":1,"errors":false,"items":[\#(items.joined(separator: ","))]}"#
}

func sequencesOfSlots(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: Record.slotBytes).map { start in
        bytes.span.loadUInt64(at: start + 8)
    }
}
