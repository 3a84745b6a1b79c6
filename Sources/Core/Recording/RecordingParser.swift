internal import Bytes

/// Reads a recorded session line by line: a CSV file whose header names its columns.
///
/// ```
/// # a comment
/// seconds,beats_per_minute
/// 0,72
/// 1.5,74
/// 2.5,            the sensor gave no value
/// ```
///
/// The two columns may stand anywhere among others. Blank lines, lines that begin with `#`,
/// spaces around a field, CR LF and a byte order mark are tolerated, because spreadsheets write
/// them. Quotes are not: no field that is read needs them.
///
/// The state is a few words, whatever the length of the file. After an error the parser is not
/// asked again.
public struct RecordingParser: Sendable {
    /// Where the two columns stand, counted from 0.
    private struct Header {
        let seconds: Int
        let beatsPerMinute: Int
    }

    /// Lines parsed so far; the number of the last one, as an editor counts.
    public private(set) var line = 0
    private var header: Header?
    private var lastTimeNanoseconds: Int64?

    public init() {}

    /// The row in `text`, a line without its line feed; nil for the header and for lines that
    /// are skipped.
    public mutating func parse(line text: Span<UInt8>) throws(RecordingError) -> RecordingRow? {
        line += 1
        let whole = (line == 1 ? text.droppingByteOrderMark() : text).trimmed()
        guard whole.count > 0, whole[0] != UInt8(ascii: "#") else { return nil }
        guard let header else {
            header = try parseHeader(whole)
            return nil
        }
        let time = try parseTime(try field(header.seconds, .seconds, in: whole))
        let rate = try parseRate(try field(header.beatsPerMinute, .beatsPerMinute, in: whole))
        lastTimeNanoseconds = time
        return RecordingRow(timeNanoseconds: time, beatsPerMinute: rate)
    }

    /// To be called behind the last line: a file without a header is refused here.
    public func finish() throws(RecordingError) {
        guard header == nil else { return }
        throw RecordingError(.noHeader, line: max(1, line), value: Span())
    }

    private func parseHeader(_ text: Span<UInt8>) throws(RecordingError) -> Header {
        Header(
            seconds: try position(of: .seconds, in: text),
            beatsPerMinute: try position(of: .beatsPerMinute, in: text))
    }

    private func position(
        of column: RecordingColumn, in text: Span<UInt8>
    ) throws(RecordingError) -> Int {
        var found: Int?
        var position = 0
        while let name = text.field(position) {
            if name.isEqual(to: column.name) {
                guard found == nil else {
                    throw RecordingError(.columnRepeated, line: line, column: column, value: text)
                }
                found = position
            }
            position += 1
        }
        guard let found else {
            throw RecordingError(.columnMissing, line: line, column: column, value: text)
        }
        return found
    }

    @_lifetime(copy text)
    private func field(
        _ position: Int, _ column: RecordingColumn, in text: Span<UInt8>
    ) throws(RecordingError) -> Span<UInt8> {
        guard let field = text.field(position) else {
            throw RecordingError(.fieldMissing, line: line, column: column, value: text)
        }
        return field
    }

    private func parseTime(_ field: Span<UInt8>) throws(RecordingError) -> Int64 {
        guard let time = field.parseSeconds() else {
            throw RecordingError(.notSeconds, line: line, column: .seconds, value: field)
        }
        // Devices set their clock while they record, so a few rows of a real file go back by a
        // second: such a row is played with the one before it.
        return max(time, lastTimeNanoseconds ?? time)
    }

    private func parseRate(_ field: Span<UInt8>) throws(RecordingError) -> UInt16? {
        if field.isEmpty { return nil }
        guard let value = field.parseDecimal(), let rate = UInt16(exactly: value) else {
            throw RecordingError(
                .notBeatsPerMinute, line: line, column: .beatsPerMinute, value: field)
        }
        return rate
    }
}

extension Span<UInt8> {
    /// Without the spaces, tabs and carriage returns at both ends.
    @_lifetime(copy self)
    func trimmed() -> Span<UInt8> {
        var range = 0..<count
        while let first = range.first, self[first].isBlank { range.removeFirst() }
        while let last = range.last, self[last].isBlank { range.removeLast() }
        return extracting(range)
    }

    /// Without EF BB BF, which some spreadsheets put before UTF-8 (RFC 3629 section 6).
    @_lifetime(copy self)
    func droppingByteOrderMark() -> Span<UInt8> {
        guard count >= 3, self[0] == 0xEF, self[1] == 0xBB, self[2] == 0xBF else { return self }
        return extracting(droppingFirst: 3)
    }

    /// The field between the commas `position - 1` and `position`, trimmed; nil behind the last.
    @_lifetime(copy self)
    func field(_ position: Int) -> Span<UInt8>? {
        var start = 0
        var commas = 0
        for index in indices where self[index] == UInt8(ascii: ",") {
            if commas == position { return extracting(start..<index).trimmed() }
            commas += 1
            start = index + 1
        }
        return commas == position ? extracting(start..<count).trimmed() : nil
    }

    /// Nanoseconds of `12` or `12.5`; digits behind the ninth of a fraction are below the
    /// nanosecond and ignored. nil for anything else, or above 2^63 nanoseconds.
    func parseSeconds() -> Int64? {
        var dot = 0
        while dot < count, self[dot] != UInt8(ascii: ".") { dot += 1 }
        guard let whole = extracting(0..<dot).parseDecimal(),
            let seconds = Int64(exactly: whole)
        else { return nil }
        var fraction: Int64 = 0
        if dot < count {
            guard dot + 1 < count else { return nil }
            var unit: Int64 = 100_000_000
            for index in dot + 1..<count {
                let digit = self[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                fraction += Int64(digit) * unit
                unit /= 10
            }
        }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(fraction)
        return overflow || carry ? nil : sum
    }
}

extension UInt8 {
    /// What may stand around a field.
    var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r")
    }
}
