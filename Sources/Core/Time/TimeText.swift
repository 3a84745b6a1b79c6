public import Bytes

extension FixedBuffer {
    /// Appends `2025-07-15T17:10:33.123456Z`: UTC, always six fraction digits. OpenSearch's
    /// default date format, the OpenX JSON SerDe and Athena read this form; they differ on any
    /// form without a zone.
    public mutating func append(timestamp wallMicroseconds: Int64) {
        let date = UTCDate(microsecondsSince1970: wallMicroseconds)
        append(decimal: UInt64(max(0, date.year)), digits: 4)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(date.month), digits: 2)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(date.day), digits: 2)
        append(UInt8(ascii: "T"))
        append(decimal: UInt64(date.hour), digits: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(date.minute), digits: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(date.second), digits: 2)
        append(UInt8(ascii: "."))
        append(decimal: UInt64(date.microsecond), digits: 6)
        append(UInt8(ascii: "Z"))
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
