/// The measurements beside the heart rate, by the characteristic that sends them.
public enum VitalKind: Sendable, CaseIterable {
    case bloodPressure, temperature, continuousOximetry, spotCheckOximetry, glucose

    /// nil for the heart rate, which has an entry of its own, and for what is no measurement.
    public init?(_ characteristic: Characteristic) {
        switch characteristic {
        case .bloodPressureMeasurement: self = .bloodPressure
        case .temperatureMeasurement: self = .temperature
        case .pulseOximeterContinuous: self = .continuousOximetry
        case .pulseOximeterSpotCheck: self = .spotCheckOximetry
        case .glucoseMeasurement: self = .glucose
        default: return nil
        }
    }

    public var characteristic: Characteristic {
        switch self {
        case .bloodPressure: .bloodPressureMeasurement
        case .temperature: .temperatureMeasurement
        case .continuousOximetry: .pulseOximeterContinuous
        case .spotCheckOximetry: .pulseOximeterSpotCheck
        case .glucose: .glucoseMeasurement
        }
    }

    /// What the measurement is called where it is sent. The two ways of oximetry are one thing to
    /// whoever reads the values, and differ in whether they go on.
    public var name: StaticString {
        switch self {
        case .bloodPressure: "blood_pressure"
        case .temperature: "body_temperature"
        case .continuousOximetry: "oximetry"
        case .spotCheckOximetry: "oximetry_spot_check"
        case .glucose: "glucose"
        }
    }
}

/// A decoded notification of one of the bedside's other sensors.
public enum VitalMeasurement: Equatable, Sendable {
    case bloodPressure(BloodPressureMeasurement)
    case temperature(TemperatureMeasurement)
    case continuousOximetry(ContinuousOximetry)
    case spotCheckOximetry(SpotCheckOximetry)
    case glucose(GlucoseMeasurement)

    /// Decodes a notification of the kind's characteristic.
    public init(decoding notification: Span<UInt8>, as kind: VitalKind) throws(MeasurementError) {
        switch kind {
        case .bloodPressure:
            self = .bloodPressure(try BloodPressureMeasurement(decoding: notification))
        case .temperature:
            self = .temperature(try TemperatureMeasurement(decoding: notification))
        case .continuousOximetry:
            self = .continuousOximetry(try ContinuousOximetry(decoding: notification))
        case .spotCheckOximetry:
            self = .spotCheckOximetry(try SpotCheckOximetry(decoding: notification))
        case .glucose:
            self = .glucose(try GlucoseMeasurement(decoding: notification))
        }
    }

    public var kind: VitalKind {
        switch self {
        case .bloodPressure: .bloodPressure
        case .temperature: .temperature
        case .continuousOximetry: .continuousOximetry
        case .spotCheckOximetry: .spotCheckOximetry
        case .glucose: .glucose
        }
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        switch self {
        case .bloodPressure(let measurement): measurement.encoded
        case .temperature(let measurement): measurement.encoded
        case .continuousOximetry(let measurement): measurement.encoded
        case .spotCheckOximetry(let measurement): measurement.encoded
        case .glucose(let measurement): measurement.encoded
        }
    }

    /// When it was taken, by the sensor's own clock; nil when the sensor does not say, or says
    /// that it does not know, or says no date.
    public var sensorTime: DeviceTime? {
        let time: DeviceTime? =
            switch self {
            case .bloodPressure(let measurement): measurement.time
            case .temperature(let measurement): measurement.time
            case .continuousOximetry: nil
            case .spotCheckOximetry(let measurement):
                measurement.isClockUnset ? nil : measurement.time
            case .glucose(let measurement):
                measurement.status?.contains(.timeFault) ?? false ? nil : measurement.userTime
            }
        guard let time, time.isDate else { return nil }
        return time
    }
}
