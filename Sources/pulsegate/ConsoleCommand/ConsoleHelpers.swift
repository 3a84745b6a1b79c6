import Bytes
import Linux

/// Programs that the console asks what it cannot know itself. Each has three seconds.
enum ConsoleHelpers {
    private static let outputBytesMax = 32 << 10

    /// What systemd says of the unit; nothing where there is no systemd.
    static func unitState() -> String {
        let text = output([
            "systemctl", "show", Installation.unit, "--property",
            "ActiveState,SubState,Result,ExecMainStatus,NRestarts",
        ])
        return text.contains(text: "ActiveState=") ? text : ""
    }

    static func journal() -> String {
        let text = output([
            "journalctl", "--unit", Installation.unit, "--lines", "20", "--no-pager", "--output",
            "short-iso",
        ])
        return text.isEmpty
            ? "the gateway is down, and its journal cannot be read (group systemd-journal)\n" : text
    }

    static func reboot() -> String {
        let text = output(["systemctl", "reboot"])
        return text.isEmpty ? "the machine is asked to start again\n" : text
    }

    /// Another command of this program.
    static func run(_ word: String, _ configurationPath: String) -> String {
        output(["/proc/self/exe", word, "--config", configurationPath], seconds: 20)
    }

    private static func output(_ words: [String], seconds: Int64 = 3) -> String {
        do throws(SystemError) {
            let helper = try HelperProcess(words)
            var poller = try Poller()
            try poller.set(helper.outputNumber, token: 0, readable: true, writable: false)
            let end = Clock.monotonicNanoseconds() + seconds * 1_000_000_000
            while helper.takeOutput(limit: outputBytesMax) {
                let left = end - Clock.monotonicNanoseconds()
                if left <= 0 || helper.printed.count > outputBytesMax { break }
                try poller.wait(timeoutNanoseconds: left) { _ in }
            }
            return String(decoding: helper.printed.prefix(outputBytesMax), as: UTF8.self)
        } catch {
            return ""
        }
    }
}
