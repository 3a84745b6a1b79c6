import Bytes
import TestSupport
import Testing

/// The checksum of records, against the vectors of RFC 3720 appendix B.4 and a reference.
struct CRC32CTests {
    struct Vector: Sendable {
        let bytes: [UInt8]
        let checksum: UInt32
    }

    /// The RFC prints the checksums as bytes in wire order: aa 36 91 8a is 0x8A9136AA.
    static let vectors = [
        Vector(bytes: [UInt8](repeating: 0x00, count: 32), checksum: 0x8A91_36AA),
        Vector(bytes: [UInt8](repeating: 0xFF, count: 32), checksum: 0x62A8_AB43),
        Vector(bytes: [UInt8](0...31), checksum: 0x46DD_794E),
        Vector(bytes: [UInt8]((0...31).reversed()), checksum: 0x113F_DB5C),
        Vector(bytes: scsiRead, checksum: 0xD996_3A56),
        Vector(bytes: [UInt8]("123456789".utf8), checksum: 0xE306_9283),
        Vector(bytes: [UInt8]("a".utf8), checksum: 0xC1D0_4330),
        Vector(bytes: [], checksum: 0),
    ]

    /// "An iSCSI - SCSI Read (10) Command PDU".
    private static let scsiRead: [UInt8] = [
        0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00,
        0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00,
    ]

    @Test(arguments: vectors)
    func knownBytesHaveTheirKnownChecksum(_ vector: Vector) {
        #expect(CRC32C.checksum(vector.bytes.span) == vector.checksum)
    }

    /// One bit at a time, most significant bit first with the polynomial as the standard prints
    /// it: nothing in common with the tables.
    private func reference(_ bytes: [UInt8]) -> UInt32 {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            for place in 0..<8 {
                let bit = UInt32(byte >> UInt8(place)) & 1
                let carry = remainder >> 31 ^ bit
                remainder = remainder << 1 ^ (carry == 1 ? 0x1EDC_6F41 : 0)
            }
        }
        var reflected: UInt32 = 0
        for place in 0..<32 where remainder >> UInt32(place) & 1 == 1 {
            reflected |= 1 << UInt32(31 - place)
        }
        return ~reflected
    }

    @Test func everyLengthAgreesWithTheBitwiseReference() {
        var random = SeededRandom()
        for length in [Int](0...140) + [511, 512, 1_000] {
            let bytes = random.bytes(length)
            #expect(
                CRC32C.checksum(bytes.span) == reference(bytes),
                "length \(length), seed \(random.seed)")
        }
    }

    @Test func randomBytesAgreeWithTheBitwiseReference() {
        var random = SeededRandom()
        for _ in 0..<500 {
            let bytes = random.bytes(Int.random(in: 0...300, using: &random))
            #expect(CRC32C.checksum(bytes.span) == reference(bytes), "seed \(random.seed)")
        }
    }
}
