import Bytes
import Diagnostics
import Linux
import Time

/// Severities, as syslog numbers them (RFC 5424, section 6.2.1).
enum LogLevel: Int, Comparable, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case information = 6
    case debug = 7

    static func < (one: LogLevel, other: LogLevel) -> Bool { one.rawValue < other.rawValue }

    /// The level of this name in a configuration.
    init(_ name: String) {
        self =
            [.error, .warning, .notice, .information, .debug].first { $0.name == name } ?? .notice
    }

    var name: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .information: "info"
        case .debug: "debug"
        }
    }
}

/// One line an event on standard error; under journald with its priority in front (`<4>`), else
/// with the time. The last lines are kept, for the live view and for the console.
final class Log {
    private let limit: LogLevel
    private let isJournal = Environment.value("JOURNAL_STREAM") != nil
    /// A line that the console can be asked for.
    struct Line {
        let sequence: UInt64
        let level: LogLevel
        /// Wall-clock microseconds.
        let at: Int64
        let text: String
    }

    /// Lines that are kept: with 512 bytes each, 128 KiB.
    private static let linesMax = 256
    private static let lineBytesMax = 512

    private var pace = LogPace(burst: 200, rate: 20)
    /// Lines of this run so far.
    private(set) var sequence: UInt64 = 0
    private var ring: [Line] = []
    /// Lines are kept only, while a live view has the screen.
    var isQuiet = false
    var lastLines: [String] { lines(after: 0, limit: 8).map(\.text) }
    /// Lines at each level, printed or not.
    private(set) var warningCount = 0

    init(limit: LogLevel) {
        self.limit = limit
    }

    func write(_ level: LogLevel, _ text: String) {
        if level <= .warning { warningCount += 1 }
        guard level <= limit else { return }
        let now = Clock.now()
        keep(level, text, at: now.wallMicroseconds)
        if isQuiet { return }
        if isJournal { return writeToJournal(level, text, now: now.monotonicNanoseconds) }
        var time = FixedBuffer(capacity: 32)
        time.append(timestamp: now.wallMicroseconds)
        Console.log("\(String(decoding: time.bytes)) \(level.name): \(text)")
    }

    /// One line an event, as fast as a journal on a card can bear.
    private func writeToJournal(_ level: LogLevel, _ text: String, now: Int64) {
        guard pace.admits(now: now) else { return }
        let suppressed = pace.takeSuppressed()
        if suppressed > 0 {
            Console.log("<4>log: \(suppressed) lines were left out: too many at once")
        }
        Console.log("<\(level.rawValue)>\(text)")
    }

    private func keep(_ level: LogLevel, _ text: String, at wallMicroseconds: Int64) {
        sequence += 1
        let line = Line(
            sequence: sequence, level: level, at: wallMicroseconds,
            text: String(decoding: text.utf8.prefix(Self.lineBytesMax), as: UTF8.self))
        if ring.count < Self.linesMax {
            ring.append(line)
        } else {
            // The place of the oldest; the array never grows again.
            ring[Int((sequence - 1) % UInt64(Self.linesMax))] = line
        }
    }

    /// The lines after `sequence`, oldest first, the last `limit` of them.
    func lines(after sequence: UInt64, limit: Int) -> [Line] {
        Array(
            ring.filter { $0.sequence > sequence }.sorted { $0.sequence < $1.sequence }
                .suffix(limit))
    }
}
