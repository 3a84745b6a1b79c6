import Bytes
import Configuration
import ControlSocket
import Linux

/// What the console answers: from the gateway where it runs, else by itself.
final class ConsoleDesk {
    enum Reply {
        case text(String)
        /// Heart rates, again and again.
        case watch
        case end
    }

    /// Questions of the console.
    enum Question { case really, pin }

    static let words = [
        "help", "version", "uptime", "status", "sensors", "ble", "hr", "watch", "ring", "net",
        "aws", "alarm", "log", "config", "mem", "restart-reason", "support", "safe-mode", "reboot",
        "doctor", "check", "exit",
    ]

    private static let help = """
        status          how the gateway is, in four lines
        sensors  hr     what each sensor has sent last; heart rates alone
        watch           heart rates once a second, until Enter is pressed
        ble  ring       links to the sensors; the ring file
        net  aws        the sinks; their access keys
        alarm [status|ack|test]
        log [N]         the last lines of the log; warnings come by themselves
        config  check   the configuration without its secrets; what is wrong with it
        mem  uptime  version  restart-reason
        doctor          everything between strap and cloud, and what to do
        support         how to get one file for whoever helps
        safe-mode [on|off]   nothing is sent; alarms and the ring go on
        reboot          the whole machine
        exit            ends the console; the gateway goes on

        """

    private let configurationPath: String
    private let socketPath: String
    private var newsSequence: UInt64?
    private var wasDown = false
    private var newsCount = 0

    init(configurationPath: String) {
        self.configurationPath = configurationPath
        do throws(ConfigurationError) {
            socketPath = try Configuration.load(
                from: configurationPath, hostName: Environment.hostName()
            ).controlPath
        } catch {
            // Commands that need no gateway go all the same, and `check` says what is wrong.
            let folder = Environment.value("RUNTIME_DIRECTORY") ?? "/run/pulsegate"
            socketPath = "\(folder)/control"
        }
    }

    func greeting() -> String {
        "\npulsegate \(programVersion) on \(Environment.hostName()); `help` lists the commands\n"
            + (gateway("status").map { String($0.prefix { $0 != "\n" }) + "\n" } ?? down())
    }

    func take(_ line: String, ask: (Question) -> String?) -> Reply {
        let words = line.split(separator: " ").map { String($0) }
        switch words.first {
        case nil: return .text("")
        case "help", "?": return .text(Self.help)
        case "exit", "quit": return .end
        case "watch": return .watch
        case "support":
            return .text(
                "`pulsegate support --config \(configurationPath)` writes it to a file or, with\n"
                    + "--base64, over this line\n")
        case "check": return .text(check())
        case "doctor": return .text(ConsoleHelpers.run(words[0], configurationPath))
        case "alarm" where words.count == 1: return .text(answer("alarm status"))
        default: break
        }
        guard Self.words.contains(words[0]) else {
            return .text("no such command: \(words[0].prefix(32)); `help` lists them\n")
        }
        return .text(changes(words) ? confirmed(words, ask) : answer(words.joined(separator: " ")))
    }

    private func check() -> String {
        do throws(ConfigurationError) {
            _ = try Configuration.load(from: configurationPath, hostName: Environment.hostName())
            return "the configuration is good\n"
        } catch {
            return "\(error)\n"
        }
    }

    /// Commands after which something is not as before. Silencing an alarm is not asked twice.
    private func changes(_ words: [String]) -> Bool {
        words[0] == "reboot" || words[0] == "safe-mode" && words.count > 1
            || words[0] == "alarm" && words.dropFirst().first == "test"
    }

    private func confirmed(_ words: [String], _ ask: (Question) -> String?) -> String {
        let line = words.joined(separator: " ")
        guard ask(.really)?.trimmed == "yes" else { return "nothing was done\n" }
        var text = answer(line)
        if text.hasPrefix("error: locked: say `pin") {
            guard let pin = ask(.pin)?.trimmed, !pin.isEmpty else { return "nothing was done\n" }
            text = answer("pin \(pin) \(line)")
        }
        guard words[0] == "reboot" else { return text }
        if text.hasPrefix("error: ") { return text }
        return ConsoleHelpers.reboot()
    }

    func rates() -> String { answer("hr") }

    /// What the gateway says, or why it does not.
    private func answer(_ line: String) -> String {
        if let text = gateway(line) { return text }
        switch line.split(separator: " ").first {
        case "version": return "pulsegate \(programVersion)\n"
        case "log": return ConsoleHelpers.journal()
        case "config": return ConfigurationText.read(configurationPath)
        case "reboot": return ""
        default: return down()
        }
    }

    /// nil without a gateway.
    private func gateway(_ line: String) -> String? {
        do throws(ControlError) {
            let text = try ControlClient.ask(
                line, at: socketPath, timeoutNanoseconds: 2_000_000_000)
            wasDown = false
            return text.hasPrefix("ok\n") ? String(text.dropFirst(3)) : text
        } catch {
            return nil
        }
    }

    private func down() -> String {
        wasDown = true
        let unit = ConsoleHelpers.unitState()
        // The first start takes seconds on a card: the ring is written once in all its size.
        let state = unit.contains(text: "ActiveState=activating") ? "starting" : "down"
        return "the gateway is \(state): \(reason())\n" + unit
    }

    private func reason() -> String {
        do throws(ConfigurationError) {
            _ = try Configuration.load(from: configurationPath, hostName: Environment.hostName())
        } catch {
            return "its configuration cannot be used (`check` says why)"
        }
        do throws(ControlError) {
            _ = try ControlClient.ask(
                "version", at: socketPath, timeoutNanoseconds: 1_000_000_000)
            return "it has just come back"
        } catch {
            switch error {
            case .notRunning(let reason): return "nobody listens at its socket (\(reason.reason))"
            case .noAnswer: return "it does not answer"
            case .failed(let reason): return "\(reason)"
            }
        }
    }

    /// Warnings that came since the last time, and whether the gateway came or went.
    func news() -> String {
        guard let text = gatewayQuietly("log after \(newsSequence ?? UInt64.max)") else {
            if wasDown || newsSequence == nil { return "" }
            newsSequence = nil
            return down()
        }
        let lines = text.split(separator: "\n")
        let newest = lines.first.flatMap { UInt64($0) }
        defer { newsSequence = newest }
        guard newsSequence != nil else { return "" }
        let shown = lines.dropFirst().filter { line in
            [" warning: ", " error: "].contains { line.dropFirst(8).hasPrefix($0) }
        }
        return shown.map { $0 + "\n" }.joined()
    }

    private func gatewayQuietly(_ line: String) -> String? {
        do throws(ControlError) {
            let text = try ControlClient.ask(
                line, at: socketPath, timeoutNanoseconds: 500_000_000)
            return text.hasPrefix("ok\n") ? String(text.dropFirst(3)) : nil
        } catch {
            return nil
        }
    }
}

extension String {
    /// Without blanks at its ends.
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
