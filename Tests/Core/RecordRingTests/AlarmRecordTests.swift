import Alarm
import RecordRing
import TestSupport
import Testing

/// Lines of the alarm log in their slots.
struct AlarmRecordTests {
    private func alarm(_ note: AlarmNote) throws -> Record {
        var record = try exampleRecord(sequence: 7)
        record.payload = .alarm(note)
        return record
    }

    @Test func everyChangeOfEveryAlarmIsReadBack() throws {
        for condition in AlarmCondition.allCases {
            for edge in AlarmEdge.allCases {
                let record = try alarm(
                    AlarmNote(
                        condition: condition, edge: edge, priority: condition.rule.priority,
                        beatsPerMinute: 161, limitBeatsPerMinute: 150, pauseSeconds: 120))
                #expect(decode(slot(record)) == .success(record))
            }
        }
    }

    @Test(arguments: [(76, 0), (76, 12), (77, 0), (77, 5), (78, 0), (78, 4)] as [(Int, UInt8)])
    func alarmWithAnUnknownValueIsRefusedByName(_ offset: Int, _ value: UInt8) throws {
        var bytes = slot(
            try alarm(AlarmNote(condition: .highRate, edge: .raise, priority: .high)))
        bytes[offset] = value
        #expect(decode(sealed(bytes)) == .failure(.field(.alarm)))
    }

    @Test func placesAreThoseThatAreDrawn() throws {
        let bytes = slot(
            try alarm(
                AlarmNote(
                    condition: .lowRate, edge: .acknowledge, priority: .high, beatsPerMinute: 300,
                    limitBeatsPerMinute: 45, pauseSeconds: 120)))
        #expect(bytes[5] == 9)
        #expect(bytes[76..<86] == [2, 3, 3, 0, 0x2C, 1, 45, 0, 120, 0])
    }
}
