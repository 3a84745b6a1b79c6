import Alarm
import ControlSocket
import Gateway
import Linux

/// Commands that reach the gateway while it runs, by the socket `control`. Each is a line of
/// words, as on the command line; the first line of the answer says `ok`, or why not.
enum ControlDesk {
    /// Carries out one line.
    static func answer(_ line: String, _ pipeline: inout Pipeline, now: Int64) -> String {
        switch line {
        case "alarm status": return "ok\n" + status(pipeline, now: now)
        case "alarm ack":
            let count = pipeline.gateway.acknowledgeAlarms(now: now)
            return count == 0
                ? "ok\nno alarm sounds\n"
                : "ok\n\(RingText.count(UInt64(count), "alarm")) acknowledged\n"
        case "alarm test":
            pipeline.gateway.testAlarm(now: now)
            return "ok\nlamp and buzzer are tried for one burst\n"
        default: return "error: not a command: \(line)\n"
        }
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
