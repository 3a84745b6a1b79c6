import Gateway
import RecordRing
import Testing
import Uplink

/// The ring goes over what a stuck sink still owes: counted and reported, for each sink.
struct LossTests {
    private func lost(_ reports: [Report], sink: Int) -> UInt64 {
        reports.reduce(0) { sum, report in
            guard case .recordsLost(sink, let count, .overwritten) = report else { return sum }
            return sum + count
        }
    }

    @Test func fullRingGivesUpTheOldestRecordsOfAStuckSink() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]), slots: 16)
        bench.receive(count: 16)
        #expect(bench.gateway.sinks[0].queue.lost == 0)
        bench.receive(count: 5)
        #expect(bench.gateway.sinks[0].queue.lost == 5)
        #expect(bench.gateway.sinks[0].queue.tail == 5)
        var reports: [Report] = []
        while let action = bench.next() {
            if bench.written(action) == nil, action.isSend {
                #expect(bench.sequences() == [5, 6, 7, 8])
            }
            if let report = action.report { reports.append(report) }
        }
        #expect(lost(reports, sink: 0) == 5)
    }

    @Test func stuckSinkLosesAndItsNeighbourDoesNot() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4), file(batch: 4)]), slots: 16)
        var reports: [Report] = []
        for _ in 0..<30 {
            bench.receive()
            while let action = bench.next(after: second / 4) {
                if let report = action.report { reports.append(report) }
                if bench.written(action) != nil { continue }
                guard case .send(let sink) = action else { continue }
                let count = bench.sequences(sink: sink).count
                if sink == 0 {
                    bench.gateway.sinkFailed(sink: 0, now: bench.now)
                } else {
                    #expect(count > 0)
                    bench.gateway.sinkDelivered(sink: 1, now: bench.now)
                }
            }
        }
        let stuck = bench.gateway.sinks[0].queue.lost
        #expect(stuck == 14, "30 records, 16 slots")
        #expect(lost(reports, sink: 0) == stuck)
        #expect(bench.gateway.sinks[1].queue.lost == 0)
        #expect(bench.gateway.sinks[1].queue.acknowledged >= 26)
    }

    /// A record in flight may be accepted yet; the answer decides whether it is lost.
    @Test func recordInFlightIsLostWhenTheAnswerSaysSoAndNotBefore() {
        for isAccepted in [true, false] {
            var bench = Bench(settings(sinks: [kinesis(batch: 4)]), slots: 8)
            bench.receive(count: 4)
            _ = bench.written(bench.next())
            #expect(bench.next() == .send(sink: 0))
            _ = bench.request()
            bench.receive(count: 8)
            #expect(bench.gateway.sinks[0].queue.lost == 0)
            bench.answer(accepted: Array(repeating: isAccepted, count: 4))
            let expected: [UInt64] = isAccepted ? [0, 4] : [4, 0]
            let queue = [
                bench.gateway.sinks[0].queue.lost, bench.gateway.sinks[0].queue.acknowledged,
            ]
            #expect(queue == expected)
        }
    }

    @Test func recordInFlightIsLostWhenTheRequestFails() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]), slots: 8)
        bench.receive(count: 4)
        _ = bench.written(bench.next())
        _ = bench.next()
        _ = bench.request()
        bench.receive(count: 8)
        bench.gateway.sinkFailed(sink: 0, now: bench.now)
        #expect(bench.gateway.sinks[0].queue.lost == 4)
        #expect(lost(bench.reports(), sink: 0) == 4)
    }

    private func kept(_ bench: borrowing Bench) -> (tail: UInt64, behind: [UInt64]) {
        let head = bench.gateway.headRecord()
        guard let kept = head.sinkTail(of: name("kinesis")) else { return (.max, []) }
        let behind = (0..<AcknowledgedSet.limit).filter { kept.acknowledged[$0] }
        return (kept.tail, behind.map { kept.tail + UInt64($0) })
    }

    /// The ring laps a request: what is given up behind it is neither acknowledged nor there.
    @Test func recordLostBehindARequestInFlightIsNotKeptAsAcknowledged() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]), slots: 8)
        bench.receive(count: 4)
        _ = bench.written(bench.next())
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.receive(count: 10)
        #expect(bench.gateway.sinks[0].queue.lost == 2, "4 and 5")
        #expect(bench.gateway.sinks[0].owedCount(of: bench.gateway.cursor) == 8)
        #expect(kept(bench) == (0, []))
        bench.answer(accepted: [true, false, true, true])
        #expect(bench.gateway.sinks[0].queue.lost == 3, "and 1")
        #expect(kept(bench) == (1, [2, 3]))
        #expect(bench.gateway.sinks[0].owedCount(of: bench.gateway.cursor) == 8)
    }

    /// Until its gap record is on the card, a power cut would take it and nobody would be told.
    @Test func lossIsKeptUntilItsGapRecordIsOnTheCard() {
        var bench = Bench(settings(sinks: [kinesis(batch: 9)]), slots: 8)
        bench.receive(count: 8)
        bench.syncAll()
        bench.receive(count: 2)
        bench.now += 60 * second
        while let action = bench.next(), !action.isSend { _ = bench.written(action) }
        #expect(bench.sequences() == [2, 3, 4, 5, 6, 7, 8, 9])
        bench.answer(accepted: Array(repeating: true, count: 8))
        #expect(bench.gateway.cursor.head == 11, "the gap record is 10")
        #expect(bench.gateway.sinks[0].unsaidLosses == 0)
        #expect(kept(bench) == (0, [2, 3, 4, 5, 6, 7, 8, 9]))
        var write = bench.written(bench.next(after: second))
        while write == nil {
            bench.gateway.sinkFailed(sink: 0, now: bench.now)
            write = bench.written(bench.next(after: second))
        }
        #expect(write?.sequences == [10] && write?.head.tail(of: name("kinesis")) == 0)
        #expect(kept(bench) == (10, []), "the tail is free")
    }

    /// Or until the sink has it: then nobody else has to be told.
    @Test func lossIsKeptUntilTheSinkHasItsGapRecord() {
        var bench = Bench(settings(sinks: [kinesis(batch: 9)]), slots: 8)
        bench.receive(count: 8)
        bench.syncAll()
        bench.receive(count: 2)
        bench.now += 60 * second
        while let action = bench.next(), !action.isSend { _ = bench.written(action) }
        _ = bench.sequences()
        bench.answer(accepted: Array(repeating: true, count: 8))
        while let action = bench.next(after: second / 4), !action.isSend {
            if case .writeRing = action { bench.gateway.ringFailed(now: bench.now) }
        }
        #expect(bench.sequences() == [10])
        #expect(kept(bench) == (0, [2, 3, 4, 5, 6, 7, 8, 9]))
        bench.answer(accepted: [true])
        #expect(kept(bench) == (11, []))
    }

    /// What a gap record said is said again with its own loss.
    @Test func lossIsSaidAgainWhenItsGapRecordIsLost() {
        var bench = Bench(settings(sinks: [kinesis(batch: 9)]), slots: 8)
        bench.receive(count: 8)
        bench.syncAll()
        bench.receive(count: 2)
        bench.now += 60 * second
        while let action = bench.next(), !action.isSend { _ = bench.written(action) }
        _ = bench.sequences()
        bench.answer(accepted: Array(repeating: true, count: 8))
        #expect(bench.gateway.cursor.head == 11, "the gap record is 10")
        #expect(bench.gateway.sinks[0].unsaidLosses == 0)
        bench.syncAll()
        bench.receive(count: 8)
        #expect(bench.gateway.sinks[0].lossesSaidAgain == 2)
        #expect(bench.gateway.sinks[0].unsaidLosses == 3, "0, 1 and 10")
        bench.now += 60 * second
        while let action = bench.next(), !action.isSend { _ = bench.written(action) }
        #expect(bench.sequences() == [11, 12, 13, 14, 15, 16, 17, 18])
        bench.answer(accepted: Array(repeating: true, count: 8))
        bench.now += 60 * second
        while let action = bench.next(), !action.isSend { _ = bench.written(action) }
        let gap = bench.request().first ?? ""
        #expect(gap.contains(#""reason":"overwritten","count":3,"first_seq":0,"last_seq":10"#))
    }

    @Test func everyRecordIsAcknowledgedLostOrOwed() {
        var bench = Bench(
            settings(sinks: [kinesis(batch: 3), file("a", batch: 5), file("b", batch: 7)]),
            slots: 16)
        for round in 0..<200 {
            bench.receive()
            while let action = bench.next(after: second / 7) {
                if bench.written(action) != nil { continue }
                guard case .send(let sink) = action else { continue }
                let count = bench.sequences(sink: sink).count
                if sink == 0 {
                    bench.answer(accepted: (0..<count).map { ($0 + round) % 3 == 0 })
                } else if round % (3 * sink) == 0 {
                    bench.gateway.sinkDelivered(sink: sink, now: bench.now)
                } else {
                    bench.gateway.sinkFailed(sink: sink, now: bench.now)
                }
            }
            let recorded = bench.gateway.cursor.head
            for sink in bench.gateway.sinks { #expect(sink.sum(head: recorded) == recorded) }
        }
        #expect(bench.gateway.sinks.contains { $0.queue.lost > 0 })
    }
}

extension Sink {
    /// Records that the sink has, has lost, has refused, is owed, or that are not for it: all
    /// there were since its beginning.
    func sum(head: UInt64) -> UInt64 {
        queue.acknowledged + queue.lost + queue.rejected + queue.passed
            + queue.waitingCount(head: head) + UInt64(queue.inFlightCount)
    }
}
