import Bytes
import RecordRing
import TestSupport
import Testing
import Time
import Vitals
import WireFormat

private func csv(_ record: Record, device: String = "gym-7") -> String {
    let device = Array(device.utf8)
    return appendedText { $0.append(csv: record, device: device.span) }
}

/// The 22 columns of other measurements, the 4 of errors, of alarms and of forms, empty.
private let noVital = String(repeating: ",", count: 34)

/// Records as lines of CSV.
@Suite struct MeasurementCSVTests {
    @Test func everyFieldHasItsColumn() {
        let measurement = HeartRateMeasurement(
            beatsPerMinute: 89, contact: .detected, energyKilojoules: 12,
            rrIntervals: intervals([688, 684]))
        #expect(
            csv(record(measurement))
                == "2025-07-15T17:10:33.123456Z,89,gym-7,D4:4A:C4:B0:24:03,18446,b1946ac9,true,"
                + "671.9 668.0,12,synced,,,,,\(noVital)\n")
    }

    @Test func whatTheSensorDidNotSendIsEmpty() {
        let bare = record(clock: .unsynced, sensor: "", HeartRateMeasurement(beatsPerMinute: 60))
        #expect(
            csv(bare)
                == "2025-07-15T17:10:33.123456Z,60,gym-7,,18446,b1946ac9,,,,unsynced,,,,,"
                + "\(noVital)\n")
        let off = record(HeartRateMeasurement(beatsPerMinute: 60, contact: .notDetected))
        #expect(csv(off).contains(",false,,,"))
    }

    private func gap(_ reason: GapReason, sink: String) -> Record {
        var record = record(sensor: sink, HeartRateMeasurement(beatsPerMinute: 60))
        record.payload = .gap(
            Gap(reason: reason, count: 7, firstSequence: 11, lastSequence: 17))
        return record
    }

    @Test func aGapSaysWhatIsMissing() {
        #expect(
            csv(gap(.overwritten, sink: "cloud"))
                == "2025-07-15T17:10:33.123456Z,,gym-7,,18446,b1946ac9,,,,synced,overwritten,"
                + "cloud,7,11,17\(noVital)\n")
        #expect(
            csv(gap(.unreadable, sink: "a,b"))
                .hasSuffix("unreadable,\"a,b\",7,11,17\(noVital)\n"))
        #expect(csv(gap(.refused, sink: "")).hasSuffix(",synced,refused,,7,,\(noVital)\n"))
    }

    @Test func theHeaderNamesAsManyColumnsAsALineHas() {
        let header = appendedText { $0.appendCSVHeader() }
        #expect(header.hasPrefix("timestamp,heart_rate,device_id,sensor,seq,session_id,"))
        let line = csv(record(HeartRateMeasurement(beatsPerMinute: 60)))
        let gap = csv(gap(.refused, sink: ""))
        for line in [header, line, gap] {
            #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == 49)
        }
    }

    @Test func namesThatWouldBreakALineAreQuoted() {
        let measurement = HeartRateMeasurement(beatsPerMinute: 60)
        for (name, field) in [
            ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("plain name", "plain name"), ("Gerät", "Gerät"),
        ] {
            #expect(csv(record(sensor: name, measurement)).contains(",gym-7,\(field),18446,"))
            #expect(csv(record(measurement), device: name).contains(",60,\(field),D4:"))
        }
    }
}
