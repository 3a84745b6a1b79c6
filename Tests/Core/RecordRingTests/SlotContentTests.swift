import RecordRing
import TestSupport
import Testing

/// What a slot is taken for by itself.
@Suite struct SlotContentTests {
    private let geometry = RingGeometry(slotCount: 100)

    private func content(_ bytes: [UInt8], slot: UInt64 = 46) -> SlotContent {
        SlotContent(of: bytes.span, slot: slot, geometry: geometry)
    }

    @Test func aWholeRecordInItsPlaceIsARecord() throws {
        let record = try exampleRecord(sequence: 18_446)
        #expect(content(slot(record)) == .record(record))
    }

    @Test func zerosAreAnEmptySlot() {
        #expect(content([UInt8](repeating: 0, count: 128)) == .empty)
    }

    @Test func aRecordInAnotherSlotIsMisplaced() throws {
        let bytes = slot(try exampleRecord(sequence: 18_446))
        #expect(content(bytes, slot: 45) == .unreadable(.misplaced(sequence: 18_446)))
    }

    /// Every one of the 1,024 bits, the checksum's own included.
    @Test func oneFlippedBitIsFoundWhereverItIs() throws {
        let whole = slot(try exampleRecord())
        for place in 0..<1_024 {
            var bytes = whole
            bytes[place / 8] ^= 1 << UInt8(place % 8)
            let fault = SlotFault.flippedBit(byte: place / 8, bit: place % 8)
            #expect(content(bytes) == .unreadable(fault))
        }
    }

    @Test func twoFlippedBitsAreNoFlippedBit() throws {
        var random = SeededRandom()
        let whole = slot(try exampleRecord())
        for _ in 0..<1_000 {
            var bytes = whole
            let one = Int.random(in: 0..<1_024, using: &random)
            let other = (one + Int.random(in: 1..<1_024, using: &random)) % 1_024
            bytes[one / 8] ^= 1 << UInt8(one % 8)
            bytes[other / 8] ^= 1 << UInt8(other % 8)
            #expect(content(bytes) == .unreadable(.checksum))
        }
    }

    @Test func halfARecordIsAChecksumThatDoesNotFit() throws {
        var bytes = slot(try exampleRecord())
        for index in 64..<128 { bytes[index] = 0 }
        #expect(content(bytes) == .unreadable(.checksum))
    }

    @Test func whatANewerVersionWroteIsNamed() throws {
        var bytes = slot(try exampleRecord())
        bytes[4] = 7
        #expect(content(sealed(bytes)) == .unreadable(.unknown(layout: 7, kind: 1)))
        bytes[4] = 1
        bytes[5] = 9
        #expect(content(sealed(bytes)) == .unreadable(.unknown(layout: 1, kind: 9)))
        bytes[5] = 1
        bytes[6] = 9
        #expect(content(sealed(bytes)) == .unreadable(.unknown(layout: 1, kind: 1)))
    }

    @Test func aSequenceBeyondTheLimitIsInNoPlace() throws {
        let limit = RingCursor.sequenceLimit
        let bytes = slot(try exampleRecord(sequence: limit))
        #expect(content(bytes, slot: limit % 100) == .unreadable(.misplaced(sequence: limit)))
    }

    @Test func zerosAndWholeRecordsAreSettled() throws {
        func isSettled(_ bytes: [UInt8]) -> Bool { SlotContent.isSettled(bytes.span) }
        var bytes = slot(try exampleRecord())
        #expect(isSettled(bytes))
        #expect(isSettled([UInt8](repeating: 0, count: 128)))
        bytes[77] ^= 1
        #expect(!isSettled(bytes))
    }
}
