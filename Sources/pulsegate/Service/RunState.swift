import Bytes
import Linux
import RecordRing
import Time

/// How the last run ended: a small file in the data folder that says `running` with the boot, and
/// `stopped` after a clean end. What it says at the next start is the reason for it.
struct RunState {
    private let path: String
    private let boot: String

    init(folder: String, boot: BootID) {
        path = "\(folder)/run-state"
        self.boot = String(boot.high, radix: 16) + String(boot.low, radix: 16)
    }

    /// Reads how the last run ended, and notes that this one runs.
    func begin(_ log: Log) -> String {
        let reason = read()
        write("running \(boot)", log)
        return reason
    }

    func end(_ cause: String, _ log: Log) { write("stopped \(boot) \(cause)", log) }

    private func read() -> String {
        let words: [Substring]
        do throws(SystemError) {
            let bytes = try Path.contents(of: path, atMost: 512)
            words =
                String(decoding: bytes, as: UTF8.self)
                .split(separator: "\n").first?.split(separator: " ", maxSplits: 2) ?? []
        } catch {
            return error.isMissing ? "first start in this data folder" : "not known: \(error)"
        }
        guard words.count >= 2 else { return "not known: \(path) is damaged" }
        let isSameBoot = words[1] == boot
        switch words[0] {
        case "stopped":
            let cause = words.count > 2 ? String(words[2]) : "no reason given"
            return "clean stop: \(cause)\(isSameBoot ? "" : "; the machine was started since")"
        case "running":
            return isSameBoot
                ? "the last run was killed or crashed (watchdog, kill, out of memory); the "
                    + "journal says which"
                : "power cut, or a reboot without a clean stop"
        default: return "not known: \(path) is damaged"
        }
    }

    private func write(_ text: String, _ log: Log) {
        do throws(SystemError) {
            var file = try NewFile.create(path, replacing: true)
            file.lines.append(Array((text + "\n").utf8).span)
            try file.finish()
        } catch {
            log.write(.warning, "run state: \(error)")
        }
    }
}
