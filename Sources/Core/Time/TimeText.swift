public import Bytes

extension FixedBuffer {
    /// Appends `2025-07-15T17:10:33.123456Z`: UTC, always six fraction digits. OpenSearch's
    /// default date format, the OpenX JSON SerDe and Athena read this form; they differ on any
    /// form without a zone.
    public mutating func append(timestamp wallMicroseconds: Int64) {
        let date = UTCDate(microsecondsSince1970: wallMicroseconds)
        var text = InlineArray<27, UInt8>(repeating: 0)
        let year = max(0, date.year) % 10_000
        writeTwoDigits(year / 100, to: &text, at: 0)
        writeTwoDigits(year % 100, to: &text, at: 2)
        text[4] = UInt8(ascii: "-")
        writeTwoDigits(date.month, to: &text, at: 5)
        text[7] = UInt8(ascii: "-")
        writeTwoDigits(date.day, to: &text, at: 8)
        text[10] = UInt8(ascii: "T")
        writeTwoDigits(date.hour, to: &text, at: 11)
        text[13] = UInt8(ascii: ":")
        writeTwoDigits(date.minute, to: &text, at: 14)
        text[16] = UInt8(ascii: ":")
        writeTwoDigits(date.second, to: &text, at: 17)
        text[19] = UInt8(ascii: ".")
        writeTwoDigits(date.microsecond / 10_000, to: &text, at: 20)
        writeTwoDigits(date.microsecond / 100 % 100, to: &text, at: 22)
        writeTwoDigits(date.microsecond % 100, to: &text, at: 24)
        text[26] = UInt8(ascii: "Z")
        append(text.span)
    }

    /// Appends `20250715T171033Z`, the `X-Amz-Date` of SigV4 (ISO 8601 basic format).
    public mutating func append(basicTimestamp wallMicroseconds: Int64) {
        let date = UTCDate(microsecondsSince1970: wallMicroseconds)
        append(basicDate: wallMicroseconds)
        append(UInt8(ascii: "T"))
        append(decimal: UInt64(date.hour), digits: 2)
        append(decimal: UInt64(date.minute), digits: 2)
        append(decimal: UInt64(date.second), digits: 2)
        append(UInt8(ascii: "Z"))
    }

    /// Appends `20250715`, the date in a SigV4 credential scope.
    public mutating func append(basicDate wallMicroseconds: Int64) {
        let date = UTCDate(microsecondsSince1970: wallMicroseconds)
        append(decimal: UInt64(max(0, date.year)), digits: 4)
        append(decimal: UInt64(date.month), digits: 2)
        append(decimal: UInt64(date.day), digits: 2)
    }
}

/// Writes `value`, 0 to 99, with a zero in front where it needs one.
private func writeTwoDigits(_ value: Int, to text: inout InlineArray<27, UInt8>, at index: Int) {
    text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10)
    text[index + 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
}
