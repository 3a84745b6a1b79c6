import Bytes
import RecordRing
import TestSupport
import Testing
import Vitals
import WireFormat

/// The other measurements as lines of CSV.
struct VitalCSVTests {
    private static let columns = appendedText { $0.appendCSVHeader() }.dropLast()
        .split(separator: ",").map(String.init)

    /// The fields of a line that are not empty, by their columns.
    private func fields(_ record: Record) -> [String: String] {
        let device = Array("ward-3".utf8)
        let text = appendedText { $0.append(csv: record, device: device.span) }
        #expect(text.last == "\n")
        let fields = text.dropLast().split(separator: ",", omittingEmptySubsequences: false)
        #expect(fields.count == Self.columns.count)
        var named: [String: String] = [:]
        for (column, field) in zip(Self.columns, fields) where !field.isEmpty {
            named[column] = String(field)
        }
        return named
    }

    private static let identity = [
        "timestamp": "2025-07-15T17:10:33.123456Z", "device_id": "ward-3", "sensor": "cuff",
        "seq": "18446", "session_id": "b1946ac9", "clock": "synced",
    ]

    private func check(
        _ kind: VitalKind, _ bytes: [UInt8], _ expected: [String: String]
    ) throws {
        #expect(
            fields(record(try vital(kind, bytes)))
                == Self.identity.merging(expected) { _, new in new })
    }

    @Test func columnsThatWereThereKeepTheirPlaces() {
        #expect(
            Self.columns.prefix(15) == [
                "timestamp", "heart_rate", "device_id", "sensor", "seq", "session_id", "contact",
                "rr_ms", "energy_kj", "clock", "gap_reason", "gap_sink", "gap_count",
                "gap_first_seq", "gap_last_seq",
            ])
        #expect(Self.columns.count == 49)
        #expect(Set(Self.columns).count == 49)
    }

    @Test func bloodPressureHasItsColumns() throws {
        try check(
            .bloodPressure, [0x1E, 120, 0, 80, 0, 93, 0] + timeBytes + [62, 0, 1, 0x05, 0],
            [
                "measurement": "blood_pressure", "blood_pressure_systolic": "120.0",
                "blood_pressure_diastolic": "80.0", "blood_pressure_mean": "93.0",
                "pulse_rate": "62.0", "measured_at": "2025-07-15T19:09:12", "user_id": "1",
                "status": "body_movement irregular_pulse",
            ])
    }

    @Test func temperatureHasItsColumns() throws {
        try check(
            .temperature, [0x04, 0x65, 0x0E, 0x00, 0xFE, 9],
            [
                "measurement": "body_temperature", "body_temperature": "36.85",
                "temperature_type": "tympanum",
            ])
    }

    @Test func oximetryHasItsColumns() throws {
        try check(
            .continuousOximetry,
            [0x1F, 97, 0, 71, 0, 98, 0, 72, 0, 96, 0, 70, 0, 0x20, 0, 0x30, 0, 0, 0x7B, 0xE0],
            [
                "measurement": "oximetry", "oxygen_saturation": "0.9700",
                "oxygen_saturation_fast": "0.9800", "oxygen_saturation_slow": "0.9600",
                "pulse_rate": "71.0", "pulse_rate_fast": "72.0", "pulse_rate_slow": "70.0",
                "pulse_amplitude_index": "1.23", "status": "ongoing",
                "sensor_status": "poor_signal low_perfusion",
            ])
        try check(
            .spotCheckOximetry, [0x00, 97, 0, 71, 0],
            [
                "measurement": "oximetry_spot_check", "oxygen_saturation": "0.9700",
                "pulse_rate": "71.0",
            ])
    }

    @Test func glucoseHasItsColumns() throws {
        try check(
            .glucose, [0x02, 12, 0] + timeBytes + [0x63, 0xB0, 0x22],
            [
                "measurement": "glucose", "glucose_level": "99.0", "sensor_seq": "12",
                "measured_at": "2025-07-15T19:09:12", "glucose_type": "capillary_plasma",
                "sample_location": "alternate_site",
            ])
        try check(
            .glucose, [0x02, 12, 0] + timeBytes + [0xFE, 0x07, 0x22],
            [
                "measurement": "glucose", "glucose_range": "above", "sensor_seq": "12",
                "measured_at": "2025-07-15T19:09:12", "glucose_type": "capillary_plasma",
                "sample_location": "alternate_site",
            ])
    }

    @Test func heartRatesAndGapsHaveNoneOfThem() {
        var record = record(HeartRateMeasurement(beatsPerMinute: 60))
        let later = Set(Self.columns.dropFirst(15))
        #expect(later.isDisjoint(with: fields(record).keys))
        record.payload = .gap(
            Gap(reason: .unknown, count: 7, firstSequence: 11, lastSequence: 17))
        let gap = fields(record)
        #expect(later.isDisjoint(with: gap.keys))
        #expect(gap["gap_reason"] == "unknown" && gap["gap_last_seq"] == "17")
    }
}
