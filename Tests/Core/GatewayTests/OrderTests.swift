import Gateway
import RecordRing
import TestSupport
import Testing
import Uplink

/// What goes first after an outage, and how fast the rest follows.
struct OrderTests {
    /// Everything has been synced, and its service has just taken the first request after an
    /// outage of `count` records in batches of 10.
    private func recovered(
        missing count: Int, drainRate: Int? = nil, slots: UInt64 = 10_000, window: Int = 4_096
    ) -> Bench {
        let sink = kinesis(batch: 10, order: .newestFirst, drainRate: drainRate)
        var bench = Bench(settings(sinks: [sink], window: window), slots: slots)
        for _ in 0..<count / 50 {
            bench.receive(count: 50)
            bench.syncAll()
        }
        answerNext(&bench)
        return bench
    }

    /// The next request of sink 0, all of it accepted; nil when nothing is due within `wait`.
    @discardableResult
    private func answerNext(_ bench: inout Bench, within wait: Int64 = 120 * second) -> [UInt64]? {
        let end = bench.now + wait
        while true {
            while let action = bench.next() {
                if bench.written(action) != nil { continue }
                if case .readRing(let first, let count) = action {
                    bench.read((first..<first + UInt64(count)).map(Self.slot))
                }
                guard action.isSend else { continue }
                let sequences = bench.sequences()
                bench.answer(accepted: sequences.map { _ in true })
                return sequences
            }
            guard let due = bench.gateway.deadline(), due <= end else { return nil }
            bench.now = max(bench.now, due)
        }
    }

    /// What lies on the card.
    private static func slot(_ sequence: UInt64) -> [UInt8] {
        Record.slot(sequence: sequence)
    }

    @Test func newestBatchGoesFirstAndTheBacklogBehindIt() {
        var bench = recovered(missing: 100)
        #expect(bench.gateway.sinks[0].queue.tail == 10, "the probe was the oldest batch")
        #expect(answerNext(&bench) == Array(90..<100))
        #expect(answerNext(&bench) == Array(10..<20))
        bench.receive(count: 10)
        #expect(answerNext(&bench) == Array(100..<110), "a full batch of fresh ones goes first")
        #expect(answerNext(&bench) == Array(20..<30))
        bench.receive(count: 2)
        #expect(answerNext(&bench) == Array(30..<40), "two wait for company")
        _ = bench.actions(after: second)
        #expect(bench.sequences() == [110, 111])
    }

    @Test func oldestFirstKeepsTheOrder() {
        var bench = Bench(settings(sinks: [kinesis(batch: 10)], window: 4_096))
        bench.receive(count: 60)
        let sent = (0..<6).compactMap { _ in answerNext(&bench) }
        #expect(sent.flatMap(\.self) == Array(0..<60))
    }

    @Test func drainRateHoldsForTheBacklogAndNotForWhatIsFresh() {
        var bench = recovered(missing: 100, drainRate: 4)
        #expect(answerNext(&bench) == Array(90..<100))
        let start = bench.now
        var backlog: [UInt64] = []
        var fresh = 0
        while bench.now < start + 10 * second {
            bench.receive()
            bench.now += second
            while let sequences = answerNext(&bench, within: 0) {
                if sequences[0] < 90 { backlog += sequences } else { fresh += sequences.count }
            }
        }
        #expect(backlog == Array(10..<10 + UInt64(backlog.count)))
        #expect((40...44).contains(backlog.count), "10 s at 4 a second: \(backlog.count)")
        #expect(fresh >= 9, "each within its second: \(fresh)")
    }

    /// With oldestFirst there is no other part: the rate holds for all.
    @Test func drainRateHoldsForAllWhereTheOrderIsKept() {
        let sink = kinesis(batch: 10, drainRate: 5)
        var bench = Bench(settings(sinks: [sink], window: 4_096))
        bench.receive(count: 100)
        let start = bench.now
        var sent: [UInt64] = []
        while sent.count < 50, let sequences = answerNext(&bench) { sent += sequences }
        #expect(sent == Array(0..<50))
        #expect((8 * second...10 * second).contains(bench.now - start))
    }

    @Test func exitDoesNotWaitForTheDrainRate() {
        var bench = recovered(missing: 100, drainRate: 1)
        bench.gateway.drain()
        let start = bench.now
        var sent: [UInt64] = []
        while let sequences = answerNext(&bench, within: 2 * second) { sent += sequences }
        #expect(sent.sorted() == Array(10..<100))
        #expect(bench.now - start < 5 * second)
    }

    /// The backlog is on the card, which takes a minute to give it back: fresh records go on.
    @Test func slowCardDoesNotHoldFreshRecordsUp() {
        var bench = recovered(missing: 1_000, window: 64)
        #expect(answerNext(&bench) == Array(990..<1_000))
        // What has been read already.
        while answerNext(&bench)?.last != 511 {}
        var isReading = false
        while !isReading, let action = bench.next() {
            if bench.written(action) == nil { isReading = action.isRead }
        }
        #expect(isReading)
        for round in 0..<6 as Range<UInt64> {
            bench.receive(count: 10)
            bench.now += second
            #expect(bench.next() == .send(sink: 0))
            let first = 1_000 + 10 * round
            #expect(bench.sequences() == Array(first..<first + 10))
            bench.answer(accepted: Array(repeating: true, count: 10))
            _ = bench.reports()
        }
    }

    @Test func restartSendsNothingAgainThatWentBeforeTheBacklog() {
        var bench = recovered(missing: 2_000, drainRate: 1)
        for _ in 0..<10 {
            bench.receive(count: 10)
            #expect(answerNext(&bench)?.count == 10)
        }
        let head = bench.gateway.headRecord()
        let kept = head.sinkTail(of: name("kinesis"))
        #expect(kept?.run.upperBound == bench.gateway.cursor.head)
        let settings = settings(
            sinks: [kinesis(batch: 100, order: .newestFirst)], window: 4_096)
        var next = Bench(settings, head: bench.gateway.cursor.head, record: head)
        let backlog = bench.gateway.sinks[0].queue.leftCount
        #expect(next.gateway.sinks[0].queue.waitingCount(head: next.gateway.cursor.head) == backlog)
        var sent: [UInt64] = []
        while let sequences = answerNext(&next) { sent += sequences }
        #expect(sent == Array((kept?.tail ?? 0)..<(kept?.tail ?? 0) + backlog))
    }

    /// While fresh records go first the ring comes round: what it takes of the backlog is said,
    /// once, and nothing that the sink has counts as lost.
    @Test func backlogThatIsOverwrittenIsCounted() {
        var bench = recovered(missing: 200, drainRate: 1, slots: 220)
        for _ in 0..<30 {
            bench.receive(count: 10)
            while let sequences = answerNext(&bench, within: 0), sequences.count > 0 {}
            bench.now += second
        }
        let sink = bench.gateway.sinks[0]
        #expect(sink.queue.lost > 100)
        #expect(sink.lossesSaidAgain == 0)
        let head = bench.gateway.cursor.head
        #expect(sink.sum(head: head) == head)
    }

    @Test func outageDuringTheDrainMakesAnotherBacklog() {
        var bench = recovered(missing: 100)
        #expect(answerNext(&bench) == Array(90..<100))
        bench.receive(count: 50)
        _ = bench.actions()
        _ = bench.sequences()
        bench.gateway.sinkFailed(sink: 0, now: bench.now)
        bench.receive(count: 50)
        var sent: [[UInt64]] = []
        while let sequences = answerNext(&bench) { sent.append(sequences) }
        #expect(sent.prefix(2).map(\.first) == [140, 190], "refused, then the newest")
        #expect(sent.flatMap(\.self).sorted() == Array(10..<90) + Array(100..<200))
    }
}
