import Bytes
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
/// with the time. The last lines are kept for the live view.
final class Log {
    private let limit: LogLevel
    private let isJournal = Environment.value("JOURNAL_STREAM") != nil
    /// Lines are kept only, while a live view has the screen.
    var isQuiet = false
    private(set) var lastLines: [String] = []
    /// Lines at each level, printed or not.
    private(set) var warningCount = 0

    init(limit: LogLevel) {
        self.limit = limit
    }

    func write(_ level: LogLevel, _ text: String) {
        if level <= .warning { warningCount += 1 }
        guard level <= limit else { return }
        if lastLines.count == 8 { lastLines.removeFirst() }
        lastLines.append(text)
        if isQuiet { return }
        if isJournal { return Console.log("<\(level.rawValue)>\(text)") }
        var time = FixedBuffer(capacity: 32)
        time.append(timestamp: Clock.now().wallMicroseconds)
        Console.log("\(String(decoding: time.bytes)) \(level.name): \(text)")
    }
}
