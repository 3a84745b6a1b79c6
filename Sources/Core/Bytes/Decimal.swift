extension FixedBuffer {
    /// Appends `value` in decimal digits.
    public mutating func append(decimal value: UInt64) {
        var digits = 1
        var bound: UInt64 = 10
        // 2^64 has 20 digits, and 10^20 does not fit.
        while digits < 20, value >= bound {
            digits += 1
            bound = bound &* 10
        }
        append(decimal: value, digits: digits)
    }

    /// Appends `value` in decimal digits, with a sign when it is negative.
    public mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: UInt64(value.magnitude))
    }

    /// Appends the last `digits` decimal digits of `value`, zeros in front: 7 as 007.
    public mutating func append(decimal value: UInt64, digits: Int) {
        guard digits <= room else {
            hasOverflowed = true
            return
        }
        var rest = value
        for place in stride(from: filled + digits - 1, through: filled, by: -1) {
            unsafe base[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        filled += digits
    }

    /// Appends tenths as a JSON number: 6719 as 671.9, 6680 as 668.0.
    public mutating func append(tenths value: UInt64) {
        append(decimal: value / 10)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends a fixed-point number, `value` in units of 10^-`decimals`: -5 with 2 as -0.05, and
    /// 7 with 0 as 7. All decimals are written, so that a field looks the same in every line.
    public mutating func append(fixed value: Int64, decimals: Int) {
        precondition(decimals >= 0 && decimals < 19, "a power of ten fits into 64 bits")
        if value < 0 { append(UInt8(ascii: "-")) }
        var unit: UInt64 = 1
        for _ in 0..<decimals { unit *= 10 }
        append(decimal: value.magnitude / unit)
        guard decimals > 0 else { return }
        append(UInt8(ascii: "."))
        append(decimal: value.magnitude % unit, digits: decimals)
    }
}

extension Span<UInt8> {
    /// The unsigned decimal number that the bytes spell; nil for anything else or for more
    /// than 64 bits.
    public func parseDecimal() -> UInt64? {
        guard count > 0 else { return nil }
        var value: UInt64 = 0
        for index in indices {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
