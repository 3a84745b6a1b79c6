/// The value of a JSON number in a fixed-point unit, without a way through binary fractions: what
/// somebody wrote as 36.6 is 36.6 here.
public struct DecimalNumber: Equatable, Sendable {
    /// Rounded half away from zero.
    public let rounded: Int64
    /// The largest number of units that is not above the value.
    public let floor: Int64
    /// The value is a whole number of units.
    public let isExact: Bool

    /// The value lies within the bounds, which are in units.
    public func isWithin(_ bounds: ClosedRange<Int64>) -> Bool {
        floor >= bounds.lowerBound
            && (floor < bounds.upperBound || floor == bounds.upperBound && isExact)
    }

    /// Reads a number of JSON's grammar (RFC 8259 section 6) in units of 10^-`decimals`. nil when
    /// it has more units than 18 decimal digits hold, as 1e999 has.
    ///
    /// `text` is what `JSONScanner` calls a number; anything else is a bug of the caller.
    public init?(_ text: Span<UInt8>, decimals: Int) {
        let parts = Parts(text)
        // How many of the digits stand before the last decimal that is kept.
        let (kept, isFar) = parts.wholeDigits.addingReportingOverflow(decimals)
        guard !isFar else { return nil }
        var magnitude: Int64 = 0
        var firstDropped: UInt8?
        var hasRest = false
        for place in 0..<parts.digitCount {
            let digit = parts.digit(place, of: text)
            if place < kept {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                guard !overflow, product <= Self.largest else { return nil }
                magnitude = product + Int64(digit)
            } else {
                if place == kept { firstDropped = digit }
                if digit > 0 { hasRest = true }
            }
        }
        if magnitude > 0, kept > parts.digitCount {
            for _ in parts.digitCount..<kept {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                guard !overflow, product <= Self.largest else { return nil }
                magnitude = product
            }
        }
        guard magnitude <= Self.largest else { return nil }
        isExact = !hasRest
        let up = magnitude + (firstDropped.map { $0 >= 5 } ?? false ? 1 : 0)
        rounded = parts.isNegative ? -up : up
        floor = parts.isNegative ? -magnitude - (hasRest ? 1 : 0) : magnitude
    }

    /// 18 digits, and room for one more unit.
    private static let largest: Int64 = 999_999_999_999_999_999

    /// Where the digits of a number lie.
    private struct Parts {
        var isNegative = false
        /// The first digit, and how many there are before the exponent.
        var first = 0
        var digitCount = 0
        /// Offset of the point among the digits; the number of digits without one.
        var point = 0
        /// Digits that stand before the decimal point, after the exponent has moved it.
        var wholeDigits = 0

        init(_ text: Span<UInt8>) {
            var index = 0
            if text[index] == UInt8(ascii: "-") {
                isNegative = true
                index += 1
            }
            first = index
            var pointPlace: Int?
            while index < text.count {
                let byte = text[index]
                if byte == UInt8(ascii: ".") {
                    pointPlace = digitCount
                } else if byte &- UInt8(ascii: "0") <= 9 {
                    digitCount += 1
                } else {
                    break
                }
                index += 1
            }
            point = pointPlace ?? digitCount
            wholeDigits = point + Self.exponent(text, from: index)
        }

        /// An exponent beyond a million moves the point out of every number that a request has
        /// room for.
        private static func exponent(_ text: Span<UInt8>, from start: Int) -> Int {
            var index = start + 1
            var isNegative = false
            if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == 0x2B {
                isNegative = text[index] == UInt8(ascii: "-")
                index += 1
            }
            var value = 0
            while index < text.count {
                let digit = text[index] &- UInt8(ascii: "0")
                precondition(digit <= 9, "an exponent has digits alone")
                value = min(value * 10 + Int(digit), 1_000_000_000)
                index += 1
            }
            return isNegative ? -value : value
        }

        func digit(_ place: Int, of text: Span<UInt8>) -> UInt8 {
            text[first + place + (place < point ? 0 : 1)] &- UInt8(ascii: "0")
        }
    }
}
