import Foundation
import Gateway
import RecordRing
import TestSupport
import Testing
import Time
import Uplink

/// Records that arrived before the time was known.
struct StampingTests {
    private let boot = settings().boot
    /// 2026-11-21T00:00:00Z at monotonic 0.
    private let began: Int64 = 1_795_219_200_000_000

    /// A board at 1970 that has taken `count` records, one a second.
    private func bench(clock: ClockState = .unsynced, ahead: Int64 = 0, count: Int = 2) -> Bench {
        var bench = Bench(settings(sinks: [kinesis(batch: count)]))
        for _ in 0..<count {
            bench.now += second
            bench.gateway.receive(
                notification(70).span, sensor: 0,
                time: Moment(
                    monotonicNanoseconds: bench.now, wallMicroseconds: bench.now / 1_000 + ahead),
                clock: clock, now: bench.now)
        }
        return bench
    }

    /// Carries out what comes before the next request.
    private func begin(_ bench: inout Bench) {
        var action = bench.next()
        while let step = action, !step.isSend {
            _ = bench.written(step)
            action = bench.next()
        }
        #expect(action == .send(sink: 0))
    }

    private func times(_ lines: [String]) -> [String] {
        lines.compactMap { line in
            line.components(separatedBy: "\"timestamp\":\"").last?.prefix(27).description
        }
    }

    @Test func recordsAreSentWithTheTimeThatBecameKnownLater() {
        var bench = bench()
        bench.gateway.know(BootTime(boot: boot, offsetMicroseconds: began))
        begin(&bench)
        let lines = bench.request()
        #expect(times(lines) == ["2026-11-21T00:01:41.000000Z", "2026-11-21T00:01:42.000000Z"])
        #expect(lines.allSatisfy { $0.contains("\"clock\":\"synced\"") })
    }

    @Test func unknownTimeIsSaidToBeThat() {
        var bench = bench()
        begin(&bench)
        let lines = bench.request()
        #expect(times(lines) == ["1970-01-01T00:01:41.000000Z", "1970-01-01T00:01:42.000000Z"])
        #expect(lines.allSatisfy { $0.contains("\"clock\":\"unsynced\"") })
    }

    /// Every sink has got the same time: what is right to a second is left alone.
    @Test func timeThatWasRightAllTheSameStaysAsItWas() {
        var bench = bench(ahead: began + 400_000)
        bench.gateway.know(BootTime(boot: boot, offsetMicroseconds: began))
        begin(&bench)
        let lines = bench.request()
        #expect(times(lines) == ["2026-11-21T00:01:41.400000Z", "2026-11-21T00:01:42.400000Z"])
        #expect(lines.allSatisfy { $0.contains("\"clock\":\"synced\"") })
    }

    @Test func recordsOfASetClockAreLeftAlone() {
        var bench = bench(clock: .synced, ahead: began - 7_200_000_000)
        bench.gateway.know(BootTime(boot: boot, offsetMicroseconds: began))
        begin(&bench)
        #expect(
            times(bench.request())
                == ["2026-11-20T22:01:41.000000Z", "2026-11-20T22:01:42.000000Z"])
    }

    @Test func recordsOfAnotherBootAreNotStampedByThisOne() {
        var bench = bench()
        bench.gateway.know(
            BootTime(boot: BootID(high: 99, low: 99), offsetMicroseconds: began))
        begin(&bench)
        #expect(times(bench.request()).first == "1970-01-01T00:01:41.000000Z")
    }

    /// A refused signature costs no wait: the same records go out again at once.
    @Test func requestWithAWrongTimeIsMadeAnewAtOnce() {
        var bench = bench()
        begin(&bench)
        let first = bench.sequences()
        bench.gateway.sinkResends(sink: 0, now: bench.now)
        bench.gateway.know(BootTime(boot: boot, offsetMicroseconds: began))
        begin(&bench)
        let lines = bench.request()
        #expect(lines.map { number(after: "\"seq\":", in: $0) } == first)
        #expect(times(lines).first == "2026-11-21T00:01:41.000000Z")
        #expect(bench.gateway.sinks[0].failedRequests == 0)
        bench.answer(accepted: [true, true])
        #expect(bench.gateway.sinks[0].queue.acknowledged == 2)
    }

    /// Nothing was in the request that asked for the time.
    @Test func requestWithoutRecordsIsFollowedByThem() {
        var bench = bench()
        begin(&bench)
        bench.gateway.sinkResends(sink: 0, now: bench.now)
        begin(&bench)
        #expect(bench.sequences() == [0, 1])
    }
}
