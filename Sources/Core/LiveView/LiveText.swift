/// Figures as a person reads them. Every form keeps its width for any value that can occur, so
/// that columns stand still.
enum LiveText {
    /// `65,536`.
    static func grouped(_ value: UInt64) -> String {
        let digits = Array(String(value).utf8)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }

    /// A count in at most `width` characters (five at least): `65,536`, else `65536`, else in
    /// thousands, millions and so on (k, M, G, T, P, E).
    static func count(_ value: UInt64, width: Int) -> String {
        let long = grouped(value)
        if long.utf8.count <= width { return long }
        let plain = String(value)
        if plain.utf8.count <= width { return plain }
        var rest = value
        for unit in ["k", "M", "G", "T", "P", "E"] {
            rest /= 1_000
            let text = "\(rest)\(unit)"
            if text.utf8.count <= width { return text }
        }
        return "many"
    }

    /// Seconds of a session as `00:03:12`.
    static func clock(_ seconds: UInt64) -> String {
        let minutes = seconds / 60 % 60
        return "\(twoDigits(seconds / 3_600)):\(twoDigits(minutes)):\(twoDigits(seconds % 60))"
    }

    /// An age in the two units that matter: `12 s`, `3 min 05 s`, `5 h 12 min`, `12 d`.
    static func age(_ seconds: UInt64) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(seconds / 60) min \(twoDigits(seconds % 60)) s" }
        if seconds < 86_400 { return "\(seconds / 3_600) h \(twoDigits(seconds / 60 % 60)) min" }
        return "\(count(seconds / 86_400, width: 7)) d"
    }

    /// An age in at most seven characters: `12 s`, `3m05s`, `5h12m`, `12 d`.
    static func shortAge(_ seconds: UInt64) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3_600)h\(twoDigits(seconds / 60 % 60))m" }
        return "\(count(seconds / 86_400, width: 5)) d"
    }

    /// An age at a time axis: `30 s`, `1:30`, `2 min`, `1 h`; hours only whole ones.
    static func roundAge(_ seconds: UInt64) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds % 60 != 0 { return "\(seconds / 60):\(twoDigits(seconds % 60))" }
        if seconds % 3_600 != 0 { return "\(seconds / 60) min" }
        return "\(seconds / 3_600) h"
    }

    /// A latency with two or three significant digits: `42 µs`, `1.2 ms`, `180 ms`, `2.5 s`.
    static func latency(_ microseconds: UInt64) -> String {
        if microseconds < 1_000 { return "\(microseconds) µs" }
        if microseconds < 10_000 { return "\(tenths(microseconds / 100)) ms" }
        if microseconds < 1_000_000 { return "\(microseconds / 1_000) ms" }
        if microseconds < 10_000_000 { return "\(tenths(microseconds / 100_000)) s" }
        return "\(count(microseconds / 1_000_000, width: 6)) s"
    }

    /// `3 alarms`, `1 alarm`.
    static func plural(_ value: UInt64, _ noun: String) -> String {
        "\(grouped(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// The sum, or the largest number where it is larger.
    static func sum(_ values: [UInt64]) -> UInt64 {
        values.reduce(0) { total, value in
            let (sum, overflow) = total.addingReportingOverflow(value)
            return overflow ? .max : sum
        }
    }

    private static func tenths(_ value: UInt64) -> String { "\(value / 10).\(value % 10)" }

    private static func twoDigits(_ value: UInt64) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}

extension String {
    /// With blanks behind it up to `width` characters; longer text stays.
    func padded(to width: Int) -> String {
        let missing = width - unicodeScalars.count
        return missing > 0 ? self + String(repeating: " ", count: missing) : self
    }

    /// With blanks before it up to `width` characters; longer text stays.
    func paddedLeft(to width: Int) -> String {
        let missing = width - unicodeScalars.count
        return missing > 0 ? String(repeating: " ", count: missing) + self : self
    }

    /// At most `width` characters; what is cut is marked by `…`.
    func clipped(to width: Int) -> String {
        guard unicodeScalars.count > width else { return self }
        guard width > 0 else { return "" }
        var text = ""
        text.unicodeScalars.append(contentsOf: unicodeScalars.prefix(width - 1))
        return text + "…"
    }
}
