/// Why a text names no instant.
public enum TimeTextError: Error, Equatable, Sendable {
    /// Neither a date nor a duration back from now.
    case notATime
    /// A date and time that does not say that it is in UTC.
    case noZone
    /// A month, day, hour, minute or second that no calendar or clock has.
    case noSuchTime
    /// Not within the years 1 to 9999.
    case outOfRange
}

/// Reads instants and durations as people type them.
public enum TimeReader {
    /// Microseconds since 1970 of `2025-07-15T17:10:33.123456Z`, of less of it (without the
    /// fraction, the seconds, the time of day: then the earliest instant that fits), or of a
    /// duration back from `now` (`-90s`, `-2h`, `-1d12h`). ISO 8601-1:2019 section 5.4.2, in UTC
    /// alone: a local time would mean another instant on another machine.
    public static func instant(
        _ text: String, now wallMicroseconds: Int64
    ) throws(TimeTextError) -> Int64 {
        if text.hasPrefix("-") {
            guard let back = nanoseconds(text.dropFirst()) else { throw .notATime }
            return wallMicroseconds - back / 1_000
        }
        return try date(Array(text.utf8))
    }

    /// Nanoseconds of a duration: whole numbers with a unit each, `90s`, `1h30min`; nil when it
    /// is none, or longer than 292 years.
    public static func nanoseconds(_ text: Substring) -> Int64? {
        var rest = text
        var total: Int64 = 0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !($0.isASCII && $0.isWholeNumber) }
            rest = rest.dropFirst(name.count)
            guard let count = Int64(digits), let unit = units.first(where: { $0.name == name })
            else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
            let (sum, carry) = total.addingReportingOverflow(product)
            guard !overflow, !carry else { return nil }
            total = sum
        }
        return total
    }

    private static let units: [(name: Substring, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// The fields of a date by their places: `YYYY-MM-DD`, then `THH:MM`, `:SS`, `.F`, `Z`.
    private static func date(_ text: [UInt8]) throws(TimeTextError) -> Int64 {
        func number(_ range: Range<Int>) throws(TimeTextError) -> Int64 {
            guard range.upperBound <= text.count else { throw .notATime }
            var value: Int64 = 0
            for byte in text[range] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw .notATime }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        func isMark(_ place: Int, _ mark: UInt8) -> Bool {
            place < text.count && text[place] == mark
        }
        guard isMark(4, UInt8(ascii: "-")), isMark(7, UInt8(ascii: "-")) else { throw .notATime }
        let days = try daysSince1970(
            year: try number(0..<4), month: try number(5..<7), day: try number(8..<10))
        if text.count == 10 { return days * 86_400_000_000 }
        guard isMark(10, UInt8(ascii: "T")), isMark(13, UInt8(ascii: ":")) else { throw .notATime }
        let (hour, minute) = (try number(11..<13), try number(14..<16))
        var place = 16
        var second: Int64 = 0
        var microsecond: Int64 = 0
        if isMark(place, UInt8(ascii: ":")) {
            second = try number(17..<19)
            place = 19
            if isMark(place, UInt8(ascii: ".")) {
                let digits = text[20...].prefix { $0 != UInt8(ascii: "Z") }.count
                guard digits >= 1, digits <= 6 else { throw .notATime }
                microsecond = try number(20..<20 + digits)
                for _ in digits..<6 { microsecond *= 10 }
                place = 20 + digits
            }
        }
        if place == text.count { throw .noZone }
        guard isMark(place, UInt8(ascii: "Z")), place + 1 == text.count else { throw .notATime }
        guard hour < 24, minute < 60, second < 60 else { throw .noSuchTime }
        let seconds = hour * 3_600 + minute * 60 + second
        return days * 86_400_000_000 + seconds * 1_000_000 + microsecond
    }

    /// Days in the proleptic Gregorian calendar: the inverse of `UTCDate`, by the same source
    /// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    private static func daysSince1970(
        year: Int64, month: Int64, day: Int64
    ) throws(TimeTextError) -> Int64 {
        guard year >= 1 else { throw .outOfRange }
        guard month >= 1, month <= 12, day >= 1 else { throw .noSuchTime }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[Int(month) - 1] else { throw .noSuchTime }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
