import Diagnostics
import Gateway
import RecordRing
import Testing

/// When records reach the card.
struct RingWriteTests {
    @Test func recordIsHandedToTheRingWithinTheSyncInterval() {
        var bench = Bench(settings(sync: 250 * millisecond))
        bench.receive()
        #expect(bench.gateway.deadline() == bench.now + 250 * millisecond)
        bench.now += 100 * millisecond
        bench.receive()
        #expect(bench.next() == nil)
        #expect(bench.next(after: 150 * millisecond - 1) == nil)
        #expect(bench.next(after: 1) == .writeRing(first: 0, count: 2, sync: true))
    }

    @Test func intervalOfALaterRecordBeginsWithItsOwnArrival() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        let first = bench.next(after: second)
        bench.now += 300 * millisecond
        bench.receive()
        #expect(bench.written(first)?.sequences == [0])
        #expect(bench.gateway.deadline() == bench.now + second)
        #expect(bench.next(after: second) == .writeRing(first: 1, count: 1, sync: true))
    }

    @Test func oneJobRunsAtATime() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        let write = bench.next(after: second)
        bench.receive()
        #expect(bench.next(after: Limits.diskStallNanoseconds - second) == nil)
        #expect(
            bench.gateway.deadline() == bench.now + second, "the card decides when it goes on")
        _ = bench.written(write)
        #expect(bench.next() == .writeRing(first: 1, count: 1, sync: true))
    }

    @Test func writtenRecordsAreSyncedAndCounted() {
        var bench = Bench(settings(sinks: []))
        bench.receive(count: 3)
        let written = bench.written(bench.next(after: second))
        #expect(written?.sequences == [0, 1, 2])
        #expect(written?.head.head == 3)
        #expect(bench.gateway.cursor.synced == 3)
        let counters = bench.gateway.counters
        #expect(counters.ringWrites == 1 && counters.ringSyncs == 1)
        #expect(bench.gateway.durableLatency.count == 3)
        #expect(bench.gateway.durableLatency.maximum == UInt64(second))
        #expect(bench.actions(after: 60 * second) == [])
        #expect(bench.gateway.deadline() == nil)
    }

    @Test func failedWriteKeepsItsRecordsAndIsRepeatedWithThoseThatCameMeanwhile() {
        var bench = Bench(settings(sinks: []))
        bench.receive(count: 2)
        _ = bench.next(after: second)
        bench.receive()
        bench.gateway.ringFailed(now: bench.now)
        #expect(bench.gateway.cursor.synced == 0)
        #expect(bench.actions().map(\.isRingFailure) == [true])
        #expect(bench.gateway.deadline() == bench.now + Limits.diskRetryNanoseconds)
        let again = bench.next(after: Limits.diskRetryNanoseconds)
        #expect(again == .writeRing(first: 0, count: 3, sync: true))
        #expect(bench.written(again)?.sequences == [0, 1, 2])
        #expect(bench.actions().map(\.isRingRecovery) == [true])
        #expect(bench.gateway.counters.ringFailures == 1)
    }

    @Test func failureIsReportedOnceHoweverOftenItIsTried() {
        var bench = Bench(settings(sinks: []))
        bench.receive()
        var actions: [Action] = []
        for _ in 0..<20 {
            actions += bench.actions(after: Limits.diskRetryMaxNanoseconds)
            bench.gateway.ringFailed(now: bench.now)
        }
        #expect(actions.filter(\.isWrite).count == 20)
        #expect(actions.compactMap(\.report).map(\.isRingFailure) == [true])
    }

    /// The card does not answer: the window keeps the youngest and counts what left it.
    @Test func recordsThatLeaveTheWindowUnsyncedAreCounted() {
        var bench = Bench(settings(sinks: [], window: 8))
        bench.receive(count: 8)
        #expect(bench.gateway.hasRoom == false)
        #expect(bench.gateway.counters.unsyncedGivenUp == 0)
        bench.receive(count: 5)
        #expect(bench.gateway.counters.unsyncedGivenUp == 5)
        #expect(bench.written(bench.next(after: second))?.sequences == Array(5..<13))
        #expect(bench.gateway.hasRoom == true)
    }

    /// The ring is smaller than the window: what goes over its end was never on the card.
    @Test func recordsOverwrittenBeforeTheyWereSyncedAreCountedToo() {
        var bench = Bench(settings(sinks: [], window: 64), slots: 8)
        bench.receive(count: 8)
        #expect(bench.gateway.hasRoom == false)
        bench.receive(count: 5)
        #expect(bench.gateway.counters.unsyncedGivenUp == 5)
    }

    @Test func burstIsSyncedBeforeItFillsTheMemory() {
        var bench = Bench(settings(sinks: [], window: 64))
        bench.receive(count: 32)
        #expect(bench.next() == .writeRing(first: 0, count: 32, sync: true))
        var small = Bench(settings(sinks: [], window: 64), slots: 8)
        small.receive(count: 4)
        #expect(small.next() == .writeRing(first: 0, count: 4, sync: true))
    }

    @Test func longBacklogIsWrittenInPieces() {
        var bench = Bench(settings(sinks: [], window: 8_192))
        bench.receive(count: Limits.writeRecords + 10)
        let first = bench.next()
        #expect(first == .writeRing(first: 0, count: Limits.writeRecords, sync: true))
        _ = bench.written(first)
        #expect(
            bench.next(after: second)
                == .writeRing(first: UInt64(Limits.writeRecords), count: 10, sync: true))
    }

    /// A write for few records would cost the card more than what it saves: it comes with its sync.
    @Test func tailThatMovedForAFewRecordsIsWrittenWhenItIsSynced() {
        var bench = Bench()
        bench.receive(count: 4)
        _ = bench.written(bench.next(after: second))
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        bench.answer(accepted: [true, true, true, true])
        #expect(bench.gateway.deadline() == bench.now + Limits.tailSyncNanoseconds)
        #expect(bench.next(after: Limits.tailSyncNanoseconds - 1) == nil)
        let sync = bench.next(after: 1)
        #expect(sync == .writeRing(first: 4, count: 0, sync: true))
        #expect(bench.written(sync)?.head.tail(of: name("kinesis")) == 4)
        #expect(bench.gateway.deadline() == nil)
    }

    /// The sink has just acknowledged `count` records, by fifties; they were synced before.
    private func acknowledged(_ count: Int) -> Bench {
        var bench = Bench(settings(sinks: [kinesis(batch: 50)], window: 1_024))
        bench.receive(count: count)
        #expect(bench.next() == .send(sink: 0))
        for sent in stride(from: 50, through: count, by: 50) {
            if sent == 50 { _ = bench.written(bench.next(after: second)) }
            _ = bench.request()
            bench.answer(accepted: Array(repeating: true, count: 50))
            if sent < count { #expect(bench.next() == .send(sink: 0)) }
        }
        return bench
    }

    @Test func tailThatMovedForManyRecordsIsWrittenAWhileAfterTheLastWriteAndSyncedLater() {
        let many = Limits.tailWriteRecords
        var bench = acknowledged(many)
        #expect(bench.gateway.deadline() == bench.now + Limits.tailWriteNanoseconds)
        #expect(bench.next(after: Limits.tailWriteNanoseconds - 1) == nil)
        let write = bench.next(after: 1)
        #expect(write == .writeRing(first: UInt64(many), count: 0, sync: false))
        #expect(bench.written(write)?.head.tail(of: name("kinesis")) == UInt64(many))
        #expect(bench.next() == nil)
        let wait = Limits.tailSyncNanoseconds - Limits.tailWriteNanoseconds
        #expect(bench.gateway.deadline() == bench.now + wait)
        #expect(bench.next(after: wait) == .writeRing(first: UInt64(many), count: 0, sync: true))
    }

    /// A sink that answers one by one costs a head record for 500 of them, and a drain none too
    /// few: its last tail does not wait.
    @Test func tailsThatMoveOneAfterTheOtherShareAHeadRecord() {
        var bench = Bench(settings(sinks: [kinesis(batch: 1)], window: 4_096))
        var heads: [RingHead] = []
        for _ in 0..<1_600 {
            bench.receive()
            while let action = bench.next() {
                if case .send = action {
                    _ = bench.request()
                    bench.answer(accepted: [true])
                }
                if let written = bench.written(action) { heads.append(written.head) }
            }
            bench.now += second / 1_000
        }
        let tails = heads.compactMap { $0.tail(of: name("kinesis")) }
        #expect(tails == [500, 1_000, 1_500])
        #expect(bench.gateway.counters.ringSyncs == 0)
        bench.receive()
        #expect(bench.actions() == [.send(sink: 0)])
        _ = bench.request()
        bench.gateway.drain()
        bench.answer(accepted: [true])
        #expect(bench.written(bench.next())?.head.tail(of: name("kinesis")) == 1_601)
    }

    /// Whoever ends a drain early waits for what a sink has already acknowledged.
    @Test func gatewayIsNotOnTheCardBeforeItsTailsAre() {
        var bench = Bench(settings(sinks: [kinesis(batch: 1), file(batch: 1)]))
        bench.receive()
        bench.gateway.drain()
        _ = bench.written(bench.next())
        #expect(bench.gateway.isOnCard == true)
        #expect(bench.actions() == [.send(sink: 0), .send(sink: 1)])
        _ = bench.request()
        bench.answer(accepted: [true])
        #expect(bench.gateway.isOnCard == false)
        #expect(bench.gateway.deadline() == bench.now + Limits.tailWriteNanoseconds)
        let write = bench.next(after: Limits.tailWriteNanoseconds)
        #expect(bench.written(write)?.head.tail(of: name("kinesis")) == 1)
        #expect(bench.gateway.isOnCard == true)
    }

    /// A few records wait for their sync.
    @Test(arguments: [1, 100])
    func tailThatCouldNotBeWrittenIsWrittenAgain(_ count: Int) {
        let end = UInt64(count)
        var bench = Bench(settings(sinks: [kinesis(batch: count)], window: 1_024))
        bench.receive(count: count)
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        _ = bench.written(bench.next(after: second))
        bench.answer(accepted: Array(repeating: true, count: count))
        let write = bench.next(after: Limits.tailSyncNanoseconds)
        #expect(write == .writeRing(first: end, count: 0, sync: true))
        bench.gateway.ringFailed(now: bench.now)
        _ = bench.actions()
        #expect(bench.gateway.deadline() == bench.now + second)
        let again = bench.next(after: second)
        #expect(again == .writeRing(first: end, count: 0, sync: true))
        #expect(bench.written(again)?.head.tail(of: name("kinesis")) == end)
    }

    @Test func tailThatCouldNotBeWrittenBeforeItsSyncIsWrittenAgain() {
        let count = Limits.tailWriteRecords
        var bench = acknowledged(count)
        let write = bench.next(after: Limits.tailWriteNanoseconds)
        #expect(write == .writeRing(first: UInt64(count), count: 0, sync: false))
        bench.gateway.ringFailed(now: bench.now)
        _ = bench.actions()
        let again = bench.next(after: second)
        #expect(again == .writeRing(first: UInt64(count), count: 0, sync: true))
    }

    /// Two copies are written in turn; a copy that was synced is not touched before the other one
    /// has been synced too, so no power cut takes both.
    @Test func syncedHeadRecordIsNotOverwrittenBeforeTheNextOneIsSynced() {
        var bench = Bench(settings(sinks: []), record: RingHead(generation: 6, head: 0))
        var places: [Bool] = []
        for isWritten in [true, false, false, true, true] {
            bench.receive()
            _ = bench.next(after: Limits.diskRetryMaxNanoseconds)
            places.append(bench.gateway.headRecord().generation % 2 == 1)
            if isWritten {
                bench.gateway.ringWritten(now: bench.now)
            } else {
                bench.gateway.ringFailed(now: bench.now)
            }
            _ = bench.actions()
        }
        #expect(places == [true, false, false, false, true])
    }

    @Test func everyHeadRecordIsYoungerThanTheOneBefore() {
        var bench = Bench(settings(sinks: []), record: RingHead(generation: 6, head: 0))
        var generation: UInt64 = 6
        for round in 0..<10 {
            bench.receive()
            _ = bench.next(after: Limits.diskRetryMaxNanoseconds)
            let next = bench.gateway.headRecord().generation
            #expect(next > generation)
            generation = next
            if round % 3 == 0 {
                bench.gateway.ringFailed(now: bench.now)
            } else {
                bench.gateway.ringWritten(now: bench.now)
            }
            _ = bench.actions()
        }
    }
}
