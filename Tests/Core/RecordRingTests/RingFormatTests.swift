import Bytes
import RecordRing
import TestSupport
import Testing

/// Where things lie in a ring file, and its header.
struct RingFormatTests {
    private static let golden = hex(
        "50554C5352494E47",  // PULSRING
        "01000000",  // format version
        "80000000",  // bytes a slot
        "0008000000000000",  // 2048 slots
        "9779AA39")  // CRC-32C

    private static let fileBytes: UInt64 = 16_384 + 2_048 * 128

    private func decode(
        _ page: [UInt8], fileBytes: UInt64 = fileBytes
    ) -> Result<RingHeader, RingFormatError> {
        do throws(RingFormatError) {
            return .success(try RingHeader(decoding: page.span, fileBytes: fileBytes))
        } catch {
            return .failure(error)
        }
    }

    /// The header's checksum stands behind what it covers.
    private func resealed(_ page: [UInt8]) -> [UInt8] {
        let covered = [UInt8](page.prefix(24))
        let checksum = sealed([0, 0, 0, 0] + covered).prefix(4)
        return covered + checksum
    }

    @Test func headerIsWrittenAsItIsDrawn() {
        var page = [UInt8](repeating: 0, count: 4_096)
        var span = page.mutableSpan
        RingHeader(geometry: RingGeometry(slotCount: 2_048)).encode(into: &span)
        #expect([UInt8](page.prefix(28)) == Self.golden)
        #expect(page.dropFirst(28).allSatisfy { $0 == 0 })
    }

    @Test func headerIsReadAsItIsDrawn() {
        let header = RingHeader(geometry: RingGeometry(slotCount: 2_048))
        #expect(decode(Self.golden) == .success(header))
        #expect(decode(Self.golden + [UInt8](repeating: 7, count: 100)) == .success(header))
    }

    @Test func everySlotCountIsReadBack() {
        for slotCount in [1, 32, 1 << 20, 1 << 47] as [UInt64] {
            let geometry = RingGeometry(slotCount: slotCount)
            var page = [UInt8](repeating: 0, count: RingHeader.byteCount)
            var span = page.mutableSpan
            RingHeader(geometry: geometry).encode(into: &span)
            #expect(
                decode(page, fileBytes: geometry.fileBytes)
                    == .success(RingHeader(geometry: geometry)))
        }
    }

    @Test func anotherFileIsNotARing() {
        #expect(decode([]) == .failure(.notARing))
        #expect(decode([UInt8](repeating: 0, count: 4_096)) == .failure(.notARing))
        #expect(decode([UInt8](Self.golden.dropLast())) == .failure(.notARing))
        for index in 0..<8 {
            var page = Self.golden
            page[index] ^= 0x20
            #expect(decode(page) == .failure(.notARing))
        }
    }

    @Test func everyFlippedBitIsRefused() {
        for bit in 0..<8 * RingHeader.byteCount {
            var page = Self.golden
            page[bit / 8] ^= 1 << UInt8(bit % 8)
            if case .success = decode(page) { Issue.record("bit \(bit) of the header") }
        }
    }

    @Test func newerVersionIsToldFromDamage() {
        var page = Self.golden
        page[8] = 2
        #expect(decode(page) == .failure(.newerVersion(2)))
        page[8] = 0
        #expect(decode(page) == .failure(.headerDamaged))
        #expect(decode(resealed(page)) == .failure(.headerDamaged))
    }

    @Test func damageIsFoundByTheChecksum() {
        var page = Self.golden
        page[16] ^= 1
        #expect(decode(page) == .failure(.headerDamaged))
    }

    @Test func slotOfAnotherSizeIsRefused() {
        var page = Self.golden
        page[12] = 64
        #expect(decode(resealed(page)) == .failure(.headerDamaged))
    }

    @Test(arguments: [0, 1 << 48, UInt64.max] as [UInt64])
    func impossibleSlotCountIsRefused(_ slotCount: UInt64) {
        var page = Self.golden
        var span = page.mutableSpan
        span.store(slotCount, at: 16)
        #expect(decode(resealed(page)) == .failure(.headerDamaged))
    }

    @Test(arguments: [0, 1, 278_527, 278_529, UInt64.max] as [UInt64])
    func fileOfAnotherLengthIsRefusedWithBothLengths(_ length: UInt64) {
        let error = RingFormatError.lengthDiffers(expected: 278_528, actual: length)
        #expect(decode(Self.golden, fileBytes: length) == .failure(error))
    }

    @Test(
        arguments: [
            (0, nil), (16_384, nil), (20_479, nil), (20_480, 32), (20_607, 32), (20_608, 33),
            (1 << 20, 8_064), (UInt64.max, (1 << 57) - 1 - 128),
        ] as [(UInt64, UInt64?)])
    func fileHoldsTheSlotsThatFitBehindItsFront(_ bytes: UInt64, _ slotCount: UInt64?) {
        #expect(RingGeometry(fileBytes: bytes)?.slotCount == slotCount)
    }

    @Test func slotsFollowTheFrontWithoutGaps() {
        let geometry = RingGeometry(slotCount: 32)
        #expect(geometry.offset(ofSlot: 0) == 16_384)
        #expect(geometry.offset(ofSlot: 31) == 16_384 + 31 * 128)
        #expect(geometry.fileBytes == geometry.offset(ofSlot: 32))
    }

    @Test func headRecordsTakeTurns() {
        #expect(
            (1...4).map { RingGeometry.headOffset(generation: $0) } == [4_096, 8_192, 4_096, 8_192])
    }

    @Test func randomPagesNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            var page = random.bytes(Int.random(in: 0...40, using: &random))
            page.replaceSubrange(
                0..<min(8, page.count), with: Self.golden.prefix(min(8, page.count)))
            if page.count >= 28, Bool.random(using: &random) {
                page.replaceSubrange(8..<16, with: Self.golden[8..<16])
                page = resealed(page)
            }
            let length = Bool.random(using: &random) ? random.next() : Self.fileBytes
            if case .success = decode(page, fileBytes: length) {
                Issue.record("\(page), seed \(random.seed)")
            }
        }
    }
}
