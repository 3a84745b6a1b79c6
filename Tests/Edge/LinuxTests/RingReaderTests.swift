import Bytes
import Glibc
import RecordRing
import Testing
import Time
import Vitals

@testable import Linux

/// A ring file of the fewest slots, written as its layout says.
private struct TestRing {
    static let slotCount: UInt64 = 64
    let folder: TemporaryFolder
    let path: String
    let geometry = RingGeometry(slotCount: slotCount)

    init(head: UInt64, generations: [UInt64] = [1, 2]) throws {
        folder = try TemporaryFolder()
        var bytes = [UInt8](repeating: 0, count: Int(geometry.fileBytes))
        var front = bytes.mutableSpan
        RingHeader(geometry: geometry).encode(into: &front)
        for generation in generations {
            let start = Int(RingGeometry.headOffset(generation: generation))
            var record = RingHead(generation: generation, head: head)
            record.append(SinkTail(sink: try #require(SensorName("local")), tail: 2))
            bytes.replaceSubrange(start..<start + RingHead.byteCount, with: Self.encoded(record))
        }
        for sequence in 0..<head {
            let start = Int(geometry.offset(ofSlot: sequence % Self.slotCount))
            bytes.replaceSubrange(start..<start + 128, with: try Self.slot(sequence))
        }
        path = try folder.file("ring", holding: bytes)
    }

    static func encoded(_ head: RingHead) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: RingHead.byteCount)
        var span = page.mutableSpan
        head.encode(into: &span)
        return page
    }

    static func slot(_ sequence: UInt64) throws -> [UInt8] {
        let record = Record(
            sequence: sequence,
            time: Moment(monotonicNanoseconds: 1, wallMicroseconds: Int64(sequence) * 1_000_000),
            clock: .synced, boot: BootID(high: 1, low: 2), session: 3,
            sensor: try #require(SensorName("strap")),
            payload: .heartRate(HeartRateMeasurement(beatsPerMinute: 60)))
        var slot = [UInt8](repeating: 0, count: 128)
        var span = slot.mutableSpan
        record.encode(into: &span)
        return slot
    }

    func overwrite(slot: UInt64, byte: UInt64 = 0, with bytes: [UInt8]) throws {
        try LinuxTests.overwrite(path, at: geometry.offset(ofSlot: slot) + byte, with: bytes)
    }

    func bytes() throws -> [UInt8] { try Path.contents(of: path, atMost: 1 << 20) }
}

private func sequences(_ reader: inout RingReader, _ range: Range<UInt64>) throws -> [UInt64] {
    var found: [UInt64] = []
    let geometry = reader.geometry
    try reader.forEachSequence(in: range) { sequence, bytes in
        let slot = sequence % geometry.slotCount
        if case .record(let record) = SlotContent(of: bytes, slot: slot, geometry: geometry),
            record.sequence == sequence
        {
            found.append(sequence)
        }
    }
    return found
}

private func failure(_ open: () throws(RingReaderError) -> Void) -> RingReaderError? {
    do throws(RingReaderError) {
        try open()
        return nil
    } catch {
        return error
    }
}

@Suite struct RingReaderTests {
    @Test func recordsComeInTheOrderOfTheirSequencesAcrossTheRingsEnd() throws {
        let ring = try TestRing(head: 100)
        var reader = try RingReader.open(ring.path)
        let survey = try reader.survey()
        #expect(survey.cursor.oldest == 36)
        #expect(survey.wholeEnd == 100)
        #expect(try sequences(&reader, 36..<100) == Array(36..<100))
        #expect(try sequences(&reader, 60..<70) == Array(60..<70))
    }

    @Test func aRingIsReadBesideWhoeverHasItsLock() throws {
        let ring = try TestRing(head: 10)
        let owner = try RingFile.open(ring.path, bytes: 1 << 20)
        var reader = try RingReader.open(ring.path)
        #expect(try reader.survey().wholeEnd == 10)
        let error = failure { () throws(RingReaderError) in _ = try RingReader.openAlone(ring.path)
        }
        #expect(error == .locked(path: ring.path))
        withExtendedLifetime(owner) {}
    }

    @Test func aReaderThatIsAloneKeepsOthersOut() throws {
        let ring = try TestRing(head: 10)
        do {
            let reader = try RingReader.openAlone(ring.path)
            #expect(throws: RingFileError.locked(path: ring.path)) {
                try RingFile.open(ring.path, bytes: 1 << 20)
            }
            #expect(reader.slotsInFile == 64)
        }
        _ = try RingFile.open(ring.path, bytes: 1 << 20)
    }

    @Test func whatIsNoRingIsRefused() throws {
        let folder = try TemporaryFolder()
        func error(_ path: String) -> RingReaderError? {
            failure { () throws(RingReaderError) in
                var reader = try RingReader.open(path)
                _ = try reader.survey()
            }
        }
        let absent = folder.file("absent")
        #expect(error(absent) == .absent(path: absent))
        for (name, bytes) in [
            ("empty", []), ("short", [1, 2, 3]), ("text", Array("PULS".utf8)),
            ("zeros", [UInt8](repeating: 0, count: 1 << 16)),
            ("ones", [UInt8](repeating: 1, count: 1 << 16)),
        ] as [(String, [UInt8])] {
            let path = try folder.file(name, holding: bytes)
            #expect(error(path) == .notARing(path: path), "\(name)")
        }
    }

    @Test func aNewerRingIsRefused() throws {
        let ring = try TestRing(head: 3)
        try overwrite(ring.path, at: 8, with: [9, 0, 0, 0])
        let error = failure { () throws(RingReaderError) in _ = try RingReader.open(ring.path) }
        #expect(error == .newerVersion(path: ring.path, 9))
    }

    @Test func aDamagedHeaderDoesNotHideTheRecords() throws {
        for offset in [0, 16, 24] as [UInt64] {
            let ring = try TestRing(head: 70)
            try overwrite(ring.path, at: offset, with: [0xFF])
            var reader = try RingReader.open(ring.path)
            let fault: RingFormatError = offset == 0 ? .notARing : .headerDamaged
            #expect(reader.headerFault == fault)
            #expect(try reader.survey().wholeEnd == 70)
            #expect(try sequences(&reader, 6..<70) == Array(6..<70))
        }
    }

    @Test func aFileThatWasCutIsReadUpToItsEnd() throws {
        let ring = try TestRing(head: 64)
        try cut(ring.path, to: ring.geometry.offset(ofSlot: 10) + 100)
        var reader = try RingReader.open(ring.path)
        #expect(reader.slotsInFile == 10)
        #expect(
            reader.headerFault
                == .lengthDiffers(
                    expected: ring.geometry.fileBytes,
                    actual: ring.geometry.offset(ofSlot: 10) + 100))
        _ = try reader.survey()
        #expect(try sequences(&reader, 0..<64) == Array(0..<10))
        try cut(ring.path, to: 5_000)
        var stump = try RingReader.open(ring.path)
        #expect(stump.slotsInFile == 0)
        #expect(try stump.survey().headB == .damaged)
    }

    /// The writer of a slot finishes while the reader waits for it.
    @Test func aSlotThatIsHalfWrittenIsReadAgain() throws {
        let ring = try TestRing(head: 20)
        let next = try TestRing.slot(20)
        try ring.overwrite(slot: 20, with: Array(next.prefix(64)))
        var pauses = 0
        var reader = try RingReader.open(ring.path) {
            pauses += 1
            guard pauses == 3 else { return }
            do {
                try ring.overwrite(slot: 20, with: next)
            } catch {
                Issue.record("\(error)")
            }
        }
        let survey = try reader.survey()
        #expect(pauses == 3)
        #expect(survey.recovery.damagedCount + survey.recovery.tornCount == 0)
        #expect(survey.wholeEnd == 21)
    }

    @Test func aHeadRecordThatIsHalfWrittenIsReadAgain() throws {
        let ring = try TestRing(head: 20)
        var head = RingHead(generation: 3, head: 20)
        head.wear.syncs = 7
        let page = TestRing.encoded(head)
        try overwrite(ring.path, at: 4_096, with: Array(page.prefix(40)))
        var reader = try RingReader.open(ring.path) {
            do {
                try overwrite(ring.path, at: 4_096, with: page)
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(try reader.survey().head == head)
    }

    @Test func aDamagedRingIsNotWaitedForAgainAndAgain() throws {
        let ring = try TestRing(head: 20)
        try ring.overwrite(slot: 3, byte: 50, with: [1, 2, 3])
        try overwrite(ring.path, at: 4_096, with: [1])
        var pauses = 0
        var reader = try RingReader.open(ring.path) { pauses += 1 }
        for _ in 0..<20 { #expect(try reader.survey().recovery.tornCount == 1) }
        #expect(pauses == 50)
    }
}

@Suite struct RingRepairTests {
    private func repaired(_ ring: TestRing) throws -> RingRepair {
        var reader = try RingReader.openAlone(ring.path)
        return try reader.repair(try reader.survey(), sideFile: ring.folder.file("side"))
    }

    @Test func aCleanRingIsNotTouched() throws {
        let ring = try TestRing(head: 100)
        let before = try ring.bytes()
        #expect(try repaired(ring) == RingRepair())
        #expect(try ring.bytes() == before)
        #expect(try ring.folder.names() == ["ring"])
    }

    @Test func onlySlotsThatNobodyCanReadBecomeZeros() throws {
        let ring = try TestRing(head: 100)
        try ring.overwrite(slot: 3, byte: 90, with: [0xFF])
        try ring.overwrite(slot: 10, with: TestRing.slot(999))
        let before = try ring.bytes()
        let repair = try repaired(ring)
        #expect(repair.slotsZeroed == 2)
        #expect(repair.headsWritten == 0)
        var expected = before
        for slot in [3, 10] as [UInt64] {
            let start = Int(ring.geometry.offset(ofSlot: slot))
            for index in start..<start + 128 { expected[index] = 0 }
        }
        #expect(try ring.bytes() == expected)
    }

    @Test func whatWasThereIsInTheSideFile() throws {
        let ring = try TestRing(head: 100)
        try ring.overwrite(slot: 3, byte: 90, with: [0xFF])
        try overwrite(ring.path, at: 4_096, with: [0xFF])
        let before = try ring.bytes()
        let repair = try repaired(ring)
        #expect(repair.sideFile == ring.folder.file("side"))
        func line(_ offset: Int, _ length: Int) -> String {
            let hex = before[offset..<offset + length].map { byte in
                let text = String(byte, radix: 16)
                return text.count == 1 ? "0\(text)" : text
            }
            return "{\"offset\":\(offset),\"length\":\(length),\"bytes\":\"\(hex.joined())\"}\n"
        }
        let slot = Int(ring.geometry.offset(ofSlot: 3))
        #expect(try text(of: ring.folder.file("side")) == line(4_096, 1_024) + line(slot, 128))
    }

    @Test func aDamagedHeadRecordBecomesACopy() throws {
        let ring = try TestRing(head: 100, generations: [7, 8])
        try overwrite(ring.path, at: 8_192, with: [0xFF])
        let repair = try repaired(ring)
        #expect(repair.headsWritten == 1)
        var reader = try RingReader.open(ring.path)
        let survey = try reader.survey()
        #expect(survey.head?.generation == 8)
        #expect(survey.head?.tail(of: try #require(SensorName("local"))) == 2)
        #expect(survey.headRepairs.isEmpty)
    }

    @Test func aRecordOfANewerVersionStays() throws {
        let ring = try TestRing(head: 100)
        var bytes = try TestRing.slot(70)
        bytes[4] = 2
        let checksum = CRC32C.checksum(bytes.span.extracting(4..<128))
        for index in 0..<4 { bytes[index] = UInt8(checksum >> UInt32(8 * index) & 0xFF) }
        try ring.overwrite(slot: 6, with: bytes)
        let before = try ring.bytes()
        #expect(try repaired(ring).slotsZeroed == 0)
        #expect(try ring.bytes() == before)
    }

    @Test func withoutASideFileNothingIsChanged() throws {
        let ring = try TestRing(head: 100)
        try ring.overwrite(slot: 3, byte: 90, with: [0xFF])
        let before = try ring.bytes()
        let taken = try ring.folder.file("side", holding: "taken")
        #expect(throws: SystemError(call: "open", subject: taken, number: EEXIST)) {
            _ = try repaired(ring)
        }
        #expect(try ring.bytes() == before)
        #expect(try text(of: taken) == "taken")
    }
}

@Suite struct RingFrameRepairTests {
    private static func mended(_ ring: TestRing) throws -> RingFrameRepair {
        var reader = try RingReader.openAlone(ring.path)
        let survey = try reader.survey()
        let check = try reader.check(survey) { _ in }
        let frame = RingFrameRepair(
            fault: reader.headerFault, geometry: reader.geometry, fileBytes: reader.fileBytes,
            survey: survey, check: check)
        if case .refused = frame { return frame }
        try reader.mend(frame, sideFile: ring.folder.file("side"))
        #expect(reader.headerFault == nil)
        #expect(reader.slotsInFile == TestRing.slotCount)
        return frame
    }

    @Test func damagedHeaderIsWrittenAnewAndNothingElse() throws {
        let ring = try TestRing(head: 100)
        let whole = try ring.bytes()
        for place in 0..<UInt64(RingHeader.byteCount) where !(8..<12).contains(place) {
            try overwrite(ring.path, at: place, with: [whole[Int(place)] ^ 0x11])
            #expect(try RingFrameRepairTests.mended(ring) == .writeHeader, "byte \(place)")
            #expect(try ring.bytes() == whole)
            try Path.remove(ring.folder.file("side"))
            #expect(try RingFile.open(ring.path, bytes: 0).recover().range == 36..<100)
        }
    }

    @Test func cutFileIsFilledUpWithZeros() throws {
        let ring = try TestRing(head: 100)
        let whole = try ring.bytes()
        for length in [whole.count - 1, whole.count - 5_000, 16_384, 9_000, 8_193, 5_120] {
            try cut(ring.path, to: UInt64(length))
            #expect(
                try RingFrameRepairTests.mended(ring)
                    == .extend(from: UInt64(length), to: UInt64(whole.count)))
            let zeros = [UInt8](repeating: 0, count: whole.count - length)
            let isFilled = try ring.bytes() == whole[..<length] + zeros
            #expect(isFilled, "\(length)")
            #expect(
                try text(of: ring.folder.file("side")) == "{\"file_length\":\(length)}\n")
            try Path.remove(ring.folder.file("side"))
            #expect(try RingFile.open(ring.path, bytes: 0).recover().range == 36..<100)
            try overwrite(ring.path, at: 0, with: whole)
        }
    }

    @Test func diskWithoutRoomForTheZerosLeavesTheFileAsItWas() async throws {
        await #expect(processExitsWith: .success) {
            let ring = try TestRing(head: 100)
            let length = UInt64(try ring.bytes().count) - 6_000
            try cut(ring.path, to: length)
            let before = try ring.bytes()
            limitFileLength(length + 5_000)
            #expect(throws: SystemError(call: "pwrite", subject: ring.path, number: EFBIG)) {
                _ = try RingFrameRepairTests.mended(ring)
            }
            #expect(try ring.bytes() == before)
        }
    }

    @Test func nothingIsWrittenWithoutASideFile() throws {
        let ring = try TestRing(head: 100)
        try overwrite(ring.path, at: 20, with: [0x11])
        let before = try ring.bytes()
        let taken = try ring.folder.file("side", holding: "taken")
        #expect(throws: SystemError(call: "open", subject: taken, number: EEXIST)) {
            _ = try RingFrameRepairTests.mended(ring)
        }
        #expect(try ring.bytes() == before)
    }
}

@Suite struct NewFileTests {
    @Test func aFileThatIsThereIsReplacedOnlyWhenAsked() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("out", holding: "old")
        #expect(throws: SystemError(call: "open", subject: path, number: EEXIST)) {
            _ = try NewFile.create(path)
        }
        #expect(try text(of: path) == "old")
        var file = try NewFile.create(path, replacing: true)
        file.lines.append("new\n")
        #expect(try text(of: path) == "old")
        try file.finish()
        #expect(try text(of: path) == "new\n")
        #expect(try folder.names() == ["out"])
    }

    @Test func aFileThatIsAbandonedLeavesNothingBehind() throws {
        let folder = try TemporaryFolder()
        let file = try NewFile.create(folder.file("new"))
        try file.abandon()
        #expect(try folder.names() == [])
        let path = try folder.file("out", holding: "old")
        let other = try NewFile.create(path, replacing: true)
        try other.abandon()
        #expect(try folder.names() == ["out"])
        #expect(try text(of: path) == "old")
    }

    @Test func manyLinesGoThroughASmallBuffer() throws {
        let folder = try TemporaryFolder()
        var file = try NewFile.create(folder.file("new"))
        for number in 0..<20_000 {
            file.lines.append(decimal: UInt64(number), digits: 20)
            file.lines.append("\n")
            try file.flushWhenFull()
        }
        try file.finish()
        let lines = try text(of: folder.file("new")).split(separator: "\n")
        #expect(lines.count == 20_000)
        #expect(lines.last == "00000000000000019999")
    }
}
