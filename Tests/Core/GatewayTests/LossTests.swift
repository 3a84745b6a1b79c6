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
    /// Records that the sink has, has lost, or is owed: all there were since its beginning.
    func sum(head: UInt64) -> UInt64 {
        queue.acknowledged + queue.lost + queue.waitingCount(head: head)
            + UInt64(queue.inFlightCount)
    }
}
