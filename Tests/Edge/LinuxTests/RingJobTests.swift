import Bytes
import Foundation
import Glibc
import Linux
import RecordRing
import Testing
import TestSupport

/// Writing to a ring file and reading from it, without a worker.
struct RingJobTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("ring")
    }

    private func ring(slots: UInt64 = 40) throws -> RingFile {
        try RingFile.open(path, bytes: ringBytes(slots: slots))
    }

    /// The head record in place A (1) or B (2) of the file.
    private func head(_ place: UInt64) throws -> RingHead? {
        let bytes = try Path.contents(of: path, atMost: 1 << 24)
        let offset = Int(RingGeometry.headOffset(generation: place))
        return RingHead(decoding: bytes.span.extracting(offset..<offset + RingHead.byteCount))
    }

    @Test func recordsAreReadBackAsTheyWereWritten() throws {
        let job = RingJob(file: try ring(), records: 10)
        #expect(job.write(0..<10, generation: 1) == nil)
        #expect(!job.isRead)
        #expect(job.read(0..<10) == slots(0..<10))
        #expect(job.isRead)
        #expect(job.read(4..<6) == slots(4..<6))
        #expect(job.read(9..<9) == [])
    }

    @Test func jobAcrossTheRingsEndIsOneJob() throws {
        let job = RingJob(file: try ring(), records: 40)
        #expect(job.write(0..<35, generation: 1) == nil)
        #expect(job.write(35..<45, generation: 2) == nil)
        #expect(job.read(35..<45) == slots(35..<45))
        #expect(job.read(39..<41) == slots(39..<41))
        let bytes = try Path.contents(of: path, atMost: 1 << 24)
        #expect(Array(bytes[16_384..<16_384 + 640]) == slots(40..<45), "the ring's beginning")
        #expect(UInt64(bytes.count) == ringBytes(slots: 40))
    }

    @Test func jobOfTheWholeRingFitsWhereverItBegins() throws {
        let file = try ring()
        let job = RingJob(file: file, records: 40)
        for first in [UInt64(0), 1, 39, 40, 1_000_017] {
            #expect(job.write(first..<first + 40, generation: 1) == nil)
            #expect(job.read(first..<first + 40) == slots(first..<first + 40))
        }
        #expect(UInt64(try Path.contents(of: path, atMost: 1 << 24).count) == ringBytes(slots: 40))
    }

    @Test func headRecordsAlternate() throws {
        let job = RingJob(file: try ring(), records: 10)
        #expect(job.write(0..<1, generation: 1) == nil)
        #expect(try head(1)?.generation == 1)
        #expect(try head(2) == nil)
        #expect(job.write(1..<2, generation: 2) == nil)
        #expect(try head(1)?.generation == 1)
        #expect(try head(2)?.generation == 2)
        #expect(job.write(2..<3, generation: 3) == nil)
        #expect(try head(1)?.generation == 3)
        #expect(try head(2)?.generation == 2)
    }

    @Test func headRecordIsWrittenWithoutRecordsToo() throws {
        let file = try ring()
        let job = RingJob(file: file, records: 1)
        #expect(job.write(0..<0, generation: 1) == nil)
        #expect(try head(1)?.generation == 1)
        #expect(try file.recover().recordCount == 0)
    }

    @Test func tailsOfTheSinksComeBack() throws {
        let file = try ring()
        let job = RingJob(file: file, records: 1)
        let sink = try #require(SensorName("kinesis"))
        var head = RingHead(generation: 7, head: 1)
        head.append(SinkTail(sink: sink, tail: 1))
        job.prepareWrite(first: 0, head: head, sync: true) { appendSlots(0..<1, to: &$0) }
        job.perform()
        #expect(job.failure == nil)
        #expect(try file.recover().head == head)
    }

    @Test func wearCountsWhatTheCardWasAskedForAndGoesIntoTheNextHeadRecord() throws {
        let file = try ring()
        var wear = WearStatistics()
        wear.bytesWritten = 1_000_000
        wear.syncs = 50
        wear.longestSyncMicroseconds = 3_600_000_000
        let job = RingJob(file: file, records: 10, wear: wear)
        #expect(job.write(0..<10, generation: 1) == nil)
        #expect(job.syncNanoseconds == nil)
        #expect(try file.recover().head?.wear == wear)
        #expect(job.write(10..<11, generation: 2, sync: true) == nil)
        #expect(job.syncNanoseconds.map { $0 >= 0 } == true)
        wear.bytesWritten += 11 * 128 + 2 * UInt64(RingHead.byteCount)
        wear.noteSync(nanoseconds: try #require(job.syncNanoseconds))
        wear.longestSyncMicroseconds = 3_600_000_000
        #expect(job.wear == wear)
        #expect(job.read(0..<1) != nil)
        #expect(job.syncNanoseconds == nil)
        #expect(job.wear == wear)
    }

    @Test func fullDeviceIsTheJobsFailureAndTheNextTryMendsIt() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = try RingFile.open(path, bytes: ringBytes(slots: 40))
            let job = RingJob(file: file, records: 10)
            #expect(job.write(0..<10, generation: 1, sync: true) == nil)
            let wear = job.wear
            // Slots from 24 on cannot be written; 20 to 23 are.
            limitFileLength(16_384 + 24 * 128)
            #expect(
                job.write(20..<30, generation: 2, sync: true)
                    == SystemError(call: "pwrite", subject: path, number: EFBIG))
            #expect(job.wear == wear)
            #expect(job.syncNanoseconds == nil)
            let before = try file.recover().head?.generation
            #expect(before == 1, "no head before its records")
            limitFileLength(1 << 30)
            #expect(job.write(20..<30, generation: 2, sync: true) == nil)
            #expect(job.read(20..<30) == slots(20..<30))
            let after = try file.recover().head?.generation
            #expect(after == 2)
        }
    }

    @Test func readOfAFileThatWasCutIsTheJobsFailure() throws {
        let job = RingJob(file: try ring(), records: 40)
        #expect(job.write(0..<40, generation: 1) == nil)
        try cut(path, to: 16_384 + 128 * 20)
        #expect(job.read(10..<30) == nil)
        #expect(job.failure == SystemError(call: "pread", subject: path, number: ENODATA))
        #expect(job.read(10..<20) == slots(10..<20))
    }

    @Test func workerCarriesOutWriteAndRead() throws {
        let worker = try DiskWorker(capacity: 1)
        let job = RingJob(file: try ring(), records: 10)
        job.prepareWrite(first: 0, head: RingHead(generation: 1, head: 10), sync: true) {
            appendSlots(0..<10, to: &$0)
        }
        worker.submit(job)
        #expect(becomesReadable(worker.number))
        #expect(worker.nextFinished() === job)
        #expect(job.failure == nil)
        job.prepareRead(first: 2, count: 5)
        worker.submit(job)
        #expect(becomesReadable(worker.number))
        #expect(worker.nextFinished() === job)
        worker.stop()
        job.withSlots { #expect([UInt8](copying: $0) == slots(2..<7)) }
    }

    @Test func jobThatWasNotPreparedIsABug() async {
        await #expect(processExitsWith: .failure) { [path = path as String] in
            RingJob(file: try RingFile.open(path, bytes: 20_480), records: 1)
                .perform()
        }
    }

    /// It would lie beyond the file's end, and the file would be refused at the next start.
    @Test func writeLargerThanTheRingIsABug() async throws {
        await #expect(processExitsWith: .failure) { [path = path as String] in
            let file = try RingFile.open(path, bytes: ringBytes(slots: 32))
            _ = RingJob(file: file, records: 64).write(16..<64, generation: 1)
        }
        #expect(try RingFile.open(path, bytes: 0).recover().recordCount == 0)
    }

    @Test func writeLargerThanTheJobIsABug() async {
        await #expect(processExitsWith: .failure) { [path = path as String] in
            let file = try RingFile.open(path, bytes: 20_480)
            let job = RingJob(file: file, records: 1)
            let head = RingHead(generation: 1, head: 2)
            job.prepareWrite(first: 0, head: head, sync: false) { buffer in
                for _ in 0..<2 { buffer.append(slots(0..<1).span) }
            }
        }
    }

    @Test func readLargerThanTheJobIsABug() async {
        await #expect(processExitsWith: .failure) { [path = path as String] in
            let file = try RingFile.open(path, bytes: 20_480)
            RingJob(file: file, records: 4).prepareRead(first: 0, count: 5)
        }
    }
}
