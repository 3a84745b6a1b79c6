import Bytes
import Vitals

extension VitalQuantity {
    /// The field that carries it. `oxygen_saturation`, `body_temperature`, `glucose_level` and the
    /// two blood pressures are the names and units of the `patient_stats` form. A pulse rate is
    /// not called a heart rate: it comes from the finger or the cuff, and must not get into a
    /// chart of heart rates.
    var name: StaticString {
        switch self {
        case .bloodPressureSystolic: "blood_pressure_systolic"
        case .bloodPressureDiastolic: "blood_pressure_diastolic"
        case .bloodPressureMean: "blood_pressure_mean"
        case .bodyTemperature: "body_temperature"
        case .oxygenSaturation: "oxygen_saturation"
        case .oxygenSaturationFast: "oxygen_saturation_fast"
        case .oxygenSaturationSlow: "oxygen_saturation_slow"
        case .pulseRate: "pulse_rate"
        case .pulseRateFast: "pulse_rate_fast"
        case .pulseRateSlow: "pulse_rate_slow"
        case .pulseAmplitudeIndex: "pulse_amplitude_index"
        case .glucoseLevel: "glucose_level"
        }
    }
}

/// Words that a measurement can have: each a field of JSON and a column of CSV.
enum VitalWord: UInt8 {
    case glucoseRange, temperatureType, glucoseType, sampleLocation

    static let count: UInt8 = 4

    var name: StaticString {
        switch self {
        case .glucoseRange: "glucose_range"
        case .temperatureType: "temperature_type"
        case .glucoseType: "glucose_type"
        case .sampleLocation: "sample_location"
        }
    }
}

/// Whole numbers that a measurement can have beside its quantities.
enum VitalNumber: UInt8 {
    /// Which of the sensor's users it was.
    case user
    /// The glucose meter's own number of the measurement.
    case sensorSequence

    static let count: UInt8 = 2

    var name: StaticString {
        switch self {
        case .user: "user_id"
        case .sensorSequence: "sensor_seq"
        }
    }
}

extension VitalMeasurement {
    /// nil when it does not have the word.
    func text(of word: VitalWord) -> StaticString? {
        switch (self, word) {
        case (.temperature(let measurement), .temperatureType): return measurement.type?.name
        case (.glucose(let measurement), .glucoseType):
            return measurement.concentration?.sample.typeName
        case (.glucose(let measurement), .sampleLocation):
            return measurement.concentration?.sample.locationName
        case (.glucose(let measurement), .glucoseRange):
            switch measurement.beyondRange {
            case .above: return "above"
            case .below: return "below"
            case nil: return nil
            }
        default: return nil
        }
    }

    /// nil when it does not have the number.
    func number(of field: VitalNumber) -> UInt64? {
        switch (self, field) {
        case (.bloodPressure(let measurement), .user):
            guard let user = measurement.userID, user != BloodPressureMeasurement.unknownUser
            else { return nil }
            return UInt64(user)
        case (.glucose(let measurement), .sensorSequence):
            return UInt64(measurement.sequenceNumber)
        default: return nil
        }
    }

    /// The bits of what the sensor says of the measurement; `statusWord(ofBit:)` names them.
    var statusBits: UInt32 {
        switch self {
        case .bloodPressure(let measurement):
            // 3 in bits 3 and 4 is reserved.
            let bits = measurement.status?.rawValue ?? 0
            return UInt32(bits & 0x18 == 0x18 ? bits & ~0x18 : bits)
        case .temperature: return 0
        case .continuousOximetry(let measurement):
            return UInt32(measurement.status?.rawValue ?? 0)
        case .spotCheckOximetry(let measurement):
            return UInt32(measurement.status?.rawValue ?? 0)
        case .glucose(let measurement): return UInt32(measurement.status?.rawValue ?? 0)
        }
    }

    /// nil for a reserved bit.
    func statusWord(ofBit bit: Int) -> StaticString? {
        switch self {
        case .bloodPressure: Self.bloodPressureWord(bit)
        case .temperature: nil
        case .continuousOximetry, .spotCheckOximetry: Self.oximetryWord(bit)
        case .glucose: Self.glucoseWord(bit)
        }
    }

    /// The bits of what an oximeter says of itself and its probe.
    var sensorStatusBits: UInt32 {
        switch self {
        case .continuousOximetry(let measurement): measurement.sensorStatus?.rawValue ?? 0
        case .spotCheckOximetry(let measurement): measurement.sensorStatus?.rawValue ?? 0
        default: 0
        }
    }

    private static func bloodPressureWord(_ bit: Int) -> StaticString? {
        switch bit {
        case 0: "body_movement"
        case 1: "cuff_too_loose"
        case 2: "irregular_pulse"
        case 3: "pulse_rate_above_range"
        case 4: "pulse_rate_below_range"
        case 5: "improper_position"
        default: nil
        }
    }

    private static func oximetryWord(_ bit: Int) -> StaticString? {
        switch bit {
        case 5: "ongoing"
        case 6: "early_estimate"
        case 7: "validated"
        case 8: "fully_qualified"
        case 9: "from_storage"
        case 10: "demonstration"
        case 11: "testing"
        case 12: "calibration_ongoing"
        case 13: "unavailable"
        case 14: "questionable"
        case 15: "invalid"
        default: nil
        }
    }

    private static func glucoseWord(_ bit: Int) -> StaticString? {
        switch bit {
        case 0: "battery_low"
        case 1: "sensor_malfunction"
        case 2: "sample_too_small"
        case 3: "strip_insertion_error"
        case 4: "strip_type_incorrect"
        case 5: "result_too_high"
        case 6: "result_too_low"
        case 7: "temperature_too_high"
        case 8: "temperature_too_low"
        case 9: "strip_pulled_too_soon"
        case 10: "device_fault"
        case 11: "time_fault"
        default: nil
        }
    }

    static func sensorStatusWord(ofBit bit: Int) -> StaticString? {
        switch bit {
        case 0: "display_update_ongoing"
        case 1: "equipment_malfunction"
        case 2: "signal_processing_irregularity"
        case 3: "inadequate_signal"
        case 4: "poor_signal"
        case 5: "low_perfusion"
        case 6: "erratic_signal"
        case 7: "non_pulsatile_signal"
        case 8: "questionable_pulse"
        case 9: "signal_analysis_ongoing"
        case 10: "sensor_interference"
        case 11: "sensor_unconnected_to_user"
        case 12: "unknown_sensor"
        case 13: "sensor_displaced"
        case 14: "sensor_malfunction"
        case 15: "sensor_disconnected"
        default: nil
        }
    }
}

extension FixedBuffer {
    /// Appends `2025-07-15T17:10:33`: the time of the sensor's own clock. It has no zone, because
    /// the sensor knows none, and no `Z`, because it is not UTC.
    mutating func append(sensorTime time: DeviceTime) {
        append(decimal: UInt64(time.year), digits: 4)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(time.month), digits: 2)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(time.day), digits: 2)
        append(UInt8(ascii: "T"))
        append(decimal: UInt64(time.hour), digits: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(time.minute), digits: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(time.second), digits: 2)
    }
}
