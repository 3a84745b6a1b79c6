import Alarm
import Configuration
import ControlSocket
import Linux

/// `pulsegate alarm …`: what a person does about alarms when the button is far away.
enum AlarmCommand {
    private static let words = ["test", "ack", "status", "log"]

    private static func options(_ word: String) -> [CommandOption] {
        let config = [CommandOption("config", takesValue: true)]
        guard word == "log" else { return config }
        return config
            + ["data", "device", "format", "from", "to", "sensor"].map {
                CommandOption($0, takesValue: true)
            }
    }

    static func run(_ arguments: [String]) -> Int32 {
        guard let word = arguments.first, words.contains(word) else {
            let text = arguments.first.map { "\($0) is none of" } ?? "say which:"
            Console.error(
                "alarm: \(text) \(words.joined(separator: ", ")); \(Usage.hint("alarm"))")
            return ExitStatus.usage
        }
        let line: Options
        do throws(OptionsError) {
            line = try Options(Array(arguments.dropFirst()), known: options(word))
        } catch {
            Console.error("alarm \(word): \(error); \(Usage.hint("alarm"))")
            return ExitStatus.usage
        }
        if let operand = line.operands.first {
            Console.error(
                "alarm \(word): \(operand) is one word too many; \(Usage.hint("alarm"))")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            if word == "log" { return try RingDump.run(line, isAlarmLog: true) }
            guard let path = line.values["config"] else {
                throw SetupError("say which configuration, as in `alarm \(word) --config FILE`")
            }
            return try ask(word, try RingPlace.load(path))
        } catch {
            Console.error("alarm \(word): \(error)")
            return ExitStatus.failure
        }
    }

    private static func ask(
        _ word: String, _ configuration: Configuration
    ) throws(SetupError) -> Int32 {
        let path = configuration.controlPath
        do throws(ControlError) {
            let answer = try ControlClient.ask("alarm \(word)", at: path)
            if answer.hasPrefix("ok\n") {
                Console.write(String(answer.dropFirst(3)))
                return ExitStatus.success
            }
            // A gateway of another version.
            Console.error("alarm \(word): the gateway says \(answer.prefix { $0 != "\n" })")
            return ExitStatus.failure
        } catch {
            switch error {
            case .notRunning(let reason):
                if word == "test" { return try testAlone(configuration) }
                throw SetupError(
                    "no gateway of this configuration runs, or it is another user's (\(reason))")
            case .noAnswer:
                throw SetupError("the gateway at \(path) does not answer; is it stopped?")
            case .failed(let reason): throw SetupError("\(reason)")
            }
        }
    }

    /// Without a gateway the outputs are free: they are tried here, by the same panel.
    private static func testAlone(_ configuration: Configuration) throws(SetupError) -> Int32 {
        guard !configuration.outputs.isEmpty else {
            throw SetupError(
                "no gateway runs, and the configuration has no [output NAME] that could be tried")
        }
        let log = Log(limit: .warning)
        let annunciator = Annunciator(
            outputs: configuration.outputs.map { OutputPlan($0) }, button: nil, log: log)
        var panel = AlarmPanel(limits: [], sinkCount: 0)
        Console.line("no gateway runs: lamp and buzzer are tried from here")
        try SetupError.wrap { () throws(SystemError) in
            var poller = try Poller()
            panel.beginTest(now: Clock.monotonicNanoseconds())
            while panel.nextChange() != nil || panel.lamp != .dark || panel.sound != .silent {
                let now = Clock.monotonicNanoseconds()
                panel.advance(to: now)
                annunciator.take(now)
                annunciator.follow(panel, now: now)
                let due = min(
                    panel.deadline ?? now, annunciator.deadline(now: now) ?? Int64.max)
                try poller.wait(timeoutNanoseconds: max(0, due - now)) { _ in }
            }
        }
        let troubles = annunciator.troubles
        annunciator.close()
        return troubles.isEmpty ? ExitStatus.success : ExitStatus.failure
    }
}
