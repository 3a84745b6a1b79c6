/// A number of the `patient_stats` form, and what it may be. The raw value is its place in the form
/// and on disk.
///
/// Devices, people and generators post this form; the streams of the cloud carry it. There is one
/// table of ranges for all who judge it.
public enum PatientQuantity: UInt8, CaseIterable, Equatable, Sendable {
    /// mg/dL.
    case glucoseLevel
    /// A fraction of 1.
    case oxygenSaturation
    /// °C.
    case bodyTemperature
    /// Breaths per minute.
    case respiratoryRate
    /// Beats per minute.
    case heartRate
    /// mmHg.
    case bloodPressureSystolic, bloodPressureDiastolic

    /// How many there are: raw values run from 0.
    public static let count = 7
    /// Decimals that are kept. The raw numbers below are in units of the last of them.
    public static let decimals = 4
    /// Units in one.
    public static let unitsPerOne: Int64 = 10_000

    /// The name of its field.
    public var name: StaticString {
        switch self {
        case .glucoseLevel: "glucose_level"
        case .oxygenSaturation: "oxygen_saturation"
        case .bodyTemperature: "body_temperature"
        case .respiratoryRate: "respiratory_rate"
        case .heartRate: "heart_rate"
        case .bloodPressureSystolic: "blood_pressure_systolic"
        case .bloodPressureDiastolic: "blood_pressure_diastolic"
        }
    }

    /// What it is counted in, in words.
    public var unit: StaticString {
        switch self {
        case .glucoseLevel: "mg/dL"
        case .oxygenSaturation: "as a fraction of 1"
        case .bodyTemperature: "degrees Celsius"
        case .respiratoryRate: "breaths per minute"
        case .heartRate: "beats per minute"
        case .bloodPressureSystolic, .bloodPressureDiastolic: "mmHg"
        }
    }

    /// What a living person can have, in whole numbers of the unit: the ranges of
    /// `VitalQuantity.plausible`, which says where they come from. The respiratory rate has none
    /// there: 150 per minute is twice what newborns in distress reach.
    public var plausible: ClosedRange<Int64> {
        switch self {
        case .glucoseLevel: 1...3_000
        case .oxygenSaturation: 0...1
        case .bodyTemperature: 10...50
        case .respiratoryRate: 1...150
        case .heartRate: 1...Int64(HeartRateState.highestPlausible)
        case .bloodPressureSystolic, .bloodPressureDiastolic: 10...300
        }
    }

    /// The same in units of the last decimal that is kept.
    public var plausibleUnits: ClosedRange<Int64> {
        plausible.lowerBound * Self.unitsPerOne...plausible.upperBound * Self.unitsPerOne
    }
}
