import Alarm
import Bytes
import Gateway
import RecordRing
import TestSupport
import Testing
import Uplink

/// A card that fails, falls silent, or has lost what it had.
struct DiskTroubleTests {
    /// Fails the write that is due now or later; answers the time that it waited for.
    private func fail(_ bench: inout Bench, _ failure: RingFailure = .device) -> Int64 {
        let due = max(bench.now, bench.gateway.deadline() ?? bench.now)
        let waited = due - bench.now
        bench.now = due
        let action = bench.next()
        #expect(action?.isWrite == true, "\(String(describing: action))")
        bench.gateway.ringFailed(failure, now: bench.now)
        return waited
    }

    @Test func failingCardIsTriedAgainLessAndLessOften() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        var waits: [Int64] = []
        for _ in 0..<9 {
            waits.append(fail(&bench) / second)
            _ = bench.actions()
        }
        #expect(waits == [1, 1, 2, 4, 8, 16, 30, 30, 30])
        bench.now += Limits.diskRetryMaxNanoseconds
        #expect(bench.written(bench.next())?.sequences == [0])
        bench.receive()
        #expect([fail(&bench), fail(&bench)] == [second, second], "it begins anew")
    }

    @Test func drainTriesAFailingCardAtOnceAndEverySecond() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        for _ in 0..<6 { _ = fail(&bench) }
        bench.gateway.drain()
        #expect([fail(&bench), fail(&bench), fail(&bench)] == [0, second, second])
    }

    @Test func failureSaysWhatIsAtRiskAndWhenItIsTriedAgain() {
        var bench = Bench(settings(sinks: [], window: 16))
        bench.receive(count: 3)
        _ = fail(&bench)
        #expect(
            bench.reports() == [.ringFailed(unsynced: 3, room: 13, retryNanoseconds: second)])
        #expect(bench.gateway.ringTrouble?.kind == .failing)
        #expect(bench.gateway.ringRetryAt == bench.now + second)
    }

    /// Everything since the last sync that succeeded, because a failed one may have dropped any of
    /// it: what an earlier write of the same records has done does not count.
    @Test func everythingSinceTheLastGoodSyncIsWrittenAgain() {
        var bench = Bench(settings(sinks: []))
        bench.receive(count: 2)
        #expect(bench.written(bench.next(after: second))?.sequences == [0, 1])
        for _ in 0..<3 {
            bench.receive(count: 2)
            _ = fail(&bench)
        }
        #expect(bench.gateway.cursor.synced == 2)
        bench.now += Limits.diskRetryMaxNanoseconds
        #expect(bench.written(bench.next())?.sequences == Array(2..<8))
        #expect(bench.gateway.ringTrouble == nil)
        #expect(bench.gateway.ringRetryAt == nil)
    }

    @Test func recoverySaysSinceWhenAndWhatLeftMemory() {
        var bench = Bench(settings(sinks: [], window: 8))
        bench.receive(count: 4)
        _ = fail(&bench)
        let since = bench.now
        bench.receive(count: 7)
        bench.now += Limits.diskRetryMaxNanoseconds
        let action = bench.next()
        #expect(bench.written(action)?.sequences == Array(3..<11))
        #expect(bench.reports().last == .ringRecovered(since: since, givenUp: 3))
    }

    /// Alarm and sink go on; what the sink has acknowledged is not lost with memory.
    @Test func alarmAndSinksGoOnBesideAFailingCard() {
        var bench = Bench(settings(sensors: [sensor("s", onset: 0)], sinks: [file(batch: 2)]))
        bench.receive(70)
        bench.receive(180)
        #expect(bench.next()?.alarm?.edge == .raise)
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [0, 1])
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        var alarms = 1
        for round in 0..<200 {
            bench.receive(round % 2 == 0 ? 100 : 180)
            while let action = bench.next(after: second) {
                if action.isWrite { bench.gateway.ringFailed(now: bench.now) }
                if action.isAlarm { alarms += 1 }
                if action.isSend {
                    _ = bench.sequences()
                    bench.gateway.sinkDelivered(sink: 0, now: bench.now)
                }
            }
        }
        #expect(alarms == 201)
        #expect(bench.gateway.sinks[0].queue.acknowledged == 202)
        #expect(bench.gateway.sinks[0].queue.lost == 0)
        #expect(bench.gateway.counters.unsyncedGivenUp == 202 - 64)
    }

    /// Memory is full, the card fails and the sink is away: what is lost is said in a gap record
    /// when there is room for one.
    @Test func recordsThatLeftMemoryForNowhereAreSaidInAGapRecord() {
        var bench = Bench(settings(sinks: [file(batch: 64)], window: 8), slots: 64)
        bench.receive(count: 8)
        while let action = bench.next() {
            if action.isWrite { bench.gateway.ringFailed(now: bench.now) }
            if action.isSend {
                _ = bench.sequences()
                bench.gateway.sinkFailed(sink: 0, now: bench.now)
            }
        }
        bench.receive(count: 5)
        #expect(bench.gateway.counters.unsyncedGivenUp == 5)
        var sent: [String] = []
        var card: [UInt64: [UInt8]] = [:]
        for _ in 0..<200 {
            switch bench.next(after: second) {
            case .send:
                sent += bench.request()
                bench.gateway.sinkDelivered(sink: 0, now: bench.now)
            case .readRing(let first, let count):
                let blank = [UInt8](repeating: 0, count: Record.slotBytes)
                bench.read((first..<first + UInt64(count)).map { card[$0] ?? blank })
            case .writeRing(let first, let count, _):
                for sequence in first..<first + UInt64(count) {
                    var slot = FixedBuffer(capacity: Record.slotBytes)
                    bench.gateway.copySlots(first: sequence, count: 1, into: &slot)
                    card[sequence] = [UInt8](copying: slot.bytes)
                }
                bench.gateway.ringWritten(now: bench.now)
            case .alarm, .report: break
            case nil: break
            }
        }
        let gaps = sent.filter { $0.contains("\"event\":\"gap\"") }
        #expect(gaps.count == 1)
        #expect(gaps.first?.contains(#""reason":"unreadable","count":5,"first_seq":0"#) == true)
        #expect(sent.count == 8 + 1)
        #expect(bench.gateway.sinks[0].queue.lost == 5)
    }

    // MARK: Reads

    /// The whole card is away: what it holds is not given up because it cannot be read now.
    @Test func readsOfACardThatIsAwayGiveNothingUp() {
        var bench = Bench(settings(sinks: [kinesis(batch: 3)]), head: 3)
        var reads = 0
        for _ in 0..<100 {
            for action in bench.actions(after: Limits.diskRetryMaxNanoseconds)
            where action.isWrite || action.isRead {
                reads += action.isRead ? 1 : 0
                bench.gateway.ringFailed(now: bench.now)
            }
        }
        #expect(reads > 20)
        #expect(bench.gateway.counters.readsGivenUp == 0)
        #expect(bench.gateway.sinks[0].queue.lost == 0)
    }

    /// Reads begin to fail when writes have for long and are tried seldom.
    @Test func readsBetweenTwoTriesOfAWriteGiveNothingUpEither() {
        var bench = Bench(settings(sinks: [file(batch: 4)], window: 4))
        bench.receive(count: 4)
        while let action = bench.next() {
            if action.isWrite { bench.gateway.ringFailed(now: bench.now) }
            if action.isSend { _ = bench.sequences() }
        }
        bench.receive(count: 20)
        for _ in 0..<7 { _ = fail(&bench) }
        _ = bench.reports()
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        var reads = 0
        for _ in 0..<29 {
            for action in bench.actions() {
                #expect(!action.isWrite, "it is tried after 30 seconds")
                guard action.isRead else { continue }
                reads += 1
                bench.gateway.ringFailed(now: bench.now)
            }
            bench.now += second
        }
        #expect(reads == 5)
        #expect(bench.gateway.counters.readsGivenUp == 0)
    }

    /// Read-only it still answers reads, so a place that does not is bad.
    @Test func badPlaceOfAReadOnlyCardIsGivenUp() {
        var bench = Bench(settings(sinks: [kinesis(batch: 3)]), head: 3)
        for _ in 0..<40 {
            for action in bench.actions(after: second) {
                if action.isWrite { bench.gateway.ringFailed(.readOnly, now: bench.now) }
                if action.isRead { bench.gateway.ringFailed(now: bench.now) }
            }
        }
        #expect(bench.gateway.counters.readsGivenUp == 1)
        #expect(bench.gateway.sinks[0].queue.lost == 3)
    }

    // MARK: Silence

    @Test func cardThatDoesNotAnswerIsReportedOnceAndAgainWhenItDoes() {
        var bench = Bench(settings(sinks: [], window: 16))
        bench.receive()
        let write = bench.next(after: second)
        let since = bench.now
        bench.receive()
        #expect(bench.gateway.deadline() == since + Limits.diskStallNanoseconds)
        #expect(bench.reports() == [])
        #expect(
            bench.actions(after: Limits.diskStallNanoseconds) == [
                .report(
                    .ringStalled(
                        unsynced: 2, room: 14, nanoseconds: Limits.diskStallNanoseconds))
            ])
        #expect(bench.gateway.ringTrouble?.kind == .stalled)
        #expect(bench.gateway.deadline() == nil)
        #expect(bench.actions(after: 100 * second) == [])
        #expect(bench.written(write)?.sequences.first == 0)
        #expect(bench.reports().first == .ringRecovered(since: since, givenUp: 0))
    }

    @Test func silenceThatEndsWithAnErrorIsAFailure() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        _ = bench.next(after: second)
        let since = bench.now
        _ = bench.actions(after: Limits.diskStallNanoseconds)
        bench.gateway.ringFailed(now: bench.now)
        #expect(
            bench.reports() == [.ringFailed(unsynced: 1, room: 63, retryNanoseconds: second)])
        #expect(bench.written(bench.next(after: second)) != nil)
        #expect(bench.reports() == [.ringRecovered(since: since, givenUp: 0)])
    }

    // MARK: A file that was cut

    @Test func fileThatWasCutGetsAllThatMemoryHolds() {
        var bench = Bench(settings(sinks: [], window: 16), slots: 64, oldest: 36, head: 100)
        for _ in 0..<4 {
            bench.receive(count: 3)
            bench.syncAll()
        }
        bench.receive()
        #expect(bench.next(after: second) == .writeRing(first: 112, count: 1, sync: true))
        bench.gateway.ringCut(now: bench.now)
        #expect(bench.gateway.cursor.synced == 100)
        let write = bench.next()
        let first = bench.written(write)
        #expect(first?.sequences == Array(100..<113))
        #expect(first?.head.synced == 100, "nothing is promised that is not there")
        let second = bench.written(bench.next())
        #expect(second?.sequences == [])
        #expect(second?.head.synced == 113)
        #expect((first?.head.generation ?? 0) % 2 != (second?.head.generation ?? 0) % 2)
        #expect(bench.reports() == [.ringCut(count: 13)])
        #expect(bench.gateway.deadline() == nil)
    }

    @Test func rewriteOfALargeWindowGoesInPieces() {
        var bench = Bench(settings(sinks: [], window: 8_192))
        for _ in 0..<4 {
            bench.receive(count: 1_500)
            bench.syncAll()
        }
        bench.receive()
        _ = bench.next(after: second)
        bench.gateway.ringCut(now: bench.now)
        var counts: [Int] = []
        while let action = bench.next() {
            if let written = bench.written(action) { counts.append(written.sequences.count) }
        }
        #expect(counts == [2_048, 2_048, 1_905])
        #expect(bench.gateway.counters.unsyncedGivenUp == 0)
    }

    @Test func rewriteThatFailsGoesOnWhereItWas() {
        var bench = Bench(settings(sinks: [], window: 16))
        bench.receive(count: 3)
        bench.syncAll()
        bench.receive()
        _ = bench.next(after: second)
        bench.gateway.ringCut(now: bench.now)
        #expect(bench.next() == .writeRing(first: 0, count: 4, sync: true))
        bench.gateway.ringFailed(now: bench.now)
        _ = bench.actions()
        #expect(bench.written(bench.next(after: second))?.sequences == [0, 1, 2, 3])
        #expect(bench.written(bench.next())?.sequences == [])
        #expect(bench.next()?.isWrite != true)
    }

    /// The ring is smaller than the window: of what memory holds, only what has a slot is written.
    @Test func rewriteOfASmallRingStaysWithinItsSlots() {
        var bench = Bench(settings(sinks: [], window: 64), slots: 8)
        for _ in 0..<5 {
            bench.receive(count: 3)
            bench.syncAll()
        }
        bench.receive()
        _ = bench.next(after: second)
        bench.gateway.ringCut(now: bench.now)
        #expect(bench.written(bench.next())?.sequences == Array(8..<16))
    }

    @Test func fileIsFoundCutByAWriteOnly() async {
        await #expect(processExitsWith: .failure) {
            var bench = Bench(settings(sinks: []))
            bench.gateway.ringCut(now: bench.now)
        }
    }
}
