import Bytes

/// The times of records: those of gateways in UTC with six fraction digits, those of
/// `patient_stats` as RFC 3339 allows.
public enum InternetTime {
    /// Microseconds since 1970 of `2025-07-15T17:10:33`, with up to nine fraction digits, and `Z`
    /// or an offset such as `+02:00`; nil for anything else and for a date that no calendar has.
    public static func microseconds(_ text: Span<UInt8>) -> Int64? {
        guard text.count >= 20, text.count <= 35, text[10] == UInt8(ascii: "T") else { return nil }
        var end = 19
        if text[end] == UInt8(ascii: ".") {
            end += 1
            while end < text.count, text[end] &- UInt8(ascii: "0") <= 9 { end += 1 }
            guard end > 20, end <= 29 else { return nil }
        }
        guard let offsetMinutes = offsetMinutes(text.extracting(end..<text.count)) else {
            return nil
        }
        let local = String(decoding: text.extracting(0..<min(end, 26))) + "Z"
        do throws(TimeTextError) {
            // A duration back from now begins with a hyphen, which no date does.
            guard text[0] != UInt8(ascii: "-") else { return nil }
            return try TimeReader.instant(local, now: 0) - offsetMinutes * 60_000_000
        } catch {
            return nil
        }
    }

    /// Minutes that the text's clock is ahead of UTC.
    private static func offsetMinutes(_ zone: Span<UInt8>) -> Int64? {
        if zone.isEqual(to: "Z") { return 0 }
        guard zone.count == 6, zone[3] == UInt8(ascii: ":"),
            zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
            let hours = zone.extracting(1..<3).parseDecimal(), hours < 24,
            let minutes = zone.extracting(4..<6).parseDecimal(), minutes < 60
        else { return nil }
        let offset = Int64(hours * 60 + minutes)
        return zone[0] == UInt8(ascii: "-") ? -offset : offset
    }
}
