import Alarm
import Bytes
import Gateway
import GatewayLoop
import Kinesis
import LibCrypto
import RecordRing
import SigV4
import Time
import Uplink
import Vitals
import WireFormat

/// A part of a measurement's way. What happens once a request counts for a five hundredth, as
/// many records as a request holds.
enum Stage: String, CaseIterable {
    /// Bytes of 0x2A37 to a measurement.
    case decode
    /// The panel of eight sensors that decides about alarms.
    case judge
    /// A record into its slot, with CRC-32C.
    case slot
    /// The same into the window of the youngest records.
    case window
    /// A record as one line of JSON.
    case json
    /// A line of JSON as an entry of PutRecords: base64 above all.
    case entry
    /// SHA-256 of the body and a SigV4 signature.
    case sign
    /// The answer to PutRecords.
    case answer
    /// Everything from the notification to the acknowledgement, without system calls and TLS.
    case whole
    /// The same with a file as the sink.
    case wholeFile

    func run(_ measurements: Int, _ stopwatch: inout Stopwatch) throws {
        switch self {
        case .decode: decodeNotifications(measurements, &stopwatch)
        case .judge: judgeRates(measurements, &stopwatch)
        case .slot: fillSlot(measurements, &stopwatch)
        case .window: fillWindow(measurements, &stopwatch)
        case .json: writeJSON(measurements, &stopwatch)
        case .entry: writeEntries(measurements, &stopwatch)
        case .sign: try signRequests(measurements, &stopwatch)
        case .answer: try readAnswers(measurements, &stopwatch)
        case .whole:
            try runLoop(.kinesis(stream: Array("pulse".utf8)), measurements, &stopwatch)
        case .wholeFile: try runLoop(.file, measurements, &stopwatch)
        }
    }
}

private func decodeNotifications(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    let notifications = Notifications()
    var sum = 0
    stopwatch.start()
    for index in 0..<measurements {
        sum += decoded(notifications.bytes(index % notifications.count))
    }
    stopwatch.stop()
    keep(sum)
}

private func decoded(_ bytes: Span<UInt8>) -> Int {
    do throws(HeartRateError) {
        return Int(try HeartRateMeasurement(decoding: bytes).beatsPerMinute)
    } catch {
        preconditionFailure("the table holds measurements")
    }
}

private func judgeRates(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    var panel = AlarmPanel(limits: Array(repeating: RateLimits(), count: 8), sinkCount: 2)
    var edges = 0
    stopwatch.start()
    for index in 0..<measurements {
        let rate = UInt16(60 + index & 127)
        let now = Int64(index) * 125_000_000
        panel.judge(rate, sensor: index % 8, measuredAt: now, now: now)
        panel.advance(to: now)
        while panel.nextChange() != nil { edges += 1 }
    }
    stopwatch.stop()
    keep(edges)
}

func record(_ sequence: Int) -> Record {
    guard let sensor = SensorName("D4:4A:C4:B0:24:03") else {
        preconditionFailure("a name is 23 bytes at most")
    }
    var measurement = HeartRateMeasurement(
        beatsPerMinute: UInt16(60 + sequence & 127), contact: .detected)
    measurement.rrIntervals.append(UInt16(truncatingIfNeeded: 700 + sequence & 255))
    return Record(
        sequence: UInt64(sequence),
        time: Moment(
            monotonicNanoseconds: Int64(sequence) * 1_000_000_000,
            wallMicroseconds: 1_752_599_433_123_456 + Int64(sequence) * 1_000_003),
        clock: .synced, boot: BootID(high: 1, low: 2), session: 0xB194_6AC9, sensor: sensor,
        payload: .heartRate(measurement))
}

/// Hands `body` a thousand different records in turn.
private func withRecords(
    _ measurements: Int, _ stopwatch: inout Stopwatch, _ body: (borrowing Record) -> Void
) {
    let records = (0..<1_000).map { record($0) }
    stopwatch.start()
    for index in 0..<measurements { body(records[index % 1_000]) }
    stopwatch.stop()
}

private func fillSlot(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    var buffer = FixedBuffer(capacity: Record.slotBytes)
    buffer.resize(to: Record.slotBytes)
    withRecords(measurements, &stopwatch) { record in
        var slot = buffer.mutableBytes(in: 0..<Record.slotBytes)
        record.encode(into: &slot)
    }
    keep(Int(buffer.bytes[0]))
}

private func fillWindow(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    var window = RingWindow(capacity: Limits.windowRecords, head: 0)
    withRecords(measurements, &stopwatch) { record in
        var next = copy record
        next.sequence = window.end
        window.append(next)
    }
    keep(Int(window.end))
}

private func writeJSON(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    var buffer = FixedBuffer(capacity: Limits.recordJSONBytes)
    let device = Array("gym-7".utf8)
    withRecords(measurements, &stopwatch) { record in
        buffer.removeAll()
        buffer.append(json: record, device: device.span)
    }
    keep(buffer.count)
}

private func writeEntries(_ measurements: Int, _ stopwatch: inout Stopwatch) {
    var line = FixedBuffer(capacity: Limits.recordJSONBytes)
    let device = Array("gym-7".utf8)
    line.append(json: record(18_446), device: device.span)
    var body = FixedBuffer(capacity: 512 << 10)
    stopwatch.start()
    for index in 0..<measurements {
        if index % GatewayLoop.batchRecords == 0 { body.removeAll() }
        let fits = PutRecordsBody.append(
            line.bytes, partitionKey: device.span, isFirst: body.count == 0, to: &body)
        precondition(fits, "a request of 500 records fits into 512 KiB")
    }
    stopwatch.stop()
    keep(body.count)
}

private func signRequests(_ measurements: Int, _ stopwatch: inout Stopwatch) throws(SigningError) {
    var parts = try SigningParts(
        hash: LibCrypto.sha256Function, records: GatewayLoop.batchRecords)
    stopwatch.start()
    for request in 0..<measurements / GatewayLoop.batchRecords {
        try parts.sign(at: 1_752_599_433_123_456 + Int64(request) * 1_000_000)
    }
    stopwatch.stop()
    keep(parts.authorizationBytes)
}

private func readAnswers(
    _ measurements: Int, _ stopwatch: inout Stopwatch
) throws(AnswerError) {
    var answer = AnswerText(entries: GatewayLoop.batchRecords)
    answer.fill(entries: GatewayLoop.batchRecords, for: .kinesis(stream: []))
    var results = FixedArray<EntryResult>(capacity: GatewayLoop.batchRecords)
    stopwatch.start()
    for _ in 0..<measurements / GatewayLoop.batchRecords {
        try PutRecordsAnswer.read(
            answer.bytes, entries: GatewayLoop.batchRecords, into: &results)
    }
    stopwatch.stop()
    keep(results.count)
}

private func runLoop(
    _ sink: SinkSettings.Kind, _ measurements: Int, _ stopwatch: inout Stopwatch
) throws(SigningError) {
    var loop = try GatewayLoop(sink: sink, hash: LibCrypto.sha256Function)
    try loop.run(2_000) { _ in }
    stopwatch.start()
    try loop.run(measurements) { _ in }
    stopwatch.stop()
    keep(Int(loop.bodyBytes))
}
