import Gateway
import Kinesis
import RecordRing
import Testing
import Uplink

/// How long a sink is left alone after a failure.
struct RetryTests {
    /// A bench whose only sink has a request under way.
    private func sending(window: Int = 64, slots: UInt64 = 10_000) -> Bench {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)], window: window), slots: slots)
        bench.receive(count: 2)
        _ = bench.next()
        _ = bench.request()
        return bench
    }

    @Test func nothingIsSentBeforeTheWaitIsOver() {
        var bench = sending()
        for _ in 0..<12 {
            bench.answer(status: 503, "")
            guard case .requestRefused(0, 503, .serverFault, let wait) = bench.reports().last
            else {
                Issue.record("a refusal is reported")
                return
            }
            #expect(wait >= 0 && wait <= 60 * second)
            let until = bench.now + wait
            bench.syncUntil(until - 1)
            #expect(bench.gateway.sinks[0].state == .waiting(until: until))
            bench.now = until
            #expect(bench.actions().contains(.send(sink: 0)))
            _ = bench.request()
        }
    }

    /// A wrong key is not mended by asking ten times a second.
    @Test func refusalThatNeedsPeopleWaitsAtLeastItsMinimum() {
        let bodies = [
            #"{"__type":"UnrecognizedClientException"}"#, #"{"__type":"AccessDeniedException"}"#,
            #"{"__type":"ResourceNotFoundException"}"#,
            #"{"__type":"InvalidSignatureException"}"#,
        ]
        for _ in 0..<20 {
            for body in bodies {
                var bench = sending()
                bench.answer(status: 400, body)
                guard case .waiting(let until) = bench.gateway.sinks[0].state else {
                    Issue.record("a refused sink waits")
                    return
                }
                #expect(until >= bench.now + Limits.refusalRetryNanoseconds)
            }
        }
    }

    /// Throttled entries, 429 and 503 slow a backlog down; a fault of another kind does not.
    @Test(arguments: ["entries", "429", "503", "500", "exception"])
    func sinkThatAsksToGoSlowerHasAPace(_ way: String) {
        var bench = Bench(settings(sinks: [kinesis(batch: 100)], window: 4_096))
        bench.receive(count: 4_000)
        func send(accepted: (Int) -> Bool) {
            while let action = bench.next(after: 50 * millisecond), !action.isSend {
                _ = bench.written(action)
            }
            let count = bench.request().count
            bench.answer(accepted: (0..<count).map(accepted))
        }
        for _ in 0..<10 { send { _ in true } }
        #expect(bench.gateway.sinks[0].pace.recordsPerSecond == nil)
        _ = bench.actions().count
        while bench.gateway.sinks[0].state != .busy { _ = bench.actions(after: second / 20) }
        _ = bench.request()
        switch way {
        case "entries": bench.answer(accepted: (0..<100).map { $0 % 2 == 0 })
        case "exception":
            bench.answer(status: 400, #"{"__type":"ProvisionedThroughputExceededException"}"#)
        default: bench.answer(status: Int(way) ?? 0, "")
        }
        guard way != "500" else {
            #expect(bench.gateway.sinks[0].pace.recordsPerSecond == nil)
            return
        }
        let rate = bench.gateway.sinks[0].pace.recordsPerSecond ?? .infinity
        #expect(rate < 1_500)
        let start = bench.now
        var sent = 0
        while bench.now < start + 4 * second {
            for action in bench.actions(after: 20 * millisecond) where action.isSend {
                let count = bench.request().count
                sent += count
                bench.answer(accepted: (0..<count).map { _ in true })
            }
            if case .writeRing = bench.gateway.nextAction(now: bench.now) {
                bench.gateway.ringWritten(now: bench.now)
            }
        }
        // A second's worth at once, four seconds, and what successes add.
        #expect(Double(sent) < 7 * rate, "\(sent) at \(rate)")
        #expect(sent > 100)
    }

    @Test func serviceMayAskForALongerWait() {
        var bench = sending()
        bench.answer(status: 429, retryAfter: 90 * second, "")
        #expect(bench.gateway.sinks[0].state == .waiting(until: bench.now + 90 * second))
    }

    /// The number comes from outside: it neither traps nor silences the gateway.
    @Test func absurdWaitIsCapped() {
        for retryAfter in [Int64.max, Int64.max / 2, Limits.retryAfterNanoseconds + 1] {
            for status in [200, 503] {
                var bench = sending()
                bench.answer(status: status, retryAfter: retryAfter, "")
                #expect(
                    bench.gateway.sinks[0].state
                        == .waiting(until: bench.now + Limits.retryAfterNanoseconds))
            }
        }
        var bench = sending()
        bench.answer(status: 503, retryAfter: .min, "")
        guard case .waiting(let until) = bench.gateway.sinks[0].state else {
            Issue.record("a refused sink waits")
            return
        }
        #expect(until >= bench.now)
    }

    @Test func recoveryIsReportedOnceAndOnlyAfterAFailure() {
        var bench = sending()
        var reports: [Report] = []
        func isEdge(_ report: Report) -> Bool {
            switch report {
            case .sinkUnreachable, .sinkRecovered: true
            default: false
            }
        }
        for accepted in [[true, false], nil, nil, [true, false], [true, false], [true, true]] {
            bench.receive(count: 2)
            if let accepted {
                let inFlight = bench.gateway.sinks[0].queue.inFlightCount
                bench.answer(accepted: Array(accepted.prefix(inFlight)))
            } else {
                bench.gateway.sinkFailed(sink: 0, now: bench.now)
            }
            reports += bench.reports().filter(isEdge)
            while bench.gateway.sinks[0].state != .busy {
                reports += bench.actions(after: second).compactMap(\.report).filter(isEdge)
            }
            _ = bench.request()
        }
        #expect(reports.count == 3)
        #expect(reports.last == .sinkRecovered(sink: 0))
    }

    /// The waiting sink's refused records have been overwritten: what is left waits for company,
    /// not for a time that has passed.
    @Test func deadlineIsNotInThePastWhenTheRefusedRecordsAreGone() {
        var bench = Bench(
            settings(sinks: [kinesis(batch: 40, flush: 100 * second)]), slots: 32)
        bench.receive(count: 2)
        bench.now += 100 * second
        #expect(bench.actions().contains(.send(sink: 0)))
        _ = bench.request()
        bench.answer(status: 503, "")
        bench.receive(count: 34)
        _ = bench.actions(after: 60 * second)
        #expect(bench.gateway.sinks[0].queue.refusedCount == 0)
        bench.gateway.ringWritten(now: bench.now)
        while let action = bench.next() { _ = bench.written(action) }
        guard let deadline = bench.gateway.deadline() else {
            Issue.record("records wait")
            return
        }
        #expect(deadline > bench.now)
    }
}

extension Bench {
    /// Carries out writes until `time`; a request would be a defect.
    mutating func syncUntil(_ time: Int64) {
        while true {
            while let action = next() {
                precondition(!action.isSend, "nothing is sent before the wait is over")
                _ = written(action)
            }
            guard let deadline = gateway.deadline(), deadline <= time else { break }
            now = max(now, deadline)
        }
        now = max(now, time)
    }
}
