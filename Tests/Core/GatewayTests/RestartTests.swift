import Bytes
import Gateway
import RecordRing
import TestSupport
import Testing
import Time
import Uplink
import Vitals

/// A gateway that starts with what is on the card.
struct RestartTests {
    /// The slot of a record that an earlier session wrote.
    private func slot(_ sequence: UInt64) -> [UInt8] { Record.slot(sequence: sequence) }

    private func record(_ tails: [(String, UInt64)], head: UInt64) -> RingHead {
        var record = RingHead(generation: 3, head: head)
        for (sink, tail) in tails { record.append(SinkTail(sink: name(sink), tail: tail)) }
        return record
    }

    @Test func recordsOnTheCardAreReadBackAndSent() {
        var bench = Bench(
            settings(sinks: [kinesis(batch: 3)]), head: 8,
            record: record([("kinesis", 4)], head: 8))
        #expect(bench.gateway.deadline() == 0, "at once")
        #expect(bench.next() == .readRing(first: 4, count: 4))
        #expect(bench.next() == nil)
        bench.read((4..<8).map(slot))
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [4, 5, 6])
        bench.answer(accepted: [true, true, true])
        _ = bench.written(bench.next())
        #expect(bench.next(after: second) == .send(sink: 0))
        #expect(bench.sequences() == [7])
    }

    @Test func oldRecordsGoBeforeNewOnesAndKeepTheirSession() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)], session: 9), head: 2)
        bench.receive(count: 2)
        #expect(bench.next() == .readRing(first: 0, count: 2))
        bench.read([slot(0), slot(1)])
        #expect(bench.next() == .send(sink: 0))
        let lines = bench.request()
        #expect(lines.map { number(after: "\"seq\":", in: $0) } == [0, 1, 2, 3])
        #expect(
            lines.map { $0.contains("\"session_id\":\"00000007\"") } == [true, true, false, false])
    }

    @Test func damagedSlotsAreLostAndTheOthersDelivered() {
        var torn = slot(2)
        torn[100] ^= 1
        let slots = [slot(0), [UInt8](repeating: 0, count: 128), torn, slot(3), slot(99), slot(5)]
        var bench = Bench(settings(sinks: [kinesis(batch: 10)]), head: 6)
        #expect(bench.next() == .readRing(first: 0, count: 6))
        bench.read(slots)
        var sent: [UInt64] = []
        var lost: UInt64 = 0
        while sent.count < 5, let action = bench.next(after: second) {
            if case .report(.recordsLost(0, let count, .unreadable)) = action { lost += count }
            if bench.written(action) != nil || !action.isSend { continue }
            let sequences = bench.sequences()
            sent += sequences
            bench.answer(accepted: sequences.map { _ in true })
        }
        lost += bench.reports().reduce(0) { sum, report in
            if case .recordsLost(0, let count, .unreadable) = report { sum + count } else { sum }
        }
        // 6 and 7 are the gap records: one for 1 and 2, one for 4.
        #expect(sent == [0, 3, 5, 6, 7])
        #expect(lost == 3)
        #expect(bench.gateway.sinks[0].queue.lost == 3)
        #expect(bench.gateway.sinks[0].queue.tail == 8)
    }

    @Test func longBacklogIsReadInPieces() {
        var bench = Bench(settings(sinks: [file(batch: 500)]), head: 1_200)
        var reads: [Action] = []
        while bench.gateway.sinks[0].queue.tail < 1_200, let action = bench.next(after: second) {
            if case .readRing(let first, let count) = action {
                reads.append(action)
                bench.read((first..<first + UInt64(count)).map(slot))
            } else if action.isSend {
                _ = bench.sequences()
                bench.gateway.sinkDelivered(sink: 0, now: bench.now)
            } else {
                _ = bench.written(action)
            }
        }
        #expect(
            reads == [
                .readRing(first: 0, count: 512), .readRing(first: 512, count: 512),
                .readRing(first: 1_024, count: 176),
            ])
    }

    @Test func sinkThatTheRingDoesNotKnowBeginsWithTheOldestRecord() {
        let bench = Bench(
            settings(sinks: [kinesis(), file("new")]), slots: 16, oldest: 4, head: 20,
            record: record([("kinesis", 18)], head: 20))
        let tails = bench.gateway.sinks.map { $0.queue.tail }
        #expect(tails == [18, 4])
        #expect(bench.gateway.sinks.map { $0.queue.lost } == [0, 0])
    }

    @Test func overwrittenSinceTheTailIsLostAndReported() {
        var bench = Bench(
            settings(), slots: 16, oldest: 4, head: 20, record: record([("kinesis", 1)], head: 20))
        #expect(bench.gateway.sinks[0].queue.tail == 4)
        #expect(bench.gateway.sinks[0].queue.lost == 3)
        #expect(bench.gateway.sinks[0].unsaidLosses == 3)
        let head = bench.gateway.headRecord()
        #expect(head.tail(of: name("kinesis")) == 1, "held back until a gap record says so")
        #expect(bench.reports().contains(.recordsLost(sink: 0, count: 3, .overwritten)))
    }

    @Test func whatWasAcknowledgedBehindTheTailIsNotSentAgain() {
        var acknowledged = AcknowledgedSet()
        acknowledged[1] = true
        acknowledged[3] = true
        var record = RingHead(generation: 3, head: 8)
        record.append(SinkTail(sink: name("kinesis"), tail: 2, acknowledged: acknowledged))
        var bench = Bench(settings(sinks: [kinesis(batch: 10)]), head: 8, record: record)
        #expect(bench.next() == .readRing(first: 2, count: 6))
        bench.read((2..<8).map(slot))
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [2, 4, 6, 7])
    }

    /// The ring has gone over the tail: what was acknowledged there is not lost, and what was
    /// acknowledged behind it is not sent again.
    @Test func acknowledgedRecordsAreRememberedWhenTheTailIsOverwritten() {
        var acknowledged = AcknowledgedSet()
        for sequence in [7, 9, 11] { acknowledged[sequence - 5] = true }
        var record = RingHead(generation: 3, head: 14)
        record.append(SinkTail(sink: name("kinesis"), tail: 5, acknowledged: acknowledged))
        var bench = Bench(
            settings(sinks: [kinesis(batch: 10)]), slots: 5, oldest: 9, head: 14, record: record)
        #expect(bench.gateway.sinks[0].queue.lost == 3, "5, 6 and 8")
        #expect(bench.next() == .readRing(first: 10, count: 4))
        bench.read((10..<14).map(slot))
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [10, 12, 13])
        bench.answer(accepted: [true, true, true])
        #expect(bench.reports().contains(.recordsLost(sink: 0, count: 3, .overwritten)))
    }

    @Test func tailFarBehindTheRingRemembersNothingBeyondItsReach() {
        var acknowledged = AcknowledgedSet()
        for distance in [2, 511] { acknowledged[distance] = true }
        var record = RingHead(generation: 3, head: 2_000)
        record.append(SinkTail(sink: name("kinesis"), tail: 5, acknowledged: acknowledged))
        let bench = Bench(settings(), slots: 100, oldest: 1_900, head: 2_000, record: record)
        #expect(bench.gateway.sinks[0].queue.lost == 1_893)
        #expect(bench.gateway.sinks[0].queue.tail == 1_900)
    }

    @Test func headRecordNamesWhatIsAcknowledgedBehindTheTail() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive(count: 4)
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.answer(accepted: [true, false, true, true])
        var kept: SinkTail?
        while kept == nil {
            let action = bench.next(after: second / 10)
            if action?.isSend == true { _ = bench.request() }
            kept = bench.written(action)?.head.sinkTail(of: name("kinesis"))
        }
        #expect(kept?.tail == 1)
        var expected = AcknowledgedSet()
        expected[1] = true
        expected[2] = true
        #expect(kept?.acknowledged == expected)
    }

    @Test func tailBeyondTheHeadIsTheHead() {
        let bench = Bench(settings(), head: 5, record: record([("kinesis", 9)], head: 9))
        #expect(bench.gateway.sinks[0].queue.tail == 5)
    }

    @Test func readThatFailsIsTriedAgainAndThenGivenUp() {
        var bench = Bench(settings(sinks: [kinesis(batch: 3)]), head: 3)
        for attempt in 1...Limits.readAttempts {
            #expect(bench.next() == .readRing(first: 0, count: 3), "attempt \(attempt)")
            bench.gateway.ringFailed(now: bench.now)
            // The card works elsewhere.
            #expect(bench.written(bench.next()) != nil)
            if attempt < Limits.readAttempts {
                #expect(bench.actions().map(\.isRingFailure) == (attempt == 1 ? [true] : []))
                let wait = Limits.diskRetryNanoseconds << Int64(attempt - 1)
                #expect(bench.gateway.deadline() == bench.now + wait)
                #expect(bench.next(after: wait - 1) == nil)
                bench.now += 1
            }
        }
        #expect(bench.reports().contains(.recordsLost(sink: 0, count: 3, .unreadable)))
        #expect(bench.gateway.sinks[0].queue.lost == 3)
        #expect(bench.gateway.counters.ringFailures == UInt64(Limits.readAttempts))
    }

    /// A read is wanted and waits for its next try: no sync that is due later holds it up.
    @Test func failedReadIsTriedAgainBeforeTheNextSyncOfTheTails() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2), file(batch: 2)]), head: 4)
        #expect(bench.next() == .readRing(first: 0, count: 4))
        bench.read((0..<4).map(slot))
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.answer(accepted: [true, true])
        _ = bench.written(bench.next())
        var other = Bench(
            settings(sinks: [kinesis(batch: 2), file(batch: 2)]), head: 2_000,
            record: record([("kinesis", 1_998), ("file", 0)], head: 2_000))
        #expect(other.next() == .readRing(first: 1_998, count: 2))
        other.read([slot(1_998), slot(1_999)])
        #expect(other.next() == .send(sink: 0))
        _ = other.request()
        #expect(other.next() == .readRing(first: 0, count: 512))
        other.answer(accepted: [true, true])
        other.gateway.ringFailed(now: other.now)
        while let action = other.next() { _ = other.written(action) }
        #expect(other.gateway.deadline() == other.now + Limits.diskRetryNanoseconds)
    }

    /// Old cards end that way: they can be read and not written.
    @Test func cardThatCannotBeWrittenStillGivesBackWhatItHolds() {
        var bench = Bench(settings(sinks: [kinesis(batch: 100)]), head: 700)
        bench.receive()
        var sent: [UInt64] = []
        var reports: [Report] = []
        for _ in 0..<40 {
            for action in bench.actions(after: second / 4) {
                switch action {
                case .writeRing: bench.gateway.ringFailed(now: bench.now)
                case .readRing(let first, let count):
                    bench.read((first..<first + UInt64(count)).map(slot))
                case .send:
                    let sequences = bench.sequences()
                    sent += sequences
                    bench.answer(accepted: sequences.map { _ in true })
                case .report(let report): reports.append(report)
                case .alarm: break
                }
            }
        }
        #expect(sent == Array(0..<701))
        #expect(reports.filter { $0.isRingFailure }.count == 1)
        #expect(!reports.contains { $0.isRingRecovery }, "it still cannot be written")
    }

    @Test func sinksAtDifferentPlacesReadByThemselves() {
        var bench = Bench(
            settings(sinks: [kinesis(batch: 4), file(batch: 4)]), head: 2_000,
            record: record([("kinesis", 0), ("file", 1_500)], head: 2_000))
        #expect(bench.next() == .readRing(first: 0, count: 512))
        bench.read((0..<512).map(slot))
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences(sink: 0) == [0, 1, 2, 3])
        #expect(bench.next() == .readRing(first: 1_500, count: 500))
        bench.read((1_500..<2_000).map(slot))
        #expect(bench.next() == .send(sink: 1))
        #expect(bench.sequences(sink: 1) == [1_500, 1_501, 1_502, 1_503])
    }
}
