import Foundation
import Glibc
import Linux
import RecordRing
import Testing

/// What is found in a ring file after the power went at any instant.
struct RingRecoveryTests {
    private let folder: TemporaryFolder
    private let path: String
    private static let slotCount: UInt64 = 40

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("ring")
    }

    /// A ring of 40 slots after these writes, each with a head record.
    private func ring(after ends: UInt64...) throws -> RingFile {
        let file = try RingFile.open(path, bytes: ringBytes(slots: Self.slotCount))
        let job = RingJob(file: file, records: Int(Self.slotCount))
        var first: UInt64 = 0
        for (index, end) in ends.enumerated() {
            #expect(job.write(first..<end, generation: UInt64(index) + 1) == nil)
            first = end
        }
        return file
    }

    private func damage(slotOf sequence: UInt64) throws {
        let offset = 16_384 + 128 * (sequence % Self.slotCount)
        try overwrite(path, at: offset + 64, with: [UInt8](repeating: 0xA5, count: 64))
    }

    private func damageHead(generation: UInt64) throws {
        let offset = RingGeometry.headOffset(generation: generation)
        try overwrite(path, at: offset + 100, with: [0xA5])
    }

    @Test func newRingIsEmptyAndHasNoHead() throws {
        let found = try ring().recover()
        #expect(found.cursor == RingCursor(slotCount: 40, oldest: 0, head: 0))
        #expect(found.head == nil)
        #expect(found.recordCount == 0)
        #expect(found.damagedCount + found.tornCount == 0)
    }

    @Test func partlyFilledRingBeginsAtItsFirstRecord() throws {
        let found = try ring(after: 7, 13).recover()
        #expect(found.cursor == RingCursor(slotCount: 40, oldest: 0, head: 13))
        #expect(found.head?.generation == 2)
        #expect(found.head?.head == 13)
        #expect(found.recordCount == 13)
        #expect(found.damagedCount + found.tornCount == 0)
    }

    @Test func fullRingHoldsAsManyRecordsAsSlots() throws {
        let found = try ring(after: 40).recover()
        #expect(found.range == 0..<40)
        #expect(found.recordCount == 40)
    }

    @Test func wrappedRingHasLostItsOldestRecords() throws {
        let found = try ring(after: 30, 60, 95).recover()
        #expect(found.range == 55..<95)
        #expect(found.recordCount == 40)
        #expect(found.damagedCount + found.tornCount == 0)
    }

    @Test func tornSlotIsCountedAndTheOthersStay() throws {
        let file = try ring(after: 20)
        try damage(slotOf: 3)
        try damage(slotOf: 11)
        let found = try file.recover()
        #expect(found.range == 0..<20)
        #expect(found.recordCount == 18)
        #expect(found.damagedCount + found.tornCount == 2)
    }

    @Test func tornYoungestRecordIsNotUsedAgainAsASequence() throws {
        let file = try ring(after: 20)
        try damage(slotOf: 19)
        let found = try file.recover()
        #expect(found.range == 0..<20, "the head record knows of it")
        #expect(found.recordCount == 19)
    }

    @Test func recordThatLiesInAnothersSlotIsDamage() throws {
        let file = try ring(after: 20)
        try overwrite(path, at: 16_384 + 128 * 30, with: slots(29..<30))
        let found = try file.recover()
        #expect(found.range == 0..<20)
        #expect(found.damagedCount + found.tornCount == 1)
    }

    /// The slots of a write reached the card and its head record did not.
    @Test func recordsBehindTheHeadRecordCount() throws {
        let file = try ring(after: 10, 20)
        try overwrite(path, at: 16_384 + 128 * 20, with: slots(20..<25))
        let found = try file.recover()
        #expect(found.range == 0..<25)
        #expect(found.head?.head == 20)
    }

    @Test(arguments: [(1, 2), (2, 1)] as [(UInt64, UInt64)])
    func damagedHeadRecordLeavesTheOtherOne(_ damaged: UInt64, _ left: UInt64) throws {
        let file = try ring(after: 10, 20)
        try damageHead(generation: damaged)
        let found = try file.recover()
        #expect(found.head?.generation == left)
        #expect(found.head?.head == 10 * left)
        #expect(found.range == 0..<20, "the slots decide")
    }

    @Test func ringWithoutAHeadRecordIsReadFromItsSlots() throws {
        let file = try ring(after: 30, 60)
        try damageHead(generation: 1)
        try damageHead(generation: 2)
        let found = try file.recover()
        #expect(found.head == nil)
        #expect(found.range == 20..<60)
    }

    @Test func headRecordGoesOnWhereEverySlotIsLost() throws {
        let file = try ring(after: 10)
        try overwrite(path, at: 16_384, with: [UInt8](repeating: 0xFF, count: 40 * 128))
        let found = try file.recover()
        #expect(found.range == 0..<10, "each of them will be said to be unreadable")
        #expect(found.recordCount == 0)
        #expect(found.damagedCount + found.tornCount == 40)
    }

    @Test func fileThatIsCutUnderUsIsAnError() throws {
        let file = try ring(after: 10)
        try cut(path, to: 16_384 + 100)
        let error = #expect(throws: SystemError.self) { try file.recover() }
        #expect(error?.description == "pread \(path): No data available (errno 61)")
    }

    /// 16 MiB are 64 chunks: more than one of them at a time would be seen.
    @Test func largerRingNeedsNoMoreMemory() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let file = try RingFile.open(folder.file("ring"), bytes: 16 << 20)
            let before = ProcessMemory.read().residentBytesMax
            let found = try file.recover()
            #expect(found.recordCount == 0)
            #expect(ProcessMemory.read().residentBytesMax - before < 2_048 << 10)
        }
    }
}
