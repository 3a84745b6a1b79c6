import Foundation
import Glibc
import Linux
import RecordRing
import Testing

/// Opening a ring file: what is taken, what is refused, and in which words.
struct RingFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("ring")
    }

    private func refusal(bytes: UInt64 = 1 << 20) -> String? {
        let error = #expect(throws: RingFileError.self) {
            _ = try RingFile.open(path, bytes: bytes)
        }
        return error?.description
    }

    @Test(arguments: [(20_480, 32), (20_607, 32), (20_608, 33), (1 << 20, 8_064)])
    func newRingTakesTheSizeAskedForAtMost(_ bytes: UInt64, _ slots: UInt64) throws {
        let ring = try RingFile.open(path, bytes: bytes)
        #expect(ring.geometry.slotCount == slots)
        let length = try FileDescriptor.open(path, .readOnly).length(of: path)
        #expect(length == 16_384 + 128 * slots)
    }

    @Test func newRingHasItsPlaceOnTheMedium() throws {
        _ = try RingFile.open(path, bytes: 1 << 20)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_blocks * 512 >= 1 << 20)
    }

    @Test func existingRingKeepsItsSizeAndItsRecords() throws {
        do {
            let ring = try RingFile.open(path, bytes: ringBytes(slots: 40))
            #expect(RingJob(file: ring, records: 8).write(0..<8, generation: 1) == nil)
        }
        for bytes in [UInt64(0), 20_480, 1 << 20] {
            let ring = try RingFile.open(path, bytes: bytes)
            #expect(ring.geometry.slotCount == 40)
            #expect(try ring.recover().range == 0..<8)
        }
    }

    @Test func ringThatIsOpenIsLocked() throws {
        do {
            let ring = try RingFile.open(path, bytes: 1 << 20)
            #expect(
                refusal() == "\(path): another pulsegate uses this ring; stop it (systemctl stop "
                    + "pulsegate) or choose another data folder")
            #expect(try ring.recover().recordCount == 0)
        }
        _ = try RingFile.open(path, bytes: 1 << 20)
    }

    @Test func ringOfAnotherProcessIsLocked() async throws {
        let ring = try RingFile.open(path, bytes: 1 << 20)
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(throws: RingFileError.locked(path: path)) {
                _ = try RingFile.open(path, bytes: 1 << 20)
            }
        }
        #expect(try ring.recover().recordCount == 0)
    }

    /// A program that another thread starts has copies of all descriptors until its exec(2).
    @Test func lockGoesWithTheRingThoughItsDescriptorWasCopied() throws {
        var copies: [Int32] = []
        defer { for copy in copies { _ = close(copy) } }
        do {
            let ring = try RingFile.open(path, bytes: 20_480)
            copies = (0..<1_024).filter { isOurs($0) }.map { dup($0) }
            #expect(try ring.recover().recordCount == 0)
        }
        #expect(copies.count == 1)
        _ = try RingFile.open(path, bytes: 20_480)
    }

    /// Whether the descriptor is one of the ring's file.
    private func isOurs(_ number: Int32) -> Bool {
        var named = stat()
        var open = stat()
        guard unsafe stat(path, &named) == 0, unsafe fstat(number, &open) == 0 else { return false }
        return named.st_ino == open.st_ino && named.st_dev == open.st_dev
    }

    @Test func lockGoesWithItsProcess() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let ring = try RingFile.open(path, bytes: ringBytes(slots: 32))
            #expect(RingJob(file: ring, records: 3).write(0..<3, generation: 1) == nil)
            raise(SIGKILL)
        }
        #expect(try RingFile.open(path, bytes: 0).recover().range == 0..<3)
    }

    @Test(arguments: ["x", "PULSRINX and more than the 28 bytes of a header", "PULSRING"])
    func foreignFileIsRefusedAndLeftAsItIs(_ content: String) throws {
        _ = try folder.file("ring", holding: content)
        #expect(
            refusal() == "\(path): not a ring file; move it away or choose another data folder")
        #expect(try text(of: path) == content)
    }

    @Test func foreignFileThatBeginsWithZerosIsNotBlank() throws {
        var bytes = [UInt8](repeating: 0, count: 600_000)
        bytes[599_999] = 1
        _ = try folder.file("ring", holding: bytes)
        #expect(
            refusal() == "\(path): not a ring file; move it away or choose another data folder")
        // A long list is not compared by the macro, which would look for the difference.
        let isUntouched = try Path.contents(of: path, atMost: 600_000) == bytes
        #expect(isUntouched)
    }

    @Test(arguments: [20_479, 20_481, 28, 40_960] as [UInt64])
    func fileOfAnotherLengthThanItsHeaderSaysIsRefused(_ length: UInt64) throws {
        _ = try RingFile.open(path, bytes: 20_480)
        try cut(path, to: length)
        #expect(
            refusal() == "\(path): \(length) bytes long, and its header says 20480; the file was "
                + "cut or copied incompletely; mend it with `pulsegate ring fsck --repair`, or "
                + "move it away to begin a new one")
    }

    @Test func fileOfANewerVersionIsRefused() throws {
        _ = try RingFile.open(path, bytes: 20_480)
        try overwrite(path, at: 8, with: [2, 0, 0, 0])
        #expect(
            refusal() == "\(path): written by a newer pulsegate (ring format 2, this one reads 1); "
                + "install that version again")
    }

    /// Each byte behind the version: slot size, number of slots, checksum.
    @Test(arguments: [12, 16, 22, 24, 27] as [UInt64])
    func damagedHeaderIsRefused(_ offset: UInt64) throws {
        _ = try RingFile.open(path, bytes: 20_480)
        let byte = try Path.contents(of: path, atMost: 20_480)[Int(offset)]
        try overwrite(path, at: offset, with: [byte ^ 0x10])
        #expect(
            refusal()
                == "\(path): the ring's header is damaged; mend it with `pulsegate ring fsck "
                + "--repair`, or move the file away to begin a new one")
    }

    @Test(arguments: [0, 1, 20_479] as [UInt64])
    func ringWithoutRoomForRecordsIsRefused(_ bytes: UInt64) throws {
        #expect(
            refusal(bytes: bytes)
                == "\(path): a ring of \(bytes) bytes holds no record; take 1MiB or more")
        let ring = try RingFile.open(path, bytes: 20_480)
        #expect(ring.geometry.slotCount == 32, "the refusal is in nobody's way")
    }

    /// The power went while a ring of 20,480 or of 400,000 bytes was laid: there are zeros.
    @Test(arguments: [0, 1, 4_096, 20_480, 262_144, 400_000])
    func blankFileIsLaidAgain(_ length: Int) throws {
        _ = try folder.file("ring", holding: [UInt8](repeating: 0, count: length))
        do {
            let ring = try RingFile.open(path, bytes: 20_480)
            #expect(ring.geometry.slotCount == 32)
            #expect(try ring.recover().recordCount == 0)
        }
        #expect(try Path.contents(of: path, atMost: 20_480).count == 20_480)
        #expect(try RingFile.open(path, bytes: 0).geometry.slotCount == 32)
    }

    /// The power went while the header was written: some of its bytes are there, and nothing else.
    @Test func ringWhoseHeaderWasBegunIsLaidAgain() throws {
        _ = try RingFile.open(path, bytes: 20_480)
        let whole = try Path.contents(of: path, atMost: 20_480)
        for count in 1..<RingHeader.byteCount {
            for isFront in [true, false] {
                var torn = whole
                let lost = isFront ? count..<RingHeader.byteCount : 0..<count
                for index in lost { torn[index] = 0 }
                try overwrite(path, at: 0, with: torn)
                let ring = try RingFile.open(path, bytes: 20_480)
                #expect(try ring.recover().recordCount == 0)
                #expect(try Path.contents(of: path, atMost: 20_480) == whole)
            }
        }
    }

    /// One more byte anywhere, and it is no ring that was being laid.
    @Test(arguments: [0, 9, 28, 4_096, 20_479])
    func headerThatWasBegunInAFileWithMoreInItIsRefused(_ place: Int) throws {
        _ = try RingFile.open(path, bytes: 20_480)
        var torn = try Path.contents(of: path, atMost: 20_480)
        for index in 16..<RingHeader.byteCount { torn[index] = 0 }
        torn[place] = 0x77
        try overwrite(path, at: 0, with: torn)
        #expect(refusal() != nil)
        #expect(try Path.contents(of: path, atMost: 20_480) == torn)
    }

    @Test func missingFolderIsAnError() throws {
        let path = folder.file("missing/ring")
        let error = #expect(throws: RingFileError.self) {
            _ = try RingFile.open(path, bytes: 20_480)
        }
        #expect(error?.description == "open \(path): No such file or directory (errno 2)")
    }

    @Test func fullDeviceIsAnError() throws {
        let error = #expect(throws: RingFileError.self) {
            _ = try RingFile.open("/dev/full", bytes: 20_480)
        }
        #expect(error?.description == "pwrite /dev/full: No space left on device (errno 28)")
    }

    @Test func ringThatFindsNoRoomTakesNone() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            limitFileLength(300_000)
            let noRoom = SystemError(call: "pwrite", subject: path, number: EFBIG)
            #expect(throws: RingFileError.system(noRoom)) {
                _ = try RingFile.open(path, bytes: 1 << 20)
            }
            let left = try Path.contents(of: path, atMost: 1 << 20).count
            #expect(left == 0)
            limitFileLength(1 << 20)
            let ring = try RingFile.open(path, bytes: 1 << 20)
            #expect(ring.geometry.slotCount == 8_064)
        }
    }
}
