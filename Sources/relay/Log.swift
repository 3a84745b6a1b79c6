import Bytes
import Linux
import Time

/// Lines of JSON on standard error, as Lambda's log format wants them (Lambda Developer Guide,
/// "Using JSON structured logs"): `timestamp`, `level`, `message`, `requestId`.
enum Log {
    enum Level {
        case info, warning, error

        var word: StaticString {
            switch self {
            case .info: "INFO"
            case .warning: "WARN"
            case .error: "ERROR"
            }
        }
    }

    static func write(_ level: Level, _ message: String, requestID: String? = nil) {
        let shown = String(message.prefix(1_000))
        var line = FixedBuffer(capacity: 8_192)
        line.append("{\"timestamp\":\"")
        line.append(timestamp: Clock.now().wallMicroseconds)
        line.append("\",\"level\":\"")
        line.append(level.word)
        line.append("\",\"message\":")
        line.append(jsonString: shown.utf8.span)
        if let requestID {
            line.append(",\"requestId\":")
            line.append(jsonString: requestID.utf8.span)
        }
        line.append("}\n")
        do throws(SystemError) {
            try FileDescriptor.write(line.bytes, to: 2, subject: "standard error")
        } catch {
            // There is nowhere left to complain.
        }
    }
}
