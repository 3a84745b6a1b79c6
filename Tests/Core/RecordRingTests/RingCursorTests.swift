import RecordRing
import TestSupport
import Testing

/// The arithmetic of sequences.
struct RingCursorTests {
    /// The same told with lists: what is in the ring, and what of it is not on the card.
    private struct Model {
        let slotCount: Int
        var next: UInt64
        var held: [UInt64]
        var unsynced: Set<UInt64> = []

        mutating func claim() -> UInt64 {
            if held.count == slotCount { unsynced.remove(held.removeFirst()) }
            held.append(next)
            unsynced.insert(next)
            next += 1
            return next - 1
        }

        mutating func markSynced(upTo sequence: UInt64) {
            unsynced = unsynced.filter { $0 >= sequence }
        }

        func agrees(with cursor: RingCursor) -> Bool {
            cursor.head == next && cursor.oldest == held.first ?? next
                && cursor.unsyncedCount == UInt64(unsynced.count)
                && cursor.synced == unsynced.min() ?? next
        }
    }

    @Test func newRingCountsFromZero() {
        var cursor = RingCursor(slotCount: 4, oldest: 0, head: 0)
        let claimed = (0..<3).map { _ in cursor.claim() }
        #expect(claimed == [0, 1, 2])
        #expect(cursor.oldest == 0)
        #expect(cursor.head == 3)
        #expect(cursor.unsyncedCount == 3)
    }

    @Test func fullRingGivesUpItsOldestRecord() {
        var cursor = RingCursor(slotCount: 4, oldest: 0, head: 4)
        #expect(cursor.claim() == 4)
        #expect(cursor.oldest == 1)
        #expect(cursor.slot(of: 4) == cursor.slot(of: 0))
    }

    @Test func recordOverwrittenBeforeItWasSyncedIsNoLongerUnsynced() {
        var cursor = RingCursor(slotCount: 2, oldest: 0, head: 0)
        for _ in 0..<5 { _ = cursor.claim() }
        #expect(cursor.oldest == 3)
        #expect(cursor.synced == 3)
        #expect(cursor.unsyncedCount == 2)
    }

    @Test func recordsFoundOnTheCardAreSynced() {
        let cursor = RingCursor(slotCount: 8, oldest: 10, head: 17)
        #expect(cursor.synced == 17)
        #expect(cursor.unsyncedCount == 0)
    }

    @Test func markOfAnOlderSyncChangesNothing() {
        var cursor = RingCursor(slotCount: 8, oldest: 0, head: 0)
        for _ in 0..<5 { _ = cursor.claim() }
        cursor.markSynced(upTo: 4)
        cursor.markSynced(upTo: 2)
        #expect(cursor.synced == 4)
        cursor.markSynced(upTo: 5)
        #expect(cursor.unsyncedCount == 0)
    }

    @Test func sequenceKeepsItsSlotForEver() {
        let cursor = RingCursor(slotCount: 7, oldest: 0, head: 0)
        #expect((0..<15).map { cursor.slot(of: $0) } == (0..<15).map { $0 % 7 })
    }

    @Test func randomOperationsAgreeWithTheModel() {
        var random = SeededRandom()
        for _ in 0..<300 {
            let slotCount = Int.random(in: 1...9, using: &random)
            let start = UInt64.random(in: 0...1 << 40, using: &random)
            let found = UInt64.random(in: 0...UInt64(slotCount), using: &random)
            var cursor = RingCursor(
                slotCount: UInt64(slotCount), oldest: start, head: start + found)
            var model = Model(
                slotCount: slotCount, next: start + found, held: [UInt64](start..<start + found))
            for step in 0..<60 {
                if Int.random(in: 0..<4, using: &random) == 0 {
                    let mark = UInt64.random(in: start...model.next, using: &random)
                    cursor.markSynced(upTo: mark)
                    model.markSynced(upTo: mark)
                } else if cursor.claim() != model.claim() {
                    Issue.record("another sequence at step \(step), seed \(random.seed)")
                }
                if !model.agrees(with: cursor) {
                    Issue.record("\(cursor) at step \(step): \(model), seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test func mistakesOfTheCallerAreNotSurvived() async {
        await #expect(processExitsWith: .failure) {
            _ = RingCursor(slotCount: 0, oldest: 0, head: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = RingCursor(slotCount: 4, oldest: 0, head: 5)
        }
        await #expect(processExitsWith: .failure) {
            _ = RingCursor(slotCount: 4, oldest: 3, head: 2)
        }
        await #expect(processExitsWith: .failure) {
            var cursor = RingCursor(slotCount: 4, oldest: 0, head: 2)
            cursor.markSynced(upTo: 3)
        }
    }
}
