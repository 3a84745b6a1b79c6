import Bytes
import Foundation
import Gateway
import RecordRing
import TestSupport
import Testing
import Time
import Vitals
import WireFormat

/// What was refused for good, as one line of JSON.
struct RejectionJSONTests {
    private func errorRecord(
        _ rejection: Rejection, like record: Record? = nil, sensor: String = "strap"
    ) -> Record {
        var error =
            record
            ?? WireFormatTests.record(
                sensor: sensor, HeartRateMeasurement(beatsPerMinute: 0))
        error.sequence = 19
        error.session = 0xb194_6ac9
        error.payload = .rejection(rejection)
        return error
    }

    private func malformed(
        _ bytes: [UInt8], _ characteristic: Characteristic = .heartRateMeasurement,
        _ reason: RejectionReason = .malformed
    ) -> Record {
        errorRecord(Rejection(bytes.span, of: characteristic, reason: reason))
    }

    private func object(_ line: String) throws -> [String: Any] {
        #expect(line.hasSuffix("}\n") && line.count { $0 == "\n" } == 1)
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(parsed as? [String: Any])
    }

    @Test func malformedNotificationIsTheDocumentedLine() {
        #expect(
            line(malformed([0x01, 0x2C]))
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","status_code":422,"#
                + #""payload":"012c","error_message":"malformed notification: "#
                + #"it ends within a field","device_id":"gym-7","sensor":"strap","seq":19,"#
                + #""session_id":"b1946ac9","characteristic":"2a37","clock":"synced","#
                + #""schema":1}"# + "\n")
    }

    @Test func messageSaysWhatIsWrong() throws {
        let cases: [(Record, String)] = [
            (malformed([]), "malformed notification: no bytes"),
            (malformed([0]), "malformed notification: it ends within a field"),
            (malformed([0, 70, 1]), "malformed notification: bytes behind the last field"),
            (
                malformed([0x10, 70] + Array(repeating: 1, count: 20)),
                "malformed notification: more than 9 RR intervals"
            ),
            (
                malformed(Array(repeating: 0, count: 33)),
                "malformed notification: longer than any"
            ),
            (
                malformed([0, 120, 0], .bloodPressureMeasurement),
                "malformed notification: it ends within a field"
            ),
            (malformed([1, 0x2D, 1], .heartRateMeasurement, .implausible), "implausible value"),
        ]
        for (record, message) in cases {
            #expect(try object(line(record))["error_message"] as? String == message)
        }
    }

    @Test func refusedRecordIsThereAsItWasSent() throws {
        var random = SeededRandom()
        let measurement = HeartRateMeasurement(
            beatsPerMinute: 89, contact: .detected, energyKilojoules: 12,
            rrIntervals: intervals([688, 684]))
        for device in ["gym-7", "\"\\", "Gerät \u{1}"] {
            let original = record(
                sequence: random.next() >> 1, session: 7, sensor: "a\"b\\", measurement)
            let error = errorRecord(
                Rejection(original, refusedBy: sensorName("search"), status: 400),
                like: original)
            let found = try object(line(error, device: device))
            #expect(
                (found["payload"] as? String).map { $0 + "\n" } == line(original, device: device))
            #expect(found["status_code"] as? Int == 400)
            #expect(found["error_message"] as? String == "refused by the sink")
            #expect(found["sink"] as? String == "search")
            #expect(found["seq"] as? Int == 19)
            #expect(found["timestamp"] as? String == "2025-07-15T17:10:33.123456Z")
            #expect(found["payload_cut"] == nil)
        }
    }

    @Test func refusedGapSaysThatItIsCutAndNamesNoSensor() throws {
        var original = record(sensor: "cloud", HeartRateMeasurement(beatsPerMinute: 1))
        original.payload = .gap(
            Gap(
                reason: .overwritten, count: 9, firstSequence: 1, lastSequence: 9,
                firstMicroseconds: 1, lastMicroseconds: 2))
        let error = errorRecord(
            Rejection(original, refusedBy: sensorName("search"), status: 400), like: original)
        let found = try object(line(error))
        #expect(found["payload_cut"] as? Bool == true)
        #expect(found["sensor"] == nil && found["sink"] as? String == "search")
        let payload = try object(try #require(found["payload"] as? String) + "\n")
        #expect(payload["count"] as? Int == 9 && payload["sink"] as? String == "cloud")
    }

    @Test func longestFitsTheLimitOfARecord() throws {
        let worst = String(repeating: "\u{1}", count: Limits.deviceBytes)
        // Every field that an oximeter can send, with every status bit set.
        let oximetry: [UInt8] = [
            0x1F, 0, 0x80, 0, 0x88, 0, 0x80, 0, 0x88, 0, 0x80, 0, 0x88, 0xFF, 0xFF, 0xFF, 0xFF,
            0xFF, 0, 0x88,
        ]
        var original = record(
            sequence: .max >> 1, clock: .unsynced,
            sensor: String(repeating: "\u{1}", count: SensorName.limit),
            HeartRateMeasurement(beatsPerMinute: 1))
        original.payload = .vital(
            try VitalMeasurement(decoding: oximetry.span, as: .continuousOximetry))
        var error = errorRecord(
            Rejection(
                original, refusedBy: sensorName(String(repeating: "\u{1}", count: 23)),
                status: .max), like: original)
        error.sequence = .max >> 1
        let text = appendedText(capacity: 1 << 14) {
            $0.append(json: error, device: Array(worst.utf8).span)
        }
        print("longest error record: \(text.utf8.count) bytes")
        #expect(text.utf8.count <= Limits.recordJSONBytes)
        #expect(text.utf8.count > 2_048, "a smaller limit would not do")
        _ = try object(text)
    }

    /// A buffer that is too small for a line takes nothing of it and says so.
    @Test func everyCapacityThatIsTooSmallOverflows() {
        let original = record(HeartRateMeasurement(beatsPerMinute: 70))
        let error = errorRecord(
            Rejection(original, refusedBy: sensorName("search"), status: 400), like: original)
        let device = Array("gym-7".utf8)
        let length = line(error).utf8.count
        for capacity in 1...length {
            var buffer = FixedBuffer(capacity: capacity)
            buffer.append(json: error, device: device.span)
            let isTooSmall = buffer.overflowed
            #expect(isTooSmall == (capacity < length))
        }
    }

    @Test func errorsHaveTheirColumnsInCSV() {
        let device = Array("gym-7".utf8)
        let original = record(sequence: 7, HeartRateMeasurement(beatsPerMinute: 89))
        let error = errorRecord(
            Rejection(original, refusedBy: sensorName("search"), status: 400), like: original)
        let lines = [malformed([0x01, 0x2C]), error].map { record in
            appendedText { $0.append(csv: record, device: device.span) }
        }
        #expect(
            lines[0].hasSuffix(
                ",422,malformed notification: it ends within a field,,012c,,,,,,,,\n"))
        #expect(lines[1].hasSuffix(",400,refused by the sink,7,,,,,,,,,\n"))
        #expect(lines[1].contains(",synced,,search,,,"))
        for line in lines {
            #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == 49)
        }
    }
}
