import Bytes
import Configuration
import Diagnostics
import Gateway
import Linux
import RecordRing
import Time
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
            return run(configuration, from: path)
        } catch {
            Console.log("\(error)")
            return ExitStatus.failure
        }
    }

    private static func run(_ configuration: Configuration, from path: String) -> Int32 {
        let log = Log(limit: LogLevel(configuration.logLevel.rawValue))
        do throws(SetupError) {
            let plan = try SessionPlan(configuration)
            var session = try plan.open(log: log) { _, _ in }
            let operations = plan.operations
            operations.configurationText = ConfigurationText.read(path)
            let state = RunState(
                folder: plan.dataFolder,
                boot: try SetupError.wrap { () throws(SystemError) in try Clock.bootID() })
            operations.restartReason = state.begin(log)
            log.write(.notice, "started: \(plan.summary)")
            log.write(.information, "last end: \(operations.restartReason)")
            let manager = ServiceManager()
            manager.ready("started")
            let outcome = try runToEnd(&session, plan, manager, log)
            RunReport.write(session, log)
            if let reason = operations.endReason {
                log.write(.error, reason.text)
                state.end("over the budget of memory", log)
                return ExitStatus.failure
            }
            state.end(outcome == .interrupted ? "second signal" : "asked to", log)
            return outcome == .interrupted ? ExitStatus.failure : ExitStatus.success
        } catch {
            Console.error("\(error)")
            return ExitStatus.failure
        }
    }

    private static func runToEnd(
        _ session: inout Session, _ plan: SessionPlan, _ manager: ServiceManager, _ log: Log
    ) throws(SetupError) -> Session.Outcome {
        // The first report comes one interval after the start, and the last one at the end.
        var reportDue = plan.statusNanoseconds.map { Clock.monotonicNanoseconds() + $0 }
        let interval = min(manager.turnNanoseconds, plan.statusNanoseconds ?? Int64.max)
        return try SetupError.wrap { () throws(SystemError) in
            try session.run(tickNanoseconds: interval) { session in
                if session.hasEnded { return manager.stopping("stopped") }
                manager.turn(session, log: log)
                let now = Clock.monotonicNanoseconds()
                if let due = reportDue, let status = plan.statusNanoseconds, now >= due {
                    RunReport.write(session, log)
                    reportDue = now + status
                }
            }
        }
    }
}
