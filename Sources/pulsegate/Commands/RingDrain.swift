import Bytes
import Configuration
import Gateway
import Linux
import RecordRing
import Time
import Uplink

/// `pulsegate ring drain --config FILE`: sends what is left in the ring to the configured sinks,
/// with no input: before a card is taken out, or after a gateway has been given up.
enum RingDrain {
    /// A day: whoever has more to send runs the gateway.
    private static let timeoutNanosecondsMax: Int64 = 86_400_000_000_000

    static func run(_ line: Options) throws(SetupError) -> Int32 {
        guard let path = line.values["config"] else {
            throw SetupError("say which configuration, as in `ring drain --config FILE`")
        }
        var configuration = try RingPlace.load(path)
        let ring = "\(configuration.dataDirectory)/ring"
        guard Path.exists(ring) else { throw SetupError("\(RingReaderError.absent(path: ring))") }
        // The input of the gateway is not looked at: its recording may be gone.
        configuration.input.source = .standardInput
        let log = Log(limit: LogLevel(configuration.logLevel.rawValue))
        var plan = try SessionPlan(configuration)
        plan.ending.hasInput = false
        plan.ending.staysAtEnd = false
        if let timeout = try timeout(line) { plan.ending.drainNanoseconds = timeout }
        var session = try plan.open(log: log) { _, _ in }
        let outcome = try SetupError.wrap { () throws(SystemError) in
            try session.run(tickNanoseconds: nil) { _ in }
        }
        return say(outcome, session)
    }

    private static func timeout(_ line: Options) throws(SetupError) -> Int64? {
        guard let text = line.values["timeout"] else { return nil }
        guard let value = TimeReader.nanoseconds(Substring(text)), value > 0,
            value <= timeoutNanosecondsMax
        else {
            throw SetupError("--timeout \(text): give a duration up to a day, as in --timeout 5min")
        }
        return value
    }

    private static func say(
        _ outcome: Session.Outcome, _ session: borrowing Session
    ) -> Int32 {
        let cursor = session.pipeline.gateway.cursor
        for sink in session.pipeline.gateway.sinks where !sink.isIdleErrorSink {
            Console.line(
                "sink \(String(decoding: sink.settings.name.bytes)): "
                    + "\(sink.queue.acknowledged) sent, \(sink.owedCount(of: cursor)) left, "
                    + "\(sink.queue.lost) lost")
        }
        switch outcome {
        case .drained: return ExitStatus.success
        case .timedOut:
            Console.error("ring drain: the time ran out; what is left stays in the ring")
        case .interrupted:
            Console.error("ring drain: interrupted; what is left stays in the ring")
        }
        return ExitStatus.failure
    }
}
