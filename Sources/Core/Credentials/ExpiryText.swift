import Time

/// Reads when a key ends: ISO 8601 with a zone, `2018-01-18T09:18:06Z` as AWS's services write it
/// or `2018-01-18T10:18:06.123456+01:00` as programs do.
enum ExpiryText {
    /// Microseconds since 1970; nil for anything else. Without a zone nobody knows which instant
    /// is meant.
    static func wallMicroseconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 40, text.utf8.dropFirst(10).first == UInt8(ascii: "T") else {
            return nil
        }
        if let last = text.last, last == "Z" || last == "z" {
            return instant(text.dropLast())
        }
        guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }),
            let offset = offsetMinutes(text[text.index(after: sign)...]),
            let local = instant(text[..<sign])
        else { return nil }
        return local - (text[sign] == "-" ? -offset : offset) * 60_000_000
    }

    /// Fractions finer than a microsecond are cut.
    private static func instant(_ text: Substring) -> Int64? {
        var text = text
        if let dot = text.firstIndex(of: ".") {
            let digits = text[text.index(after: dot)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            text = text[...dot] + digits.prefix(6)
        }
        do throws(TimeTextError) {
            return try TimeReader.instant(text + "Z", now: 0)
        } catch {
            return nil
        }
    }

    /// `01:00` or `0100`.
    private static func offsetMinutes(_ text: Substring) -> Int64? {
        let digits =
            text.utf8.count == 5 && text.dropFirst(2).first == ":"
            ? text.prefix(2) + text.dropFirst(3) : text
        guard digits.utf8.count == 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let hours = Int64(digits.prefix(2)), let minutes = Int64(digits.dropFirst(2)),
            hours < 24, minutes < 60
        else { return nil }
        return hours * 60 + minutes
    }
}
