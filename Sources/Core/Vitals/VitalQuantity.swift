/// A number that a measurement can have, in the one unit that it is judged and sent in, whatever
/// unit the sensor speaks.
public enum VitalQuantity: UInt8, Sendable {
    /// Tenths of a mmHg.
    case bloodPressureSystolic, bloodPressureDiastolic, bloodPressureMean
    /// Hundredths of a °C.
    case bodyTemperature
    /// Ten-thousandths: a fraction of 1.
    case oxygenSaturation, oxygenSaturationFast, oxygenSaturationSlow
    /// Tenths of a beat per minute.
    case pulseRate, pulseRateFast, pulseRateSlow
    /// Hundredths of a percent.
    case pulseAmplitudeIndex
    /// Tenths of a mg/dL.
    case glucoseLevel

    /// How many there are: raw values run from 0.
    public static let count: UInt8 = 12

    /// Decimals of the unit that are judged and sent.
    public var decimals: Int {
        switch self {
        case .bloodPressureSystolic, .bloodPressureDiastolic, .bloodPressureMean: 1
        case .bodyTemperature, .pulseAmplitudeIndex: 2
        case .oxygenSaturation, .oxygenSaturationFast, .oxygenSaturationSlow: 4
        case .pulseRate, .pulseRateFast, .pulseRateSlow: 1
        case .glucoseLevel: 1
        }
    }

    /// What a living person can have, in last decimals. The ranges are wide on purpose: they
    /// refuse what a broken sensor says, and judge nobody's health.
    var plausible: ClosedRange<Int64> {
        switch self {
        // 10 to 300 mmHg. Automated cuffs must not exceed 300 mmHg on an adult (IEC 80601-2-30),
        // so they cannot find more; the lowest pressure that the standard wants them to be able
        // to show, 20 mmHg of a newborn, is halved.
        case .bloodPressureSystolic, .bloodPressureDiastolic, .bloodPressureMean: 100...3_000
        // 10 to 50 °C. People survived 13.7 °C (M. Gilbert and others, Lancet 355, 2000) and
        // 46.5 °C (C. Slovis and others, Annals of Emergency Medicine 11, 1982) in their core;
        // fingers and toes are colder than that only with frostbite.
        case .bodyTemperature: 1_000...5_000
        // Above 0 to 100 %: more oxygen than the haemoglobin binds there is not (ISO 80601-2-61).
        case .oxygenSaturation, .oxygenSaturationFast, .oxygenSaturationSlow: 1...10_000
        // As a heart rate (`HeartRateState.highestPlausible`).
        case .pulseRate, .pulseRateFast, .pulseRateSlow:
            10...Int64(HeartRateState.highestPlausible) * 10
        // It is a share of the light (Pulse Oximeter Service 1.0.1, section 3.1.1.6).
        case .pulseAmplitudeIndex: 0...10_000
        // 1 to 3,000 mg/dL: meters end at about 600, and 2,656 was survived (Guinness World
        // Records, "Highest blood sugar level").
        case .glucoseLevel: 10...30_000
        }
    }

    /// A 0 is how sensors say that they found nothing: no heart, no oxygen, no pressure and no
    /// sugar there is in nobody alive.
    var isZeroNothing: Bool { !(self == .pulseAmplitudeIndex || self == .bodyTemperature) }
}

/// What a measurement says of one quantity.
public enum QuantityValue: Equatable, Sendable {
    /// Nothing: the field is not there, or says that there is no value.
    case absent
    /// A number in the quantity's last decimals.
    case value(Int64)
    /// A number that nobody alive has.
    case implausible

    /// `medical` in the sensor's unit; without one, absent.
    init(_ medical: MedicalValue?, _ conversion: UnitConversion, _ quantity: VitalQuantity) {
        guard case .number(let decimal) = medical,
            decimal.mantissa != 0 || !quantity.isZeroNothing
        else {
            self = .absent
            return
        }
        let scaled = decimal.scaled(by: conversion, decimals: quantity.decimals)
        guard let scaled, quantity.plausible.contains(scaled) else {
            self = .implausible
            return
        }
        self = .value(scaled)
    }
}

extension VitalMeasurement {
    /// What the measurement says of a quantity, converted to the quantity's unit and rounded half
    /// away from zero to its decimals. What is judged is what is sent.
    public func value(of quantity: VitalQuantity) -> QuantityValue {
        switch self {
        case .bloodPressure(let measurement): measurement.value(of: quantity)
        case .temperature(let measurement): measurement.value(of: quantity)
        case .continuousOximetry(let measurement): measurement.value(of: quantity)
        case .spotCheckOximetry(let measurement): measurement.value(of: quantity)
        case .glucose(let measurement): measurement.value(of: quantity)
        }
    }
}

extension BloodPressureMeasurement {
    fileprivate func value(of quantity: VitalQuantity) -> QuantityValue {
        let conversion = unit == .kilopascals ? UnitConversion.kilopascals : .none
        return switch quantity {
        case .bloodPressureSystolic: QuantityValue(systolic.value, conversion, quantity)
        case .bloodPressureDiastolic: QuantityValue(diastolic.value, conversion, quantity)
        case .bloodPressureMean:
            QuantityValue(meanArterialPressure.value, conversion, quantity)
        case .pulseRate: QuantityValue(pulseRate?.value, .none, quantity)
        default: .absent
        }
    }
}

extension TemperatureMeasurement {
    fileprivate func value(of quantity: VitalQuantity) -> QuantityValue {
        guard quantity == .bodyTemperature else { return .absent }
        return QuantityValue(
            temperature.value, unit == .fahrenheit ? .fahrenheit : .none, quantity)
    }
}

extension ContinuousOximetry {
    fileprivate func value(of quantity: VitalQuantity) -> QuantityValue {
        switch quantity {
        case .oxygenSaturation:
            QuantityValue(normal.oxygenSaturation.value, .percent, quantity)
        case .oxygenSaturationFast:
            QuantityValue(fast?.oxygenSaturation.value, .percent, quantity)
        case .oxygenSaturationSlow:
            QuantityValue(slow?.oxygenSaturation.value, .percent, quantity)
        case .pulseRate: QuantityValue(normal.pulseRate.value, .none, quantity)
        case .pulseRateFast: QuantityValue(fast?.pulseRate.value, .none, quantity)
        case .pulseRateSlow: QuantityValue(slow?.pulseRate.value, .none, quantity)
        case .pulseAmplitudeIndex: QuantityValue(pulseAmplitudeIndex?.value, .none, quantity)
        default: .absent
        }
    }
}

extension SpotCheckOximetry {
    fileprivate func value(of quantity: VitalQuantity) -> QuantityValue {
        switch quantity {
        case .oxygenSaturation:
            QuantityValue(result.oxygenSaturation.value, .percent, quantity)
        case .pulseRate: QuantityValue(result.pulseRate.value, .none, quantity)
        case .pulseAmplitudeIndex: QuantityValue(pulseAmplitudeIndex?.value, .none, quantity)
        default: .absent
        }
    }
}

extension GlucoseMeasurement {
    fileprivate func value(of quantity: VitalQuantity) -> QuantityValue {
        guard quantity == .glucoseLevel, let concentration, beyondRange == nil else {
            return .absent
        }
        return QuantityValue(
            concentration.value.value,
            concentration.unit == .molesPerLitre ? .molesOfGlucosePerLitre : .kilogramsPerLitre,
            quantity)
    }
}
