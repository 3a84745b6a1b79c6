internal import Bytes

/// Why a file is no recording: where, what stands there, and what to write instead.
public struct RecordingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Equatable, Sendable {
        /// The file ends before a header.
        case noHeader
        /// The header does not name the column.
        case columnMissing
        /// The header names the column twice.
        case columnRepeated
        /// The row ends before the column.
        case fieldMissing
        /// The time is not a decimal number of seconds, or more than 292 years.
        case notSeconds
        /// The heart rate is not an integer from 0 to 65,535.
        case notBeatsPerMinute
        /// A header and nothing behind it.
        case noRows
    }

    public let problem: Problem
    /// From 1, blank lines and comments counted, as an editor shows it.
    public let line: Int
    /// nil where the whole file is meant.
    public let column: RecordingColumn?
    /// The field, or the line where a field is missing: printable ASCII, at most 40 characters.
    public let value: String

    init(
        _ problem: Problem, line: Int, column: RecordingColumn? = nil, value: Span<UInt8>
    ) {
        self.problem = problem
        self.line = line
        self.column = column
        self.value = Self.printable(value)
    }

    /// `line 3, column seconds: "1,5" is not ...; write ...`
    public var description: String {
        let place = column.map { "line \(line), column \($0.name)" } ?? "line \(line)"
        return "\(place): \(words)"
    }

    /// What is wrong and its remedy.
    private var words: String {
        switch problem {
        case .noHeader:
            "there is no header; begin the file with \"seconds,beats_per_minute\""
        case .columnMissing:
            "missing from the header \"\(value)\"; name the column there, as in "
                + "\"seconds,beats_per_minute\""
        case .columnRepeated:
            "named twice in the header \"\(value)\"; rename one of the two"
        case .fieldMissing:
            "the row \"\(value)\" ends before it; write one field for every name in the header"
        case .notSeconds:
            "\"\(value)\" is not a time in seconds; write digits with an optional fraction, "
                + "such as 12 or 12.5"
        case .notBeatsPerMinute:
            "\"\(value)\" is not a heart rate; write an integer from 0 to 65535, or nothing "
                + "where the sensor gave no value"
        case .noRows:
            "no row follows the header; add rows such as \"0,72\""
        }
    }

    private static func printable(_ bytes: Span<UInt8>) -> String {
        var text = ""
        for index in bytes.indices.prefix(40) {
            let byte = bytes[index]
            let shown = byte >= 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?")
            text.unicodeScalars.append(Unicode.Scalar(shown))
        }
        return bytes.count > 40 ? text.dropLast(3) + "..." : text
    }
}
