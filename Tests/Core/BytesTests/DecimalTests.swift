import Bytes
import TestSupport
import Testing

/// Numbers as text, both ways.
struct DecimalTests {
    @Test(
        arguments: [
            (0, "0"), (9, "9"), (10, "10"), (150, "150"), (1_000_000, "1000000"),
            (UInt64.max, "18446744073709551615"),
        ] as [(UInt64, String)])
    func numberIsWrittenInDigits(_ value: UInt64, _ text: String) {
        #expect(appendedText { $0.append(decimal: value) } == text)
    }

    @Test(arguments: [
        (0, "0"), (-1, "-1"), (-150, "-150"), (Int.max, "9223372036854775807"),
        (Int.min, "-9223372036854775808"),
    ])
    func negativeNumberHasASign(_ value: Int, _ text: String) {
        #expect(appendedText { $0.append(decimal: value) } == text)
    }

    @Test(
        arguments: [
            (7, 3, "007"), (0, 1, "0"), (0, 6, "000000"), (123_456, 6, "123456"), (1_234, 2, "34"),
            (UInt64.max, 20, "18446744073709551615"),
        ] as [(UInt64, Int, String)])
    func numberIsPaddedToItsDigits(_ value: UInt64, _ digits: Int, _ text: String) {
        #expect(appendedText { $0.append(decimal: value, digits: digits) } == text)
    }

    @Test(
        arguments: [
            (1_200, 1, "120.0"), (-5, 2, "-0.05"), (7, 0, "7"), (0, 4, "0.0000"),
            (9_750, 4, "0.9750"), (-120, 1, "-12.0"), (Int64.max, 18, "9.223372036854775807"),
            (Int64.min, 1, "-922337203685477580.8"),
        ] as [(Int64, Int, String)])
    func fixedPointNumberHasAllItsDecimals(_ value: Int64, _ decimals: Int, _ text: String) {
        #expect(appendedText { $0.append(fixed: value, decimals: decimals) } == text)
    }

    @Test(
        arguments: [
            (6_719, "671.9"), (6_680, "668.0"), (0, "0.0"), (9, "0.9"), (10, "1.0"),
            (UInt64.max, "1844674407370955161.5"),
        ] as [(UInt64, String)])
    func tenthsHaveOneFractionDigit(_ value: UInt64, _ text: String) {
        #expect(appendedText { $0.append(tenths: value) } == text)
    }

    @Test func numberThatDoesNotFitSetsTheFlag() {
        var buffer = FixedBuffer(capacity: 2)
        buffer.append(decimal: UInt64(123))
        #expect(BufferState(buffer) == BufferState("", overflowed: true, room: 2))
    }

    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("007", 7), ("18446744073709551615", UInt64.max),
            ("000000000000000000000000018446744073709551615", UInt64.max),
            ("", nil), ("-1", nil), ("+1", nil), (" 1", nil), ("1 ", nil), ("1.0", nil),
            ("1e3", nil),
            ("x", nil), ("12a", nil), ("/", nil), (":", nil), ("١", nil),
            ("18446744073709551616", nil), ("18446744073709551620", nil),
            ("28446744073709551615", nil), ("99999999999999999999", nil),
            ("184467440737095516150", nil),
        ] as [(String, UInt64?)])
    func digitsAreReadAndNothingElse(_ text: String, _ value: UInt64?) {
        #expect([UInt8](text.utf8).span.parseDecimal() == value)
    }

    @Test func randomNumbersAreWrittenAsSwiftWritesThem() {
        var random = SeededRandom()
        for _ in 0..<5_000 {
            let value = random.next() >> UInt64.random(in: 0...63, using: &random)
            let signed = Int(truncatingIfNeeded: value)
            let text = appendedText { $0.append(decimal: value) }
            #expect(text == "\(value)", "seed \(random.seed)")
            #expect([UInt8](text.utf8).span.parseDecimal() == value, "seed \(random.seed)")
            #expect(appendedText { $0.append(decimal: signed) } == "\(signed)")
        }
    }
}
