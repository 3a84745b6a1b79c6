import Bytes
import Foundation
import Relay
import TestSupport
import Testing

/// What is a record, and what is none.
struct RecordTests {
    private func refusal(_ text: String) -> RecordError? {
        do throws(RecordError) {
            _ = try RelayRecord(text.utf8.span, reserved: "late_ms")
            return nil
        } catch {
            return error
        }
    }

    @Test func theTwoFormsAreTaken() {
        #expect(refusal(Fixture.line) == nil)
        #expect(refusal(Fixture.patient) == nil)
        #expect(refusal(Fixture.recordedPatient) == nil)
    }

    /// A change of the gateway's line, and why it is none then.
    @Test(arguments: [
        ("\"seq\":18446,", "", RecordError.missing("seq")),
        ("18446", "-1", .wrongType("seq")),
        ("18446", "1.0", .wrongType("seq")),
        ("18446", "\"1\"", .wrongType("seq")),
        ("18446", "9223372036854775808", .outOfRange("seq")),
        ("\"device_id\":\"gym-7\",", "", .missing("device_id")),
        ("gym-7", "", .wrongType("device_id")),
        ("\"session_id\":\"b1946ac9\",", "", .missing("session_id")),
        ("b1946ac9", "b1:46ac9", .wrongType("session_id")),
        ("\"timestamp\":\"2025-07-15T17:10:33.123456Z\",", "", .missing("timestamp")),
        ("2025-07-15T", "2025-02-30T", .notATime("timestamp")),
        ("17:10:33.123456Z", "17:10:33.123456", .notATime("timestamp")),
        ("2025-07-15T17:10:33.123456Z", "-90s", .notATime("timestamp")),
        (":89,", ":0,", .outOfRange("heart_rate")),
        (":89,", ":301,", .outOfRange("heart_rate")),
        (":89,", ":89.5,", .wrongType("heart_rate")),
        (":89,", ":\"89\",", .wrongType("heart_rate")),
        (":89,", ":null,", .wrongType("heart_rate")),
        (":89,", ":89,\"heart_rate\":90,", .repeated("heart_rate")),
        (":89,", ":89,\"late_ms\":90,", .reserved("late_ms")),
        (":89,", ":89,\"glucose_level\":3001,", .outOfRange("glucose_level")),
        (":89,", ":89,\"other\":1e999,", .outOfRange("other")),
        ("668.0", "-1e400", .outOfRange("rr_ms")),
        (":89,", ":089,", .notJSON(offset: 56)),
    ])
    func aChangeMakesItNoRecord(_ old: String, _ new: String, _ error: RecordError) {
        let changed = Fixture.line.replacingOccurrences(of: old, with: new)
        #expect(changed != Fixture.line)
        #expect(refusal(changed) == error)
    }

    @Test(arguments: [
        ("\"oxygen_saturation\":0.97,", "", RecordError.missing("oxygen_saturation")),
        ("0.97", "97", .outOfRange("oxygen_saturation")),
        ("\"patient\":\"p-1\"", "\"patient\":7", .wrongType("patient")),
        (":80}", ":120.0}", .pressuresSwapped),
        (":80}", ":121}", .pressuresSwapped),
        ("+02:00", "+2", .notATime("time")),
        ("+02:00", "", .notATime("time")),
        ("71.5", "true", .wrongType("heart_rate")),
    ])
    func aChangeMakesItNoPatientsForm(_ old: String, _ new: String, _ error: RecordError) {
        let changed = Fixture.patient.replacingOccurrences(of: old, with: new)
        #expect(changed != Fixture.patient)
        #expect(refusal(changed) == error)
    }

    @Test(arguments: [
        ("\"seq\":18447,", "", RecordError.missing("seq")),
        ("71.5", "301", .outOfRange("heart_rate")), (":80.0,", ":120.0,", .pressuresSwapped),
        ("\"patient\":\"p-1\",", "", .wrongType("heart_rate")),
    ])
    func aGatewaysFormHasBothNamesAndValues(_ old: String, _ new: String, _ error: RecordError) {
        let changed = Fixture.recordedPatient.replacingOccurrences(of: old, with: new)
        #expect(changed != Fixture.recordedPatient)
        #expect(refusal(changed) == error)
    }

    @Test func otherThingsAreNoRecords() {
        #expect(refusal("") == .notJSON(offset: 0))
        #expect(refusal("{}") == .unknownForm)
        #expect(refusal("[]") == .notAnObject)
        #expect(refusal("7") == .notAnObject)
        #expect(refusal(Fixture.line + "{}") == .notJSON(offset: Fixture.line.utf8.count))
        let bytes: [UInt8] = Array("{\"device_id\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: RecordError.notUTF8) {
            try RelayRecord(bytes.span, reserved: "late_ms")
        }
    }

    @Test(
        arguments: [
            ("2025-07-15T19:10:33+02:00", 1_752_599_433_000_000),
            ("2025-07-15T11:40:33.5-05:30", 1_752_599_433_500_000),
            ("2025-07-15T17:10:33.123456789Z", 1_752_599_433_123_456),
        ] as [(String, Int64)])
    func timesAreReadAsRFC3339HasThem(_ text: String, _ microseconds: Int64) throws {
        let changed = Fixture.patient.replacingOccurrences(
            of: "2025-07-15T19:10:33+02:00", with: text)
        let record = try RelayRecord(changed.utf8.span, reserved: "late_ms")
        #expect(record.timeMicroseconds == microseconds)
    }

    @Test func anIdHasItsEscapesReplacedAndIsNotTooLong() throws {
        func id(_ device: String) throws -> String {
            let text = Fixture.line.replacingOccurrences(of: "gym-7", with: device)
            let record = try RelayRecord(text.utf8.span, reserved: "late_ms")
            var buffer = FixedBuffer(capacity: 1_024)
            try record.append(
                idIn: text.utf8.span, eventID: "e".utf8.span, place: nil, to: &buffer)
            return String(decoding: [UInt8](copying: buffer.bytes), as: UTF8.self)
        }
        #expect(try id("\\u00dcbung \\\"7\\\"") == "Übung \"7\":b1946ac9:18446")
        #expect(try id(String(repeating: "x", count: 497)).utf8.count == 512)
        #expect(throws: RecordError.idTooLong) { try id(String(repeating: "x", count: 498)) }
    }

    @Test func changedRecordsNeverTrap() {
        var random = SeededRandom()
        let words = Array("{}[]\",:\\0123456789eE+-. truefalsn\n".utf8)
        for text in [Fixture.line, Fixture.patient] {
            for _ in 0..<10_000 {
                var bytes = Array(text.utf8)
                bytes.mutate(alphabet: words, &random)
                for part in RecordParts.documents(of: bytes.span) {
                    let part = Array(bytes[part])
                    guard let record = try? RelayRecord(part.span, reserved: "late_ms") else {
                        continue
                    }
                    let document = appended {
                        record.append(document: part.span, arrivalMilliseconds: 0, to: &$0)
                    }
                    let isObject =
                        (try? JSONSerialization.jsonObject(with: Data(document))) != nil
                    #expect(isObject && !document.contains(0x0A), "seed \(random.seed)")
                }
            }
        }
    }
}
