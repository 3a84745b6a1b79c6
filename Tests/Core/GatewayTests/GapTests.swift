import Gateway
import RecordRing
import Testing
import Uplink

/// Losses that are said in records of their own, and rings that take no more.
struct GapTests {
    /// Lets the only sink answer everything that is sent, and the card everything that is written,
    /// for `rounds` seconds. Answers the lines and reports.
    private func run(
        _ bench: inout Bench, rounds: Int, succeeds: Bool
    ) -> (lines: [String], reports: [Report]) {
        var lines: [String] = []
        var reports: [Report] = []
        for _ in 0..<rounds {
            for action in bench.actions(after: second) {
                if let report = action.report { reports.append(report) }
                if bench.written(action) != nil { continue }
                guard case .send(let sink) = action else { continue }
                let request = bench.request(sink: sink)
                if succeeds {
                    lines += request
                    bench.gateway.sinkDelivered(sink: sink, now: bench.now)
                } else {
                    bench.gateway.sinkFailed(sink: sink, now: bench.now)
                }
            }
        }
        return (lines, reports)
    }

    @Test func whatTheRingWentOverIsSaidOnceWhenTheSinkIsBack() {
        var bench = Bench(settings(sinks: [file("f", batch: 4)]), slots: 8)
        for _ in 0..<20 {
            bench.receive()
            _ = run(&bench, rounds: 1, succeeds: false)
        }
        #expect(bench.gateway.sinks[0].queue.lost == 12)
        #expect(bench.gateway.sinks[0].unsaidLosses == 12)
        let (lines, _) = run(&bench, rounds: 90, succeeds: true)
        let gaps = lines.filter { $0.contains("\"event\":\"gap\"") }
        #expect(gaps.count == 1)
        #expect(
            gaps.first?.contains(
                #""reason":"overwritten","count":12,"first_seq":0,"last_seq":11"#) == true)
        #expect(lines.count == 9, "8 records and the gap")
        #expect(bench.gateway.sinks[0].unsaidLosses == 0)
    }

    @Test func fullRingThatRefusesKeepsItsRecordsAndItsAlarm() {
        var full = settings(sensors: [sensor("strap", onset: 0)], sinks: [file("f", batch: 4)])
        full.refusesWhenFull = true
        var bench = Bench(full, slots: 8)
        bench.receive(count: 8)
        _ = run(&bench, rounds: 2, succeeds: false)
        bench.receive(count: 2)
        bench.receive(180)
        #expect(bench.next()?.isAlarm == true)
        #expect(bench.gateway.counters.refusedByFullRing == 3)
        #expect(bench.gateway.counters.recorded == 8)
        #expect(bench.reports().filter { $0 == .ringFull }.count == 1)
        let (lines, reports) = run(&bench, rounds: 90, succeeds: true)
        #expect(lines.filter { !$0.contains("\"event\"") }.count == 8, "none was given up")
        #expect(lines.filter { $0.contains(#""reason":"refused","count":3"#) }.count == 1)
        #expect(reports.contains(.ringHasRoom(refused: 3)))
        bench.receive()
        #expect(bench.gateway.counters.recorded == 9)
    }

    @Test func acknowledgedRecordWaitsForTheLazySync() {
        var bench = Bench(settings(sinks: [file("f", batch: 1)]))
        bench.receive()
        let arrival = bench.now
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        #expect(bench.next(after: 10 * second) == nil)
        #expect(bench.gateway.deadline() == arrival + bench.gateway.settings.lazyNanoseconds)
        bench.now = arrival + bench.gateway.settings.lazyNanoseconds
        #expect(bench.next() == .writeRing(first: 0, count: 1, sync: true))
    }

    /// One record that no sink has brings the others with it.
    @Test func recordThatNobodyHasIsSyncedWithinTheInterval() {
        var bench = Bench(settings(sinks: [file("f", batch: 1)]))
        bench.receive()
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        #expect(bench.next() == nil)
        bench.now += 5 * second
        bench.receive()
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.gateway.deadline() == bench.now + second)
        #expect(bench.next(after: second) == .writeRing(first: 0, count: 2, sync: true))
    }

    @Test func eachRecordIsSyncedAtOnceWhenAskedFor() {
        var each = settings(sinks: [file("f", batch: 10, flush: 60 * second)], sync: 60 * second)
        each.syncsEach = true
        var bench = Bench(each)
        bench.receive()
        #expect(bench.next() == .writeRing(first: 0, count: 1, sync: true))
    }
}
