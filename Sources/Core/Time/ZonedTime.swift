extension TimeReader {
    /// Microseconds since 1970 of a date and time with a zone, as other programs write it:
    /// `2018-01-18T09:18:06Z`, `2018-01-18T10:18:06.123456+01:00` (RFC 3339 section 5.6; ISO 8601
    /// has `+0100` too). Fractions finer than a microsecond are cut. nil for anything else:
    /// without a zone nobody knows which instant is meant.
    public static func instant(zoned text: String) -> Int64? {
        guard text.utf8.count <= 40, text.utf8.dropFirst(10).first == UInt8(ascii: "T") else {
            return nil
        }
        if let last = text.last, last == "Z" || last == "z" { return instant(text.dropLast()) }
        guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }),
            let offset = offsetMinutes(text[text.index(after: sign)...]),
            let local = instant(text[..<sign])
        else { return nil }
        return local - (text[sign] == "-" ? -offset : offset) * 60_000_000
    }

    private static func instant(_ text: Substring) -> Int64? {
        // A duration back from now begins with a hyphen, which no date does.
        guard text.utf8.first != UInt8(ascii: "-") else { return nil }
        var text = text
        if let dot = text.firstIndex(of: ".") {
            let digits = text[text.index(after: dot)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            text = text[...dot] + digits.prefix(6)
        }
        do throws(TimeTextError) {
            return try instant(text + "Z", now: 0)
        } catch {
            return nil
        }
    }

    /// Minutes of `01:00` or `0100`.
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
