/// Walks through the bytes of a recording, one row a call.
///
/// The bytes stay with the caller (a program's resource, a file read at start-up), who passes
/// the same ones every time: so the player can live beside them for as long as the session
/// plays. Silence is no row: it is the time until the next one.
public struct RecordingPlayer: Sendable {
    private var parser = RecordingParser()
    /// Offset of the next line.
    private var position = 0

    public init() {}

    /// The number of the line that was read last, from 1.
    public var line: Int { parser.line }

    /// The next row in `bytes`, a whole file; nil at its end.
    public mutating func next(in bytes: Span<UInt8>) throws(RecordingError) -> RecordingRow? {
        while position < bytes.count {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            let text = bytes.extracting(start..<position)
            position += 1
            if let row = try parser.parse(line: text) { return row }
        }
        try parser.finish()
        return nil
    }

    /// Back to the first row.
    public mutating func rewind() { self = RecordingPlayer() }
}

/// What a recording holds, and that all of it can be read: so a bad line 5,000 is refused at
/// the start and not after an hour.
public struct RecordingExtent: Equatable, Sendable {
    /// Rows, those without a value included.
    public let rows: Int
    /// Rows where the sensor gave no value.
    public let rowsWithoutValue: Int
    /// Time of the last row.
    public let durationNanoseconds: Int64

    /// Reads the whole of `bytes` once; a recording without a row is refused.
    public init(of bytes: Span<UInt8>) throws(RecordingError) {
        var player = RecordingPlayer()
        var rows = 0
        var rowsWithoutValue = 0
        var last: Int64 = 0
        while let row = try player.next(in: bytes) {
            rows += 1
            if row.beatsPerMinute == nil { rowsWithoutValue += 1 }
            last = row.timeNanoseconds
        }
        guard rows > 0 else { throw RecordingError(.noRows, line: player.line, value: Span()) }
        self.rows = rows
        self.rowsWithoutValue = rowsWithoutValue
        durationNanoseconds = last
    }
}
