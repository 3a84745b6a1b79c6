import Bytes
import Foundation
import TestSupport
import Testing

/// JSON's numbers in fixed point.
struct DecimalNumberTests {
    private func number(_ text: String, decimals: Int = 4) -> DecimalNumber? {
        let bytes = Array(text.utf8)
        return DecimalNumber(bytes.span, decimals: decimals)
    }

    @Test(
        arguments: [
            ("0", 0, 0, true), ("-0", 0, 0, true), ("1", 10_000, 10_000, true),
            ("36.65", 366_500, 366_500, true), ("0.00005", 1, 0, false), ("0.00004", 0, 0, false),
            ("-0.00005", -1, -1, false), ("-0.00004", 0, -1, false), ("1e-400", 0, 0, false),
            ("-1e-400", 0, -1, false), ("0e999999999999", 0, 0, true),
            ("12.5E+1", 1_250_000, 1_250_000, true),
            ("0.1e3", 1_000_000, 1_000_000, true), ("100000e-5", 10_000, 10_000, true),
            ("1.99999", 20_000, 19_999, false),
            ("99999999999999.9999", 999_999_999_999_999_999, 999_999_999_999_999_999, true),
        ] as [(String, Int64, Int64, Bool)])
    func numberIsRoundedAwayFromZero(
        _ text: String, _ rounded: Int64, _ floor: Int64, _ isExact: Bool
    ) throws {
        let number = try #require(self.number(text))
        #expect(number.rounded == rounded && number.floor == floor && number.isExact == isExact)
    }

    @Test(arguments: [
        "1e999", "-1e999", "1e99999999999999999999", "100000000000000", "999999999999999999999",
    ])
    func numberBeyondAllRangesIsNone(_ text: String) { #expect(number(text) == nil) }

    @Test func numbersAgreeWithFoundationsDecimals() throws {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            var text = Bool.random(using: &random) ? "-" : ""
            text += String(UInt64.random(in: 0...999_999, using: &random))
            if Bool.random(using: &random) {
                text +=
                    "."
                    + (0..<Int.random(in: 1...8, using: &random)).map { _ in
                        String(Int.random(in: 0...9, using: &random))
                    }.joined()
            }
            let exponent = Int.random(in: -6...4, using: &random)
            if exponent != 0 { text += "e\(exponent)" }
            let own = try #require(self.number(text), "\(text)")
            let value = try #require(Decimal(string: text)) * 10_000
            var source = value
            var rounded = Decimal()
            unsafe NSDecimalRound(&rounded, &source, 0, .plain)
            var floor = Decimal()
            unsafe NSDecimalRound(&floor, &source, 0, .down)
            #expect(Decimal(own.rounded) == rounded, "\(text), seed \(random.seed)")
            #expect(Decimal(own.floor) == floor, "\(text), seed \(random.seed)")
            #expect(own.isExact == (floor == value), "\(text), seed \(random.seed)")
        }
    }
}
