import Bytes
import TestSupport
import Testing

/// Hexadecimal, both ways.
struct HexTests {
    private func decoded(_ text: String, capacity: Int = 64) -> Result<[UInt8], HexError> {
        var buffer = FixedBuffer(capacity: capacity)
        do throws(HexError) {
            try buffer.append(decodingHex: [UInt8](text.utf8).span)
            return .success([UInt8](copying: buffer.bytes))
        } catch {
            return .failure(error)
        }
    }

    @Test func bytesAreWrittenInLowerCase() {
        #expect(appendedText { $0.append(hex: [0x00, 0x0F, 0xA5, 0xFF].span) } == "000fa5ff")
        #expect(appendedText { $0.append(hex: [UInt8]().span) } == "")
    }

    @Test(
        arguments: [
            (0x1F, 4, "001f"), (0xABCD, 4, "abcd"), (0x1_2345, 4, "2345"), (0, 1, "0"),
            (UInt64.max, 16, "ffffffffffffffff"), (0xB194_6AC9, 8, "b1946ac9"),
        ] as [(UInt64, Int, String)])
    func numberIsPaddedToItsDigits(_ value: UInt64, _ digits: Int, _ text: String) {
        #expect(appendedText { $0.append(hex: value, digits: digits) } == text)
    }

    @Test(
        arguments: [
            ("", []), ("0x", []), ("1659", [0x16, 0x59]), ("16 59", [0x16, 0x59]),
            ("16:59", [0x16, 0x59]), ("16-59", [0x16, 0x59]), ("16\t59", [0x16, 0x59]),
            ("0x1659", [0x16, 0x59]), ("0X16 59", [0x16, 0x59]), ("aBcDeF", [0xAB, 0xCD, 0xEF]),
            (" 16  59 ", [0x16, 0x59]), ("00", [0x00]),
            (
                "D4:4A:C4:B0:24:03",
                [
                    0xD4, 0x4A, 0xC4, 0xB0, 0x24, 0x03,
                ]
            ),
        ] as [(String, [UInt8])])
    func textIsReadAsBenchToolsPrintIt(_ text: String, _ bytes: [UInt8]) {
        #expect(decoded(text) == .success(bytes))
    }

    @Test(
        arguments: [
            ("1", .oddDigitCount(1)), ("165", .oddDigitCount(3)), ("0x1", .oddDigitCount(1)),
            ("16 5", .oddDigitCount(3)),
            ("1g", .notADigit(value: UInt8(ascii: "g"), offset: 1)),
            ("16,59", .notADigit(value: UInt8(ascii: ","), offset: 2)),
            ("16\n", .notADigit(value: 0x0A, offset: 2)),
            ("1 6", .notADigit(value: UInt8(ascii: " "), offset: 1)),
            ("160x59", .notADigit(value: UInt8(ascii: "x"), offset: 3)),
            ("x", .notADigit(value: UInt8(ascii: "x"), offset: 0)),
            ("@0", .notADigit(value: UInt8(ascii: "@"), offset: 0)),
            ("G0", .notADigit(value: UInt8(ascii: "G"), offset: 0)),
            ("`0", .notADigit(value: UInt8(ascii: "`"), offset: 0)),
            ("/0", .notADigit(value: UInt8(ascii: "/"), offset: 0)),
            ("é0", .notADigit(value: 0xC3, offset: 0)),
        ] as [(String, HexError)])
    func textThatIsNotHexadecimalIsRefusedWithItsPlace(_ text: String, _ error: HexError) {
        #expect(decoded(text) == .failure(error))
    }

    @Test func moreBytesThanTheReceiverTakesAreRefused() {
        #expect(decoded("0102", capacity: 2) == .success([1, 2]))
        #expect(decoded("010203", capacity: 2) == .failure(.tooLong(limit: 2)))
    }

    @Test func everyByteComesBack() {
        let bytes = [UInt8](0...255)
        let text = appendedText { $0.append(hex: bytes.span) }
        #expect(decoded(text, capacity: 256) == .success(bytes))
        #expect(decoded(text.uppercased(), capacity: 256) == .success(bytes))
    }

    @Test func randomTextNeverTraps() {
        var random = SeededRandom()
        let letters = [UInt8]("0123456789abcdefABCDEF :-\t0xg\n".utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...12, using: &random)
            let text = (0..<length).map { _ in letters.randomElement(using: &random) ?? 0 }
            if case .success = decoded(String(decoding: text, as: UTF8.self), capacity: 5) {
                accepted += 1
            }
        }
        #expect(accepted > 100, "the fuzz must reach the accepting path, seed \(random.seed)")
    }
}
