public import Bytes
import Time

/// When a boot began, by the wall clock: what stamps the records of that boot.
public struct BootTime: Equatable, Sendable {
    public let boot: BootID
    /// The wall clock at monotonic 0, microseconds since 1970.
    public let offsetMicroseconds: Int64

    public init(boot: BootID, offsetMicroseconds: Int64) {
        self.boot = boot
        self.offsetMicroseconds = offsetMicroseconds
    }
}

/// What a gateway writes down of the time, in a small file beside the ring, for a board that
/// forgets it when the power goes:
///
/// ```
/// # The latest time that is certain to have passed, and when boots began.
/// time 1795219200000000
/// boot 0123456789abcdef0123456789abcdef 1795219100000000
/// ```
///
/// Microseconds since 1970, which no reader has to interpret; the youngest boot comes last.
public struct ClockNotes: Equatable, Sendable {
    /// Records of older boots than these have been sent or are stamped as they came.
    public static let bootsMax = 8
    /// Bytes of the longest file.
    public static let fileBytesMax = 1_024

    /// No time before this is believed, microseconds since 1970.
    public var floorMicroseconds: Int64
    /// The oldest first.
    public private(set) var boots: [BootTime] = []

    public init(floorMicroseconds: Int64 = 0) { self.floorMicroseconds = floorMicroseconds }

    /// When this boot began; nil where it is not known.
    public func offset(of boot: BootID) -> Int64? {
        boots.first { $0.boot == boot }?.offsetMicroseconds
    }

    /// A clock that was wrong by less is left as it was: every sink has got the same time then.
    public static let stampToleranceMicroseconds: Int64 = 1_000_000

    /// The record with the time that is known now: what came before the clock was set gets its
    /// time from when its boot began.
    public func stamped(_ record: Record) -> Record {
        guard record.clock == .unsynced, let offset = offset(of: record.boot) else {
            return record
        }
        var stamped = record
        stamped.clock = .synced
        let known = offset + record.time.monotonicNanoseconds / 1_000
        let (error, overflow) = known.subtractingReportingOverflow(record.time.wallMicroseconds)
        if overflow || error.magnitude > UInt64(Self.stampToleranceMicroseconds) {
            stamped.time.wallMicroseconds = known
        }
        return stamped
    }

    /// Notes a boot's beginning in place of what was known of it; the oldest makes room.
    public mutating func note(_ time: BootTime) {
        if let index = boots.firstIndex(where: { $0.boot == time.boot }) {
            boots[index] = time
            return
        }
        if boots.count == Self.bootsMax { boots.removeFirst() }
        boots.append(time)
    }

    /// Reads a file; nil where it is none of ours, or one that was cut. A gateway without it knows
    /// less, and nothing is lost.
    public init?(decoding text: Span<UInt8>) {
        self.init()
        guard text.count <= Self.fileBytesMax, text.count > 0,
            text[text.count - 1] == UInt8(ascii: "\n")
        else { return nil }
        var reader = LineReader(text: text)
        var hasTime = false
        while let line = reader.next() {
            if line.count == 0 || line[0] == UInt8(ascii: "#") { continue }
            if let value = Self.number(in: line, after: "time ") {
                floorMicroseconds = value
                hasTime = true
            } else if let time = Self.boot(in: line) {
                note(time)
            } else {
                return nil
            }
        }
        if !hasTime { return nil }
    }

    public func encode(into text: inout FixedBuffer) {
        text.append("# The latest time that is certain to have passed, and when boots began.\n")
        text.append("time ")
        text.append(decimal: UInt64(max(0, floorMicroseconds)))
        for time in boots where time.offsetMicroseconds >= 0 {
            text.append("\nboot ")
            text.append(hex: time.boot.high, digits: 16)
            text.append(hex: time.boot.low, digits: 16)
            text.append(" ")
            text.append(decimal: UInt64(time.offsetMicroseconds))
        }
        text.append("\n")
    }

    private static func boot(in line: Span<UInt8>) -> BootTime? {
        // `boot `, 32 digits and a blank.
        guard line.count > 38, line.extracting(0..<5).isEqual(to: "boot "),
            line[37] == UInt8(ascii: " "),
            let high = hex(line.extracting(5..<21)), let low = hex(line.extracting(21..<37)),
            let offset = decimal(line.extracting(38..<line.count))
        else { return nil }
        return BootTime(boot: BootID(high: high, low: low), offsetMicroseconds: offset)
    }

    private static func number(in line: Span<UInt8>, after word: StaticString) -> Int64? {
        let start = word.utf8CodeUnitCount
        guard line.count > start, line.extracting(0..<start).isEqual(to: word) else { return nil }
        return decimal(line.extracting(start..<line.count))
    }

    /// At most 17 digits: the year 5138.
    private static func decimal(_ digits: Span<UInt8>) -> Int64? {
        guard digits.count > 0, digits.count <= 17 else { return nil }
        var value: Int64 = 0
        for index in digits.indices {
            let byte = digits[index]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func hex(_ digits: Span<UInt8>) -> UInt64? {
        var bytes = FixedBuffer(capacity: 8)
        do throws(HexError) {
            try bytes.append(decodingHex: digits)
        } catch {
            return nil
        }
        // Blanks between digits are no error to the decoder, and make fewer bytes.
        guard bytes.count == 8 else { return nil }
        return bytes.bytes.loadUInt64(at: 0).byteSwapped
    }
}

/// The lines of a text, without their ends.
private struct LineReader: ~Escapable {
    private let text: Span<UInt8>
    private var place = 0

    @_lifetime(copy text)
    init(text: Span<UInt8>) { self.text = text }

    @_lifetime(copy self)
    mutating func next() -> Span<UInt8>? {
        guard place < text.count else { return nil }
        let start = place
        while place < text.count, text[place] != UInt8(ascii: "\n") { place += 1 }
        let end = place
        place += 1
        return text.extracting(start..<end)
    }
}
