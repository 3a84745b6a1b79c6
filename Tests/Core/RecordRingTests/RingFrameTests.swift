import RecordRing
import TestSupport
import Testing

/// What a repair does about a header and a length, and what it leaves alone.
struct RingFrameTests {
    private let geometry = RingGeometry(slotCount: 40)

    /// A ring of 40 slots with these records, each in the slot that it is given.
    private func decide(
        _ fault: RingFormatError?, fileBytes: UInt64? = nil, head: RingHead? = nil,
        _ slots: [(slot: UInt64, bytes: [UInt8])]
    ) -> RingFrameRepair {
        var survey = RingSurvey(
            geometry: geometry, headA: head.map { .whole($0) } ?? .blank, headB: .blank)
        for slot in slots { survey.examine(slot.bytes.span, slot: slot.slot) }
        var check = RingCheck(survey: survey)
        for slot in slots {
            let content = SlotContent(of: slot.bytes.span, slot: slot.slot, geometry: geometry)
            _ = check.examine(content, slot: slot.slot)
        }
        return RingFrameRepair(
            fault: fault, geometry: geometry, fileBytes: fileBytes ?? geometry.fileBytes,
            survey: survey, check: check)
    }

    private func record(_ sequence: UInt64, slot place: UInt64) throws -> (UInt64, [UInt8]) {
        (place, slot(try exampleRecord(sequence: sequence)))
    }

    @Test func soundFileIsLeftAsItIs() throws {
        #expect(decide(nil, [try record(3, slot: 3)]) == .nothing)
        #expect(decide(nil, []) == .nothing)
    }

    @Test(arguments: [.notARing, .headerDamaged] as [RingFormatError])
    func damagedHeaderIsWrittenWhereTheRecordsAgreeWithTheLength(_ fault: RingFormatError) throws {
        #expect(decide(fault, [try record(43, slot: 3), try record(4, slot: 4)]) == .writeHeader)
        let head = RingHead(generation: 1, head: 0)
        #expect(decide(fault, head: head, []) == .writeHeader)
    }

    @Test func nothingIsWrittenForARingOfNothing() throws {
        var torn = try record(3, slot: 3)
        torn.1[60] ^= 1
        #expect(decide(.headerDamaged, [torn]) == .refused(.nothingToKeep))
        let cut = RingFormatError.lengthDiffers(expected: geometry.fileBytes, actual: 28)
        #expect(decide(cut, []) == .refused(.nothingToKeep))
    }

    @Test func recordsInOtherSlotsSpeakAgainstTheLength() throws {
        let slots = [try record(3, slot: 3), try record(44, slot: 5), try record(45, slot: 6)]
        #expect(decide(.headerDamaged, slots) == .refused(.misplacedRecords(2)))
    }

    @Test func lengthBetweenTwoSlotsIsNoRings() throws {
        let length = geometry.fileBytes + 1
        #expect(
            decide(.headerDamaged, fileBytes: length, [try record(3, slot: 3)])
                == .refused(.lengthOfNoRing))
    }

    @Test func cutFileIsFilledUpToWhatItsHeaderSays() throws {
        let (start, end) = (geometry.fileBytes - 200, geometry.fileBytes)
        #expect(
            decide(.lengthDiffers(expected: end, actual: start), [try record(3, slot: 3)])
                == .extend(from: start, to: end))
        #expect(
            decide(.lengthDiffers(expected: end, actual: end + 1), [try record(3, slot: 3)])
                == .refused(.bytesBehindTheEnd))
    }
}

/// A header that was being written when the power went.
struct RingHeaderTests {
    private func header(slotCount: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: RingHeader.byteCount)
        var span = bytes.mutableSpan
        RingHeader(geometry: RingGeometry(slotCount: slotCount)).encode(into: &span)
        return bytes
    }

    private func isUnfinished(_ bytes: [UInt8], _ length: UInt64) -> Bool {
        RingHeader.isUnfinished(bytes.span, fileBytes: length)
    }

    @Test func partOfAHeaderOverZerosIsUnfinished() {
        let whole = header(slotCount: 40)
        let length = RingGeometry(slotCount: 40).fileBytes
        #expect(!isUnfinished(whole, length))
        for count in 0..<RingHeader.byteCount {
            let front = whole.prefix(count) + [UInt8](repeating: 0, count: 28 - count)
            let back = [UInt8](repeating: 0, count: 28 - count) + whole.suffix(count)
            for torn in [[UInt8](front), [UInt8](back)] where torn != whole {
                #expect(isUnfinished(torn, length))
            }
        }
    }

    @Test func otherBytesAreNoUnfinishedHeader() {
        let length = RingGeometry(slotCount: 40).fileBytes
        for place in 0..<RingHeader.byteCount {
            var bytes = header(slotCount: 40)
            bytes[place] ^= 0x5A
            #expect(!isUnfinished(bytes, length), "byte \(place)")
        }
        #expect(!isUnfinished(header(slotCount: 41), length))
        #expect(!isUnfinished([UInt8]("PULSRING".utf8), 8))
        #expect(isUnfinished([UInt8](repeating: 0, count: 8), 8))
    }
}
