import Bytes
import Foundation
import Glibc
import Linux
import RecordRing
import Testing
import TestSupport

/// A ring file that is cut, deleted, moved or replaced while it is open.
struct RingMendTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        try Path.makeFolders(folder.file("data"))
        path = folder.file("data/ring")
    }

    /// A job on a ring of 40 slots that holds the records 0 to 9.
    private func job() throws -> RingJob {
        let job = RingJob(
            file: try RingFile.open(path, bytes: ringBytes(slots: 40)), records: 40)
        #expect(job.write(0..<10, generation: 1, sync: true) == nil)
        #expect(job.mend == nil)
        return job
    }

    private func length(of path: String) throws -> UInt64 {
        UInt64(try Path.contents(of: path, atMost: 1 << 24).count)
    }

    @Test(arguments: [0, 10, 4_096, 16_384 + 128 * 3, 16_384 + 128 * 39] as [UInt64])
    func fileThatWasCutIsSaidAndLaidAnewByTheNextWrite(length: UInt64) throws {
        let job = try job()
        try cut(path, to: length)
        #expect(job.write(10..<12, generation: 2, sync: true) == nil)
        #expect(job.mend == .cut(bytes: length))
        #expect(try self.length(of: path) == length, "the caller writes everything")
        #expect(job.write(8..<12, generation: 2, sync: true) == nil)
        #expect(job.mend == nil)
        #expect(try self.length(of: path) == ringBytes(slots: 40))
        let kept = min(8, Int(max(16_384, length) - 16_384) / Record.slotBytes)
        let bytes = job.read(0..<12)
        #expect(bytes?.prefix(kept * 128) == slots(0..<12).prefix(kept * 128))
        #expect(bytes?[(kept * 128)..<(8 * 128)].allSatisfy { $0 == 0 } == true)
        #expect(bytes?.suffix(4 * 128) == slots(8..<12).suffix(4 * 128))
        let header = try Path.contents(of: path, atMost: 1 << 24)
        #expect(
            try RingHeader(decoding: header.span, fileBytes: ringBytes(slots: 40)).geometry
                == RingGeometry(slotCount: 40))
    }

    /// The zeros find no room, and are written by a later try: the length alone is no ring.
    @Test func cutFileWhoseZerosFindNoRoomIsLaidByALaterTry() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = try RingFile.open(path, bytes: ringBytes(slots: 40))
            let job = RingJob(file: file, records: 40)
            #expect(job.write(0..<10, generation: 1, sync: true) == nil)
            try cut(path, to: 0)
            limitFileLength(16_384)
            #expect(job.write(10..<12, generation: 2) == nil)
            #expect(job.mend == .cut(bytes: 0))
            #expect(job.write(0..<12, generation: 2)?.number == EFBIG)
            #expect(job.write(0..<12, generation: 2)?.number == EFBIG)
            limitFileLength(1 << 30)
            #expect(job.write(0..<12, generation: 2) == nil)
            #expect(job.mend == nil)
            #expect(job.read(0..<12) == slots(0..<12))
        }
    }

    @Test func fileThatGrewIsCutBackAndWritten() throws {
        let job = try job()
        try cut(path, to: ringBytes(slots: 40) + 5)
        #expect(job.write(10..<12, generation: 2, sync: true) == nil)
        #expect(job.mend == .shortened(bytes: ringBytes(slots: 40) + 5))
        #expect(try length(of: path) == ringBytes(slots: 40))
        #expect(job.read(0..<12) == slots(0..<12))
    }

    @Test(arguments: ["deleted", "folder deleted", "moved", "emptied by another"])
    func fileThatLostItsNameIsPutBackWithEverythingAndLocked(how: String) throws {
        let job = try job()
        switch how {
        case "deleted": try Path.remove(path)
        case "moved": #expect(unsafe rename(path, folder.file("moved")) == 0)
        case "emptied by another":
            let empty = try folder.file("empty", holding: "")
            #expect(unsafe rename(empty, path) == 0)
        default: try FileManager.default.removeItem(atPath: folder.file("data"))
        }
        #expect(job.write(10..<12, generation: 2, sync: true) == nil)
        #expect(job.mend == .putBack(aside: nil))
        #expect(throws: RingFileError.locked(path: path)) {
            try RingFile.open(path, bytes: 0)
        }
        #expect(job.write(12..<13, generation: 3, sync: true) == nil)
        #expect(job.mend == nil)
        let bytes = try Path.contents(of: path, atMost: 1 << 24)
        #expect(Array(bytes[16_384..<16_384 + 13 * 128]) == slots(0..<13))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.file("data")) == ["ring"])
    }

    @Test func ringThatTookThePlaceIsKeptUnderAnotherName() throws {
        for number in 1...2 {
            let other = folder.file("other")
            do {
                let foreign = RingJob(
                    file: try RingFile.open(other, bytes: ringBytes(slots: 40)), records: 40)
                #expect(foreign.write(0..<3, generation: 1, sync: true) == nil)
            }
            let foreign = try Path.contents(of: other, atMost: 1 << 24)
            let job = try job()
            #expect(unsafe rename(other, path) == 0)
            #expect(job.write(10..<12, generation: 2, sync: true) == nil)
            #expect(job.mend == .putBack(aside: "\(path).\(number)"))
            #expect(try Path.contents(of: "\(path).\(number)", atMost: 1 << 24) == foreign)
            #expect(job.read(0..<12) == slots(0..<12))
        }
    }

    /// Nothing of others is touched. The open file is written all the same, so that it can be
    /// read and the copy that succeeds has it.
    @Test func whatIsNoRingStaysAndTheWriteFailsAndIsThereLater() throws {
        let job = try job()
        let letter = try folder.file("letter", holding: "Dear ring")
        #expect(unsafe rename(letter, path) == 0)
        let fault = job.write(10..<12, generation: 2, sync: true)
        #expect(fault == SystemError(call: "rename", subject: path, number: EEXIST))
        #expect(fault?.diskCause == .occupied)
        #expect(try text(of: path) == "Dear ring")
        #expect(job.read(0..<12) == slots(0..<12))
        #expect(unsafe rename(path, letter) == 0)
        #expect(job.write(12..<13, generation: 3, sync: true) == nil)
        #expect(job.mend == .putBack(aside: nil))
        #expect(job.read(0..<13) == slots(0..<13))
    }

    @Test func ringThatAnotherProcessHasOpenStays() throws {
        let job = try job()
        let other = folder.file("other")
        let foreign = try RingFile.open(other, bytes: ringBytes(slots: 40))
        #expect(unsafe rename(other, path) == 0)
        let fault = job.write(10..<12, generation: 2, sync: true)
        #expect(fault == SystemError(call: "flock", subject: path, number: EWOULDBLOCK))
        #expect(fault?.diskCause == .inUse)
        #expect(foreign.geometry.slotCount == 40)
    }

    @Test func folderInThePlaceIsOccupied() throws {
        let job = try job()
        try Path.remove(path)
        try Path.makeFolders(path)
        #expect(job.write(10..<12, generation: 2)?.diskCause == .occupied)
    }

    /// /proc is another file system: as when the card was unmounted below an open file.
    @Test func folderOfAnotherFileSystemIsNoPlaceForTheRing() throws {
        let job = try job()
        try FileManager.default.removeItem(atPath: folder.file("data"))
        #expect(unsafe symlink("/proc", folder.file("data")) == 0)
        let fault = job.write(10..<12, generation: 2, sync: true)
        #expect(fault == SystemError(call: "stat", subject: path, number: ESTALE))
        #expect(fault?.diskCause == .elsewhere)
    }

    @Test func copyThatFindsNoRoomLeavesNothingBehind() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = try RingFile.open(path, bytes: ringBytes(slots: 4_000))
            let job = RingJob(file: file, records: 40)
            #expect(job.write(0..<10, generation: 1, sync: true) == nil)
            try Path.remove(path)
            limitFileLength(300_000)
            #expect(job.write(10..<12, generation: 2, sync: true)?.number == EFBIG)
            #expect(!Path.exists(path) && !Path.exists("\(path).partial"))
            limitFileLength(1 << 30)
            #expect(job.write(12..<13, generation: 3, sync: true) == nil)
            #expect(job.mend == .putBack(aside: nil))
            #expect(job.read(0..<13) == slots(0..<13))
        }
    }
}
