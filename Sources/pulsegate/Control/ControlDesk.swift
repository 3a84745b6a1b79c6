import Alarm
import ControlSocket
import Diagnostics
import Gateway
import Linux

/// Commands that reach the gateway while it runs, by the socket `control`. Each is a line of
/// words, as on the command line; the first line of the answer says `ok`, or why not.
enum ControlDesk {
    /// Carries out one line.
    static func answer(_ line: String, _ pipeline: inout Pipeline, now: Int64) -> String {
        let line = line.filter { $0.isASCII && $0 >= " " && $0 != "\u{7F}" }
        var words = line.split(separator: " ").map { String($0) }
        if words.first == "pin", words.count >= 3 {
            let attempt = words[1]
            words.removeFirst(2)
            if let refusal = refusal(attempt, pipeline.operations, now) { return refusal }
        } else if isLocked(words), pipeline.operations.pin != nil {
            return "error: locked: say `pin PIN \(words.joined(separator: " "))`\n"
        }
        return answer(words, &pipeline, now: now)
    }

    /// Words that change something. Silencing an alarm never needs a PIN.
    private static func isLocked(_ words: [String]) -> Bool {
        switch words.first {
        case "safe-mode": words.count > 1
        case "reboot": true
        case "alarm": words.dropFirst().first == "test"
        default: false
        }
    }

    private static func refusal(
        _ attempt: String, _ operations: Operations, _ now: Int64
    ) -> String? {
        switch operations.pin?.take(attempt, now: now) {
        case .right, nil: nil
        case .wrong(triesLeft: let left): "error: wrong PIN; \(left) more tries\n"
        case .locked(seconds: let seconds):
            "error: locked for \(seconds) s after too many wrong PINs\n"
        }
    }

    private static func answer(
        _ words: [String], _ pipeline: inout Pipeline, now: Int64
    ) -> String {
        switch words.joined(separator: " ") {
        case "alarm status": return "ok\n" + status(pipeline, now: now)
        case "alarm ack":
            let count = pipeline.gateway.acknowledgeAlarms(now: now)
            return count == 0
                ? "ok\nno alarm sounds\n"
                : "ok\n\(RingText.count(UInt64(count), "alarm")) acknowledged\n"
        case "alarm test":
            pipeline.gateway.testAlarm(now: now)
            return "ok\nlamp and buzzer are tried for one burst\n"
        case "safe-mode on":
            pipeline.setSafeMode(true)
            return "ok\nsafe mode: nothing is sent; alarms and the ring go on\n"
        case "safe-mode off":
            pipeline.setSafeMode(false)
            return "ok\nsafe mode is off\n"
        case "safe-mode":
            return "ok\nsafe mode is \(pipeline.operations.isSafe ? "on" : "off")\n"
        case "reboot": return "ok\n"
        default: break
        }
        if let text = ControlReport.answer(words, pipeline, now: now) { return "ok\n" + text }
        return "error: not a command: \(words.joined(separator: " ").prefix(64))\n"
    }

    private static func status(_ pipeline: borrowing Pipeline, now: Int64) -> String {
        let journal = pipeline.journal
        var text = ""
        for entry in pipeline.gateway.panel.entries
        where entry.isRaised || entry.sound != .silent {
            text +=
                AlarmText.line(
                    entry, sensors: journal.sensors, sinks: journal.sinks, now: now) + "\n"
        }
        if text.isEmpty { text = "no alarm\n" }
        text += "alarm lamp: \(pipeline.gateway.panel.lamp.look)\n"
        text += "status lamp: \(pipeline.gateway.panel.status.look)\n"
        text += "buzzer: \(pipeline.gateway.panel.sound.look)\n"
        if let left = pipeline.gateway.panel.pauseSecondsLeft(now: now) {
            text += "sound pauses for \(left) s\n"
        }
        for trouble in pipeline.annunciator.troubles { text += trouble + "\n" }
        return text
    }
}
