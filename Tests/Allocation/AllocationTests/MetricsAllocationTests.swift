import Alarm
import Bytes
import CMallocCount
import Diagnostics
import Gateway
import Query
import RecordRing
import Time
import Vitals
import XCTest

/// Neither a scrape of the gateway's metrics nor a portion of a query takes anything from the heap.
final class MetricsAllocationTests: XCTestCase {
    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    func testScrapeTakesNothingFromTheHeap() throws {
        try skipDebugBuilds()
        var settings = GatewaySettings(
            device: Array("ward-3".utf8), boot: BootID(high: 1, low: 2), session: 1,
            sensors: try (0..<50).map {
                SensorSettings(name: try XCTUnwrap(SensorName("strap-\($0)")))
            },
            sinks: try (0..<8).map {
                SinkSettings(
                    name: try XCTUnwrap(SensorName("sink-\($0)")), kind: .file, batchRecords: 100,
                    flushNanoseconds: 1)
            }, seed: 1)
        settings.manners = AlarmManners()
        var gateway = Gateway(
            settings: settings, cursor: RingCursor(slotCount: 1_000, oldest: 0, head: 0),
            head: nil, now: 0)
        for index in 0..<1_000 {
            let bytes: [UInt8] = [0, UInt8(60 + index % 120)]
            gateway.receive(
                bytes.span, sensor: index % 50,
                time: Moment(monotonicNanoseconds: Int64(index), wallMicroseconds: Int64(index)),
                clock: .synced, now: Int64(index))
            while gateway.carryOutNext() {}
        }
        var text = MetricsText(capacity: 128 << 10)
        var bytes = 0
        // Tables that are made on first use.
        text.begin()
        gateway.write(metrics: &text, now: 2_000)
        pulsegate_malloc_reset()
        pulsegate_malloc_stage(0)
        for _ in 0..<1_000 {
            text.begin()
            gateway.write(metrics: &text, now: 2_000)
            if text.finish() { bytes += text.withBytes { $0.count } }
        }
        pulsegate_malloc_stage(-1)
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
        XCTAssertGreaterThan(bytes, 10_000_000)
        print("metrics: \(bytes / 1_000) bytes a scrape of 8 sinks, allocations: 0")
    }

    func testQueryTakesNothingFromTheHeap() throws {
        try skipDebugBuilds()
        var slots = FixedBuffer(capacity: 2_048 * Record.slotBytes)
        slots.resize(to: 2_048 * Record.slotBytes)
        for index in 0..<2_048 {
            let record = Record(
                sequence: UInt64(index),
                time: Moment(
                    monotonicNanoseconds: Int64(index) * 1_000_000_000,
                    wallMicroseconds: 1_752_598_800_000_000 + Int64(index) * 1_000_000),
                clock: .synced, boot: BootID(high: 1, low: 2), session: 1,
                sensor: try XCTUnwrap(SensorName("strap-\(index % 8)")),
                payload: .heartRate(HeartRateMeasurement(beatsPerMinute: 70)))
            var slot = slots.mutableBytes(
                in: index * Record.slotBytes..<(index + 1) * Record.slotBytes)
            record.encode(into: &slot)
        }
        var run = QueryRun()
        var out = FixedBuffer(capacity: QueryRun.bufferBytes)
        for bucket in [nil, "5s"] {
            var query = RecordQuery()
            try query.set("from", to: "2025-07-15T17:05:00Z", now: 0)
            if let bucket { try query.set("bucket", to: bucket, now: 0) }
            let lines = answer(&run, query, slots, &out)
            pulsegate_malloc_reset()
            pulsegate_malloc_stage(0)
            let again = answer(&run, query, slots, &out)
            pulsegate_malloc_stage(-1)
            XCTAssertEqual(pulsegate_malloc_taken(0), 0, bucket ?? "records")
            XCTAssertEqual(lines, again)
            print("query of \(bucket ?? "records"): \(lines) lines, allocations: 0")
        }
    }

    /// Answers the lines of the answer.
    private func answer(
        _ run: inout QueryRun, _ query: RecordQuery, _ slots: borrowing FixedBuffer,
        _ out: inout FixedBuffer
    ) -> Int {
        var lines = 0
        out.removeAll()
        run.begin(
            query, cursor: RingCursor(slotCount: 2_048, oldest: 0, head: 2_048),
            notes: ClockNotes(), device: [103], into: &out)
        while let read = run.nextRead(oldest: 0) {
            let first = Int(read.first) * Record.slotBytes
            run.take(
                slots.bytes.extracting(first..<first + read.count * Record.slotBytes),
                from: read.first, into: &out)
            lines += count(out)
            out.removeAll()
        }
        run.finish(into: &out)
        return lines + count(out)
    }

    private func count(_ out: borrowing FixedBuffer) -> Int {
        var lines = 0
        for index in out.bytes.indices where out.bytes[index] == 10 { lines += 1 }
        return lines
    }
}

extension Gateway {
    /// Carries the next action out as if it had succeeded; false when there is none.
    fileprivate mutating func carryOutNext() -> Bool {
        switch nextAction(now: 1_000) {
        case nil: return false
        case .alarm, .report: return true
        case .writeRing: ringWritten(now: 1_000)
        case .readRing: ringFailed(now: 1_000)
        case .send(let sink): sinkFailed(sink: sink, now: 1_000)
        }
        return true
    }
}
