import Gateway
import RecordRing
import Testing

/// The end: send and sync what there is.
struct DrainTests {
    /// Carries everything out at the time it is due, until nothing is due any more; every sink
    /// takes everything.
    private func runDry(_ bench: inout Bench) {
        for _ in 0..<1_000 {
            for action in bench.actions() {
                if bench.written(action) != nil { continue }
                guard case .send(let sink) = action else { continue }
                let count = bench.sequences(sink: sink).count
                if bench.gateway.sinks[sink].settings.name == name("kinesis") {
                    bench.answer(sink: sink, accepted: Array(repeating: true, count: count))
                } else {
                    bench.gateway.sinkDelivered(sink: sink, now: bench.now)
                }
            }
            guard let deadline = bench.gateway.deadline(), !bench.gateway.isDrained else { return }
            bench.now = max(bench.now, deadline)
        }
    }

    @Test func idleGatewayIsDrained() {
        var bench = Bench()
        bench.gateway.drain()
        #expect(bench.gateway.isDrained == true)
        #expect(bench.gateway.isDraining == true)
        #expect(bench.actions() == [])
    }

    @Test func nothingWaitsForCompanyOrForASyncInterval() {
        var bench = Bench(
            settings(sinks: [kinesis(flush: 60 * second), file()], sync: 60 * second))
        bench.receive(count: 3)
        #expect(bench.actions() == [])
        bench.gateway.drain()
        #expect(bench.gateway.isDrained == false)
        #expect(
            bench.actions() == [
                .writeRing(first: 0, count: 3, sync: true), .send(sink: 0), .send(sink: 1),
            ])
    }

    @Test func drainedMeansDeliveredAndSyncedWithItsTails() {
        var bench = Bench(
            settings(sinks: [kinesis(flush: 60 * second), file()], sync: 60 * second))
        bench.receive(count: 30)
        bench.gateway.drain()
        let begin = bench.now
        runDry(&bench)
        #expect(bench.gateway.isDrained == true)
        #expect(bench.now == begin, "nothing had to be waited for")
        #expect(bench.gateway.cursor.unsyncedCount == 0)
        let head = bench.gateway.headRecord()
        #expect(head.tail(of: name("kinesis")) == 30 && head.tail(of: name("file")) == 30)
        #expect(bench.gateway.deadline() == nil)
    }

    @Test func failingSinkKeepsTheGatewayUndrainedAndItsWaitHolds() {
        var bench = Bench(settings(sinks: [kinesis()]))
        bench.receive()
        bench.gateway.drain()
        for action in bench.actions() {
            if bench.written(action) != nil { continue }
            _ = bench.sequences()
            bench.answer(status: 429, retryAfter: 5 * second, "")
        }
        while let action = bench.next() { _ = bench.written(action) }
        #expect(bench.gateway.isDrained == false)
        #expect(bench.gateway.deadline() == bench.now + 5 * second)
    }

    @Test func failingCardKeepsTheGatewayUndrained() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        bench.gateway.drain()
        #expect(bench.next()?.isWrite == true)
        bench.gateway.ringFailed(now: bench.now)
        _ = bench.actions()
        #expect(bench.gateway.isDrained == false)
        #expect(bench.gateway.deadline() == bench.now + Limits.diskRetryNanoseconds)
        bench.now += Limits.diskRetryNanoseconds
        runDry(&bench)
        #expect(bench.gateway.isDrained == true)
    }
}
