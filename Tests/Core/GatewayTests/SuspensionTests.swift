import Gateway
import Testing
import Uplink

/// Sinks that have nothing to sign with.
struct SuspensionTests {
    @Test func aSuspendedSinkIsNotAskedAndItsRecordsWait() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2), kinesis("other", batch: 2)]))
        bench.gateway.suspendSink(0)
        bench.receive(count: 4)
        #expect(bench.next() == .send(sink: 1))
        #expect(bench.sequences(sink: 1) == [0, 1])
        #expect(!bench.actions(after: 3_600 * second).contains(.send(sink: 0)))
        #expect(bench.gateway.sinks[0].queue.waitingCount(head: 4) == 4)
        bench.gateway.resumeSink(0)
        #expect(bench.actions().contains(.send(sink: 0)))
        #expect(bench.sequences() == [0, 1])
    }

    @Test func aSuspendedSinkHasNoDeadline() {
        var bench = Bench(settings(sinks: [kinesis(batch: 100)]))
        bench.receive()
        bench.syncAll()
        _ = bench.actions()
        bench.gateway.suspendSink(0)
        _ = bench.actions(after: 3_600 * second)
        if let due = bench.gateway.deadline() { #expect(due > bench.now) }
    }

    @Test func aRequestThatWasAboutToBeginIsCalledOff() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        #expect(bench.next() == .send(sink: 0))
        bench.gateway.suspendSink(0)
        #expect(bench.gateway.sinks[0].state == .idle)
        bench.gateway.resumeSink(0)
        #expect(bench.actions().contains(.send(sink: 0)))
    }

    @Test func aRequestThatRunsIsAnsweredAllTheSame() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        _ = bench.next()
        _ = bench.request()
        bench.gateway.suspendSink(0)
        #expect(bench.gateway.sinks[0].state == .busy)
        bench.answer(accepted: [true, true])
        #expect(bench.gateway.sinks[0].queue.acknowledged == 2)
    }

    @Test(arguments: [
        (#"{"__type":"ExpiredTokenException"}"#, true),
        (#"{"__type":"UnrecognizedClientException"}"#, true),
        (#"{"__type":"InvalidSignatureException"}"#, true),
        (#"{"__type":"ProvisionedThroughputExceededException"}"#, false),
        (#"{"__type":"ResourceNotFoundException"}"#, false),
    ])
    func anotherKeyEndsTheWaitThatTheLastOneCaused(body: String, isTriedAtOnce: Bool) {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        for _ in 0..<8 {
            while bench.next(after: second) != .send(sink: 0) {}
            _ = bench.request()
            bench.answer(status: 400, body)
        }
        _ = bench.actions()
        guard case .waiting = bench.gateway.sinks[0].state else {
            Issue.record("a refused sink waits")
            return
        }
        bench.gateway.resumeSink(0)
        #expect((bench.gateway.sinks[0].state == .idle) == isTriedAtOnce)
    }
}
