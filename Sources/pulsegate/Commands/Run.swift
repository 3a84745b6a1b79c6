import Bytes
import Configuration
import Diagnostics
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
            // The first tick comes at once, and the last one at the end: neither says anything.
            var isFirst = true
            let outcome = try SetupError.wrap { () throws(SystemError) in
                try session.run(tickNanoseconds: plan.statusNanoseconds) { session in
                    if !isFirst && !session.hasEnded { RunReport.write(session, log) }
                    isFirst = false
                }
            }
            RunReport.write(session, log)
            return outcome == .interrupted ? ExitStatus.failure : ExitStatus.success
        } catch {
            Console.error("\(error)")
            return ExitStatus.failure
        }
    }
}
