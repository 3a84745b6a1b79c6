import Bytes
import Foundation
import Linux
import RecordRing
import TestSupport
import Testing

/// Portions of the ring for whoever asks while the gateway runs.
struct RingPortionTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("ring")
    }

    /// A ring of 200 slots with the records 100 to 299.
    private func ring() throws -> RingFile {
        let file = try RingFile.open(path, bytes: ringBytes(slots: 200))
        let job = RingJob(file: file, records: 100)
        #expect(job.write(100..<200, generation: 1) == nil)
        #expect(job.write(200..<300, generation: 2) == nil)
        return file
    }

    private func read(_ file: RingFile, _ sequences: Range<UInt64>) throws -> [UInt8]? {
        var bytes = FixedBuffer(capacity: 256 * Record.slotBytes)
        let isThere = try file.readSlots(
            first: sequences.lowerBound, count: sequences.count, into: &bytes)
        return isThere ? [UInt8](copying: bytes.bytes) : nil
    }

    @Test func portionGoesOverTheRingsEnd() throws {
        let file = try ring()
        #expect(try read(file, 100..<300) == slots(100..<300))
        #expect(try read(file, 190..<210) == slots(190..<210))
        #expect(try read(file, 299..<300) == slots(299..<300))
    }

    @Test func whatAFileWasCutByIsGivenUpAPageAtATime() throws {
        let file = try ring()
        // The file ends behind slot 139, which has the record 139.
        let length = RingGeometry(slotCount: 200).offset(ofSlot: 140)
        let result = unsafe truncate(path, off_t(length))
        #expect(result == 0)
        #expect(try read(file, 100..<140) == slots(100..<140))
        #expect(try read(file, 100..<150) == slots(100..<132), "the first page is there")
        #expect(try read(file, 120..<150) == nil)
        #expect(try read(file, 140..<141) == nil)
        #expect(try read(file, 200..<240) == slots(200..<240), "slots 0 to 39")
    }
}
