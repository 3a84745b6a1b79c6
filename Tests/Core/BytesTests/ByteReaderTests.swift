import Bytes
import TestSupport
import Testing

/// Little-endian fields, read and stored.
struct ByteReaderTests {
    private static let bytes: [UInt8] = [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
    ]

    @Test func fieldsAreReadLittleEndianOneAfterTheOther() {
        let bytes = Self.bytes
        var reader = ByteReader(bytes.span)
        let one = reader.readUInt8()
        let two = reader.readUInt16()
        let four = reader.readUInt32()
        let eight = reader.readUInt64()
        #expect(one == 0x01)
        #expect(two == 0x0302)
        #expect(four == 0x0706_0504)
        #expect(eight == 0x0F0E_0D0C_0B0A_0908)
        let left = (reader.position, reader.remaining)
        #expect(left == (15, 0))
    }

    @Test func fieldThatIsCutIsNilAndMovesNothing() {
        let bytes = Self.bytes
        for length in 0..<8 {
            var reader = ByteReader(bytes.span.extracting(first: length))
            let eight = reader.readUInt64()
            #expect(eight == nil)
            if length < 4 {
                let four = reader.readUInt32()
                #expect(four == nil)
            }
            if length < 2 {
                let two = reader.readUInt16()
                #expect(two == nil)
            }
            if length < 1 {
                let one = reader.readUInt8()
                #expect(one == nil)
            }
            let left = (reader.position, reader.remaining)
            #expect(left == (0, length))
        }
    }

    @Test func numbersAreLoadedFromAnyOffset() {
        let bytes = Self.bytes
        #expect(bytes.span.loadUInt16(at: 13) == 0x0F0E)
        #expect(bytes.span.loadUInt32(at: 11) == 0x0F0E_0D0C)
        #expect(bytes.span.loadUInt64(at: 7) == 0x0F0E_0D0C_0B0A_0908)
    }

    @Test func storedNumberIsLoadedAgain() {
        var random = SeededRandom()
        for _ in 0..<1_000 {
            let value = random.next()
            var bytes = [UInt8](repeating: 0, count: 16)
            var span = bytes.mutableSpan
            span.store(value, at: 0)
            span.store(UInt32(truncatingIfNeeded: value), at: 8)
            span.store(UInt16(truncatingIfNeeded: value), at: 12)
            span.store(UInt8(truncatingIfNeeded: value), at: 14)
            #expect(bytes.span.loadUInt64(at: 0) == value)
            #expect(bytes.span.loadUInt32(at: 8) == UInt32(truncatingIfNeeded: value))
            #expect(bytes.span.loadUInt16(at: 12) == UInt16(truncatingIfNeeded: value))
            #expect(bytes[14...] == [UInt8(truncatingIfNeeded: value), 0])
        }
    }

    private func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.span.isEqual(to: other.span)
    }

    private func isText(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        bytes.span.isEqual(to: literal)
    }

    private func start(of literal: StaticString, in text: String) -> Int? {
        [UInt8](text.utf8).span.firstIndex(of: literal)
    }

    @Test func spansAreEqualByteForByte() {
        let bytes = Self.bytes
        #expect(areEqual(bytes, bytes))
        #expect(areEqual([], []))
        #expect(!areEqual(bytes, [UInt8](bytes.dropLast())))
        #expect(!areEqual([UInt8](bytes.dropLast()), bytes))
        #expect(!areEqual(bytes, [UInt8](bytes.reversed())))
        #expect(!areEqual([1, 2, 3], [1, 2, 4]))
    }

    @Test func bytesAreComparedWithALiteral() {
        #expect(isText([0x61, 0x62, 0x63], "abc"))
        #expect(isText([], ""))
        #expect(!isText([0x61, 0x62, 0x63], "abd"))
        #expect(!isText([0x61, 0x62, 0x63], "ab"))
        #expect(!isText([0x61, 0x62, 0x63], "abcd"))
    }

    @Test func literalIsFoundWhereItBeginsFirst() {
        let text = "the date: the Date"
        #expect(start(of: "the", in: text) == 0)
        #expect(start(of: "Date", in: text) == 14)
        #expect(start(of: "e", in: text) == 2)
        #expect(start(of: "", in: text) == 0)
        #expect(start(of: "Dates", in: text) == nil)
        #expect(start(of: "e", in: "") == nil)
        #expect(start(of: "", in: "") == 0)
    }

    @Test func loadBehindTheEndIsNotSurvived() async {
        await #expect(processExitsWith: .failure) { _ = [1, 2, 3].span.loadUInt32(at: 0) }
    }
}
