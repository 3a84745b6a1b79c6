import Foundation
import Gateway
import RecordRing
import Testing
import Time

/// A loss as one line of JSON.
struct GapJSONTests {
    private func gapLine(_ gap: Gap, sink: String = "cloud", device: String = "gym-7") -> String {
        line(
            Record(
                sequence: 30,
                time: Moment(monotonicNanoseconds: 7, wallMicroseconds: 1_752_599_433_123_456),
                clock: .synced, boot: BootID(high: 1, low: 2), session: 0xb194_6ac9,
                sensor: sensorName(sink), payload: .gap(gap)), device: device)
    }

    @Test func overwrittenRecordsAreSaidWithCountRangeAndTimes() {
        let gap = Gap(
            reason: .overwritten, count: 9, firstSequence: 11, lastSequence: 20,
            firstMicroseconds: 1_000_000, lastMicroseconds: 9_500_000)
        #expect(
            gapLine(gap)
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","event":"gap","#
                + #""device_id":"gym-7","sink":"cloud","seq":30,"session_id":"b1946ac9","#
                + #""reason":"overwritten","count":9,"first_seq":11,"last_seq":20,"#
                + #""first_timestamp":"1970-01-01T00:00:01.000000Z","#
                + #""last_timestamp":"1970-01-01T00:00:09.500000Z","#
                + #""clock":"synced","schema":1}"# + "\n")
    }

    @Test func timesThatNobodySawAreLeftOut() {
        let gap = Gap(reason: .unreadable, count: 1, firstSequence: 4, lastSequence: 4)
        #expect(
            gapLine(gap)
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","event":"gap","#
                + #""device_id":"gym-7","sink":"cloud","seq":30,"session_id":"b1946ac9","#
                + #""reason":"unreadable","count":1,"first_seq":4,"last_seq":4,"#
                + #""clock":"synced","schema":1}"# + "\n")
    }

    /// What the ring refused never had a sequence, and is missing everywhere.
    @Test func refusedMeasurementsHaveNoSequencesAndNoSink() {
        let gap = Gap(
            reason: .refused, count: 3, firstSequence: 30, lastSequence: 30,
            firstMicroseconds: 0, lastMicroseconds: 1)
        let text = gapLine(gap, sink: "")
        #expect(text.contains(#""reason":"refused","count":3,"first_timestamp":"#))
        #expect(!text.contains("first_seq") && !text.contains("sink"))
    }

    @Test func longestGapFitsTheLimitOfARecord() throws {
        let gap = Gap(
            reason: .overwritten, count: .max, firstSequence: .max, lastSequence: .max,
            firstMicroseconds: .max, lastMicroseconds: .max)
        let text = gapLine(
            gap, sink: String(repeating: "\u{1}", count: SensorName.limit),
            device: String(repeating: "\u{1}", count: Limits.deviceBytes))
        #expect(text.utf8.count <= Limits.recordJSONBytes)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["count"] as? UInt64 == .max)
    }
}
