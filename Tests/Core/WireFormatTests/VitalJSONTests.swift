import Foundation
import Gateway
import RecordRing
import Testing
import Time
import Vitals

/// The other measurements as lines of JSON.
struct VitalJSONTests {
    private static let head = #"{"timestamp":"2025-07-15T17:10:33.123456Z","measurement":"#
    private static let identity =
        #","device_id":"gym-7","sensor":"cuff","seq":18446,"session_id":"b1946ac9""#
    private static let tail = #","clock":"synced","schema":1}"# + "\n"

    private func check(
        _ kind: VitalKind, _ bytes: [UInt8], _ values: String, _ details: String
    ) throws {
        #expect(
            line(record(try vital(kind, bytes)))
                == Self.head + values + Self.identity + details + Self.tail)
    }

    @Test func bloodPressureIsTheDocumentedLine() throws {
        try check(
            .bloodPressure, [0x1E, 120, 0, 80, 0, 93, 0] + timeBytes + [62, 0, 1, 0x04, 0],
            #""blood_pressure","blood_pressure_systolic":120.0,"blood_pressure_diastolic":80.0,"#
                + #""blood_pressure_mean":93.0,"pulse_rate":62.0"#,
            #","measured_at":"2025-07-15T19:09:12","user_id":1,"status":["irregular_pulse"]"#)
    }

    @Test func kilopascalsBecomeMillimetresOfMercury() throws {
        // 16.0, 10.7 and NaN kPa; nobody's user id.
        try check(
            .bloodPressure, [0x09, 0xA0, 0xF0, 0x6B, 0xF0, 0xFF, 0x07, 255],
            #""blood_pressure","blood_pressure_systolic":120.0,"blood_pressure_diastolic":80.3"#,
            "")
    }

    @Test func temperatureIsTheDocumentedLine() throws {
        try check(
            .temperature, [0x06, 0x65, 0x0E, 0x00, 0xFE] + timeBytes + [3],
            #""body_temperature","body_temperature":36.85"#,
            #","measured_at":"2025-07-15T19:09:12","temperature_type":"ear""#)
        // 98.6 °F.
        try check(
            .temperature, [0x01, 0xDA, 0x03, 0x00, 0xFF],
            #""body_temperature","body_temperature":37.00"#, "")
    }

    @Test func oximetryIsTheDocumentedLine() throws {
        try check(
            .continuousOximetry,
            [0x1F, 97, 0, 71, 0, 98, 0, 72, 0, 96, 0, 70, 0, 0x20, 0x40, 0x30, 0, 0, 0x7B, 0xE0],
            #""oximetry","oxygen_saturation":0.9700,"oxygen_saturation_fast":0.9800,"#
                + #""oxygen_saturation_slow":0.9600,"pulse_rate":71.0,"pulse_rate_fast":72.0,"#
                + #""pulse_rate_slow":70.0,"pulse_amplitude_index":1.23"#,
            #","status":["ongoing","questionable"],"sensor_status":["poor_signal","low_perfusion"]"#
        )
    }

    @Test func spotCheckSaysWhenUnlessItsClockIsUnset() throws {
        let values = #""oximetry_spot_check","oxygen_saturation":0.9750,"pulse_rate":71.0"#
        let bytes: [UInt8] = [0xCF, 0xF3, 71, 0] + timeBytes
        try check(
            .spotCheckOximetry, [0x01] + bytes, values, #","measured_at":"2025-07-15T19:09:12""#)
        try check(.spotCheckOximetry, [0x11] + bytes, values, "")
    }

    @Test func glucoseIsTheDocumentedLine() throws {
        // 5.5 mmol/L, 90 minutes before the base time.
        try check(
            .glucose, [0x0F, 12, 0] + timeBytes + [0xA6, 0xFF, 0x37, 0xC0, 0x11, 0x01, 0x08],
            #""glucose","glucose_level":99.1"#,
            #","sensor_seq":12,"glucose_type":"capillary_whole_blood","sample_location":"finger","#
                + #""status":["battery_low","time_fault"]"#)
        // 99 × 10^-5 kg/L.
        try check(
            .glucose, [0x03, 12, 0] + timeBytes + [0xA6, 0xFF, 0x63, 0xB0, 0xF9],
            #""glucose","glucose_level":99.0"#,
            #","measured_at":"2025-07-15T17:39:12","sensor_seq":12,"#
                + #""glucose_type":"interstitial_fluid""#)
    }

    @Test func glucoseBeyondTheMetersRangeHasAWordAndNoNumber() throws {
        try check(
            .glucose, [0x02, 12, 0] + timeBytes + [0xFE, 0x07, 0x11], #""glucose""#,
            #","measured_at":"2025-07-15T19:09:12","sensor_seq":12,"glucose_range":"above","#
                + #""glucose_type":"capillary_whole_blood","sample_location":"finger""#)
        try check(
            .glucose, [0x08, 12, 0] + timeBytes + [0x40, 0], #""glucose""#,
            #","measured_at":"2025-07-15T19:09:12","sensor_seq":12,"glucose_range":"below","#
                + #""status":["result_too_low"]"#)
    }

    /// An index of heart rates takes what has `heart_rate`.
    @Test func onlyHeartRatesHaveAHeartRate() throws {
        for kind in VitalKind.allCases {
            let text = line(record(try vital(kind, [UInt8](repeating: 0, count: kind.leastBytes))))
            #expect(!text.contains("heart_rate"))
            #expect(text.contains(#","measurement":""#))
        }
        #expect(
            !line(record(HeartRateMeasurement(beatsPerMinute: 60))).contains(#""measurement""#))
    }

    @Test func everyStatusBitHasAWordOfItsOwnOrNone() throws {
        func words(_ kind: VitalKind, _ bytes: [UInt8], _ field: String) throws -> [String] {
            let text = line(record(try vital(kind, bytes)))
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return object?[field] as? [String] ?? []
        }
        var pressure: [String] = []
        var oximetry: [String] = []
        var glucose: [String] = []
        var sensor: [String] = []
        for bit in 0..<24 {
            let low = UInt8(truncatingIfNeeded: 1 << bit)
            let middle = UInt8(truncatingIfNeeded: (1 << bit) >> 8)
            let high = UInt8(truncatingIfNeeded: (1 << bit) >> 16)
            pressure += try words(.bloodPressure, [0x10, 0, 0, 0, 0, 0, 0, low, middle], "status")
            oximetry += try words(.continuousOximetry, [0x04, 0, 0, 0, 0, low, middle], "status")
            glucose += try words(.glucose, [0x08, 0, 0] + timeBytes + [low, middle], "status")
            sensor += try words(
                .spotCheckOximetry, [0x04, 0, 0, 0, 0, low, middle, high], "sensor_status")
        }
        #expect(
            pressure == [
                "body_movement", "cuff_too_loose", "irregular_pulse", "pulse_rate_above_range",
                "pulse_rate_below_range", "improper_position",
            ])
        #expect(
            oximetry == [
                "ongoing", "early_estimate", "validated", "fully_qualified", "from_storage",
                "demonstration", "testing", "calibration_ongoing", "unavailable", "questionable",
                "invalid",
            ])
        #expect(
            glucose == [
                "battery_low", "sensor_malfunction", "sample_too_small", "strip_insertion_error",
                "strip_type_incorrect", "result_too_high", "result_too_low",
                "temperature_too_high", "temperature_too_low", "strip_pulled_too_soon",
                "device_fault", "time_fault",
            ])
        #expect(
            sensor == [
                "display_update_ongoing", "equipment_malfunction",
                "signal_processing_irregularity", "inadequate_signal", "poor_signal",
                "low_perfusion", "erratic_signal", "non_pulsatile_signal", "questionable_pulse",
                "signal_analysis_ongoing", "sensor_interference", "sensor_unconnected_to_user",
                "unknown_sensor", "sensor_displaced", "sensor_malfunction", "sensor_disconnected",
            ])
        // 3 in the two bits of the pulse rate's range is reserved.
        #expect(
            try words(.bloodPressure, [0x10, 0, 0, 0, 0, 0, 0, 0x18, 0], "status").isEmpty)
    }

    /// Every field there is, every bit set, every byte of both names as \u00XX.
    @Test func longestLinesFitTheLimit() throws {
        let pair: [UInt8] = [0x64, 0x00, 0x2C, 0x01]
        let all: [(VitalKind, [UInt8])] = [
            (
                .bloodPressure,
                [0x1E, 0x2C, 1, 0x2B, 1, 0x2B, 1] + timeBytes + [0x2C, 1, 254, 0xF7, 0xFF]
            ),
            (.temperature, [0x06, 0x32, 0, 0, 0] + timeBytes + [5]),
            (
                .continuousOximetry,
                [0x1F] + pair + pair + pair + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 100, 0]
            ),
            (
                .spotCheckOximetry,
                [0x0F] + pair + timeBytes + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 100, 0]
            ),
            (
                .glucose,
                [0x0B, 0xFF, 0xFF] + timeBytes + [0, 0, 0x03, 0xE0, 0x27, 0xFF, 0xFF]
            ),
        ]
        var longest = 0
        for (kind, bytes) in all {
            var record = record(
                sensor: String(repeating: "\u{1}", count: SensorName.limit),
                try vital(kind, bytes))
            record.sequence = .max
            record.clock = .unsynced
            let text = line(record, device: String(repeating: "\u{1}", count: Limits.deviceBytes))
            longest = max(longest, text.utf8.count)
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            #expect(object?["seq"] as? UInt64 == .max)
        }
        #expect(longest == 1_809)
        #expect(longest <= Limits.recordJSONBytes)
    }
}

extension VitalKind {
    /// Bytes of a notification with no flag set.
    fileprivate var leastBytes: Int {
        switch self {
        case .bloodPressure: 7
        case .temperature, .continuousOximetry, .spotCheckOximetry: 5
        case .glucose: 10
        }
    }
}
