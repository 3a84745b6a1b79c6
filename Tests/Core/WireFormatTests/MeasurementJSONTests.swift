import Foundation
import Gateway
import RecordRing
import Testing
import Time
import Vitals

/// One record as one line of JSON: the bytes themselves, because consumers index and hash them.
struct MeasurementJSONTests {
    private static let everything = HeartRateMeasurement(
        beatsPerMinute: 89, contact: .detected, energyKilojoules: 12,
        rrIntervals: intervals([688, 684]))

    private func object(_ line: String) throws -> [String: Any] {
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(parsed as? [String: Any])
    }

    @Test func everythingPresentIsTheDocumentedLine() {
        #expect(
            line(record(Self.everything))
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","heart_rate":89,"#
                + #""device_id":"gym-7","sensor":"D4:4A:C4:B0:24:03","seq":18446,"#
                + #""session_id":"b1946ac9","contact":true,"rr_ms":[671.9,668.0],"#
                + #""energy_kj":12,"clock":"synced","schema":1}"# + "\n")
    }

    @Test func whatIsAbsentIsLeftOut() {
        let bare = record(sensor: "", HeartRateMeasurement(beatsPerMinute: 300))
        #expect(
            line(bare)
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","heart_rate":300,"#
                + #""device_id":"gym-7","seq":18446,"session_id":"b1946ac9","#
                + #""clock":"synced","schema":1}"# + "\n")
    }

    @Test func eachOptionalFieldComesByItself() {
        let fields: [(HeartRateMeasurement, String)] = [
            (HeartRateMeasurement(beatsPerMinute: 60, contact: .detected), #","contact":true"#),
            (HeartRateMeasurement(beatsPerMinute: 60, contact: .notDetected), #","contact":false"#),
            (HeartRateMeasurement(beatsPerMinute: 60, energyKilojoules: 0), #","energy_kj":0"#),
            (
                HeartRateMeasurement(beatsPerMinute: 60, energyKilojoules: 65_535),
                #","energy_kj":65535"#
            ),
            (
                HeartRateMeasurement(beatsPerMinute: 60, rrIntervals: intervals([1024])),
                #","rr_ms":[1000.0]"#
            ),
        ]
        let bare = line(record(HeartRateMeasurement(beatsPerMinute: 60)))
        let tail = #","clock":"#
        for (measurement, field) in fields {
            #expect(
                line(record(measurement))
                    == bare.replacingOccurrences(of: tail, with: field + tail))
        }
    }

    @Test func unknownClockSaysSo() throws {
        let unsynced = record(
            wallMicroseconds: 61_000_000, clock: .unsynced, HeartRateMeasurement(beatsPerMinute: 60)
        )
        let object = try object(line(unsynced))
        #expect(object["clock"] as? String == "unsynced")
        #expect(object["timestamp"] as? String == "1970-01-01T00:01:01.000000Z")
    }

    @Test func foundationReadsEveryFieldBack() throws {
        let object = try object(line(record(Self.everything)))
        #expect(
            Set(object.keys) == [
                "timestamp", "heart_rate", "device_id", "sensor", "seq", "session_id", "contact",
                "rr_ms", "energy_kj", "clock", "schema",
            ])
        #expect(object["heart_rate"] as? Int == 89)
        #expect(object["seq"] as? UInt64 == 18446)
        #expect(object["contact"] as? Bool == true)
        #expect(object["rr_ms"] as? [Double] == [671.9, 668.0])
        #expect(object["energy_kj"] as? Int == 12)
        #expect(object["schema"] as? Int == 1)
    }

    @Test func namesWithQuotesControlsAndOtherScriptsAreEscapedAndReadBack() throws {
        let names = [
            #"a"b\c"#, "tab\tline\nnull\0", "Übung ♥ 心", #"\u0041"#, "\u{7f}", "", "/",
        ]
        for name in names {
            let text = line(
                record(sensor: name, HeartRateMeasurement(beatsPerMinute: 60)), device: name)
            let object = try object(text)
            #expect(object["device_id"] as? String == name)
            #expect(object["sensor"] as? String == (name.isEmpty ? nil : name))
            #expect(text.utf8.filter { $0 < 0x20 } == [0x0A], "one line feed, at the end")
        }
        let golden = line(
            record(sensor: "b\u{1}", HeartRateMeasurement(beatsPerMinute: 60)), device: #"a"\"#)
        #expect(golden.contains(#""device_id":"a\"\\","sensor":"b\u0001","#))
    }

    @Test func everyRRIntervalIsWithinATwentiethOfAMillisecond() throws {
        for value in UInt16.min...UInt16.max where value % 37 == 0 || value > 65_500 {
            let text = line(
                record(
                    HeartRateMeasurement(beatsPerMinute: 60, rrIntervals: intervals([value]))))
            let start = try #require(text.range(of: "[")?.upperBound)
            let end = try #require(text.range(of: "]")?.lowerBound)
            let milliseconds = try #require(Double(text[start..<end]))
            #expect(abs(milliseconds - Double(value) * 1000 / 1024) <= 0.05 + 1e-9)
        }
    }

    /// Every number at its widest and every byte of both names as \u00XX.
    @Test func longestLineFitsItsLimit() throws {
        let measurement = HeartRateMeasurement(
            beatsPerMinute: .max, contact: .notDetected, energyKilojoules: .max,
            rrIntervals: intervals(Array(repeating: .max, count: RRIntervals.limit)))
        let longest = record(
            sequence: .max, wallMicroseconds: .max, clock: .unsynced,
            sensor: String(repeating: "\u{1}", count: SensorName.limit), measurement)
        let text = line(longest, device: String(repeating: "\u{1}", count: Limits.deviceBytes))
        #expect(text.utf8.count == 1_193)
        #expect(text.utf8.count <= Limits.recordJSONBytes)
        let object = try object(text)
        #expect(object["seq"] as? UInt64 == .max)
        #expect((object["rr_ms"] as? [Double])?.count == RRIntervals.limit)
    }

    @Test func timesBeforeTheEpochAndFarAwayStayTwentySevenCharacters() throws {
        for time in [Int64.min, -1, 0, 253_402_300_799_999_999, Int64.max] {
            let text = line(
                record(wallMicroseconds: time, HeartRateMeasurement(beatsPerMinute: 60)))
            let timestamp = try object(text)["timestamp"] as? String
            #expect(timestamp?.utf8.count == 27, "\(time)")
        }
    }
}
