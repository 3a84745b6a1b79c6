import Bytes
import Configuration
import Gateway
import Linux
import RecordRing
import Uplink

/// `pulsegate run --config FILE`: the gateway itself.
enum RunCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let options: Options
        do throws(OptionsError) {
            options = try Options(
                arguments, known: [CommandOption("config", takesValue: true)])
        } catch {
            Console.error("run: \(error); \(Usage.hint("run"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty else {
            Console.error("run: \(options.operands[0]) is one word too many; \(Usage.hint("run"))")
            return ExitStatus.usage
        }
        guard let path = options.values["config"] else {
            Console.error("run: say which configuration, as in `run --config FILE`")
            return ExitStatus.usage
        }
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(
                from: path, hostName: Environment.hostName())
            return run(configuration)
        } catch {
            Console.log("\(error)")
            return ExitStatus.failure
        }
    }

    private static func run(_ configuration: Configuration) -> Int32 {
        let log = Log(limit: LogLevel(configuration.logLevel.rawValue))
        do throws(SetupError) {
            let plan = try SessionPlan(configuration)
            var session = try plan.open(log: log) { _, _ in }
            log.write(.notice, "started: \(plan.summary)")
            let outcome = try SetupError.wrap { () throws(SystemError) in
                try session.run(tickNanoseconds: nil) { _ in }
            }
            return finish(outcome, session, log)
        } catch {
            Console.error("\(error)")
            return ExitStatus.failure
        }
    }

    /// Says how it ended. Records that stay in the ring are no failure: the next start sends them.
    private static func finish(
        _ outcome: Session.Outcome, _ session: borrowing Session, _ log: Log
    ) -> Int32 {
        let counters = session.pipeline.gateway.counters
        log.write(
            .notice,
            "stopped: \(counters.notifications) notifications, \(counters.recorded) recorded, "
                + "\(counters.malformed) malformed, \(counters.offSkin) off skin, "
                + "\(counters.alarmsRaised) alarms")
        for sink in session.pipeline.gateway.sinks {
            let waiting = sink.owedCount(of: session.pipeline.gateway.cursor)
            log.write(
                .notice,
                "sink \(String(decoding: sink.settings.name.bytes)): "
                    + "\(sink.queue.acknowledged) delivered, \(sink.queue.lost) lost"
                    + (waiting > 0 ? ", \(waiting) stay in the ring" : ""))
        }
        return outcome == .interrupted ? ExitStatus.failure : ExitStatus.success
    }
}
