internal import Bytes

/// Times as the Internet's protocols write them (RFC 3339 section 5.6), to the letter: what is
/// posted, and what the relay reads.
public enum InternetTime {
    /// Microseconds since 1970 of `2025-07-15T17:10:33`, with up to nine fraction digits, and `Z`
    /// or an offset such as `+02:00`; nil for anything else and for a date that no calendar has.
    public static func microseconds(_ text: Span<UInt8>) -> Int64? {
        guard text.count >= 20 else { return nil }
        let isUTC = text[text.count - 1] == UInt8(ascii: "Z")
        let fractionBytes = text.count - 19 - (isUTC ? 1 : 6)
        let colon = UInt8(ascii: ":")
        // A point and a digit to nine. Seconds and the colon of an offset are not to be left out.
        guard fractionBytes == 0 || fractionBytes >= 2 && fractionBytes <= 10,
            text[16] == colon, isUTC || text[text.count - 3] == colon
        else { return nil }
        return TimeReader.instant(zoned: String(decoding: text))
    }
}
