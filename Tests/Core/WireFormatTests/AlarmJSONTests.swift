import Alarm
import Gateway
import RecordRing
import TestSupport
import Testing
import Vitals
import WireFormat

/// Lines of the alarm log as JSON and CSV.
struct AlarmJSONTests {
    private func alarm(_ note: AlarmNote, sensor: String = "strap") -> Record {
        var record = record(sensor: sensor, HeartRateMeasurement(beatsPerMinute: 60))
        record.payload = .alarm(note)
        return record
    }

    @Test func raisedAlarmHasItsValueAndItsLimit() {
        let note = AlarmNote(
            condition: .highRate, edge: .raise, priority: .high, beatsPerMinute: 161,
            limitBeatsPerMinute: 150)
        #expect(
            line(alarm(note))
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","event":"alarm","#
                + #""alarm":"high_heart_rate","state":"raised","priority":"high","#
                + #""device_id":"gym-7","sensor":"strap","seq":18446,"session_id":"b1946ac9","#
                + #""beats_per_minute":161,"limit":150,"clock":"synced","schema":1}"# + "\n")
    }

    @Test func acknowledgedAlarmSaysHowLongItPauses() {
        let note = AlarmNote(
            condition: .frozen, edge: .acknowledge, priority: .medium, pauseSeconds: 120)
        #expect(line(alarm(note)).contains(#""state":"acknowledged","priority":"medium""#))
        #expect(line(alarm(note)).contains(#""pause_seconds":120,"clock""#))
    }

    @Test func sinkThatIsDownIsASink() {
        let note = AlarmNote(condition: .uplinkDown, edge: .clear, priority: .low)
        let text = line(alarm(note, sensor: "cloud"))
        #expect(text.contains(#""sink":"cloud""#))
        #expect(!text.contains("\"sensor\""))
        let refused = alarm(note, sensor: "cloud")
        var error = refused
        error.payload = .rejection(
            Rejection(refused, refusedBy: sensorName("search"), status: 400))
        #expect(!line(error).contains("\"sensor\":"))
        #expect(line(error).contains(#"\"sink\":\"cloud\""#))
    }

    @Test func alarmHasItsColumns() {
        let note = AlarmNote(
            condition: .highRate, edge: .raise, priority: .high, beatsPerMinute: 161)
        let device = Array("gym-7".utf8)
        let text = appendedText { $0.append(csv: alarm(note), device: device.span) }
        #expect(text.hasPrefix("2025-07-15T17:10:33.123456Z,,gym-7,strap,18446,"))
        #expect(text.hasSuffix(",high_heart_rate,raised,high,161,,,,\n"))
        #expect(text.split(separator: ",", omittingEmptySubsequences: false).count == 49)
    }
}
