import Alarm
import Bytes
import RecordRing

// A line of the alarm log as one line of JSON, so that a dashboard says what the lamp says:
//
// {"timestamp":"2025-07-15T17:10:33.123456Z","event":"alarm","alarm":"high_heart_rate",
//  "state":"raised","priority":"high","device_id":"gym-7","sensor":"D4:4A:C4:B0:24:03","seq":19,
//  "session_id":"b1946ac9","beats_per_minute":161,"limit":150,"clock":"synced","schema":1}
//
// `state` is raised, cleared, acknowledged or sounds_again. The heart rate is not `heart_rate`: it
// is in the measurement's own record already. `pause_seconds` says how long acknowledging keeps
// the sound quiet; without it until the alarm clears. A sink that is down is `sink`.

extension FixedBuffer {
    /// Appends which alarm, and what happened to it, each with a comma in front.
    mutating func append(words note: AlarmNote) {
        append(",\"alarm\":\"")
        append(note.condition.word)
        append("\",\"state\":\"")
        append(note.edge.word)
        append("\",\"priority\":\"")
        append(note.priority.word)
        append(UInt8(ascii: "\""))
    }

    /// Appends the numbers of the event, each with a comma in front.
    mutating func append(details note: AlarmNote) {
        if note.condition.isRate {
            if note.beatsPerMinute > 0 {
                append(",\"beats_per_minute\":")
                append(decimal: UInt64(note.beatsPerMinute))
            }
            append(",\"limit\":")
            append(decimal: UInt64(note.limitBeatsPerMinute))
        }
        if note.pauseSeconds > 0 {
            append(",\"pause_seconds\":")
            append(decimal: UInt64(note.pauseSeconds))
        }
    }

    /// Appends the names of the columns of the alarm log, each with a comma in front.
    mutating func appendCSVAlarmHeader() { append(",alarm,alarm_state,alarm_priority,alarm_bpm") }

    /// Appends those columns, each with a comma in front; empty for what is no alarm.
    mutating func append(csvAlarm note: AlarmNote?) {
        guard let note else { return append(",,,,") }
        append(",")
        append(note.condition.word)
        append(",")
        append(note.edge.word)
        append(",")
        append(note.priority.word)
        append(",")
        if note.beatsPerMinute > 0 { append(decimal: UInt64(note.beatsPerMinute)) }
    }
}
