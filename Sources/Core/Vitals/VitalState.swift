/// Why a well-formed measurement has no value.
public enum MissingValue: Equatable, Sendable {
    /// The fields say so: NaN, a special value, 0, or no field at all.
    case notMeasured
    /// The sensor says that its measurement is invalid or unavailable.
    case invalid
    /// The probe is off the finger, displaced or unplugged.
    case sensorOff
    /// The sensor reports a fault of its own or of its strip or cuff.
    case fault
    /// The value is nobody's: control solution, calibration, a demonstration, a test.
    case notFromAPerson
}

/// What a well-formed measurement means, as `HeartRateState` does for the heart rate. Only what is
/// plausible is judged, recorded and sent.
public enum VitalState: Equatable, Sendable {
    case plausible
    /// A value that nobody alive has, or one that contradicts another.
    case implausible(VitalQuantity)
    case notAValue(MissingValue)

    public init(_ measurement: VitalMeasurement) {
        if let missing = measurement.declaredMissing {
            self = .notAValue(missing)
            return
        }
        var hasValue = false
        for place in 0..<VitalQuantity.count {
            guard let quantity = VitalQuantity(rawValue: place) else { continue }
            switch measurement.value(of: quantity) {
            case .absent: continue
            case .value: hasValue = true
            case .implausible:
                self = .implausible(quantity)
                return
            }
        }
        switch measurement {
        case .bloodPressure: self = Self.bloodPressure(measurement)
        case .glucose(let glucose):
            let isKnown = hasValue || glucose.beyondRange != nil
            self = isKnown ? .plausible : .notAValue(.notMeasured)
        case .continuousOximetry, .spotCheckOximetry:
            self = measurement.hasOxygenOrPulse ? .plausible : .notAValue(.notMeasured)
        case .temperature: self = hasValue ? .plausible : .notAValue(.notMeasured)
        }
    }

    /// A blood pressure has both its numbers, the diastolic one smaller, and the mean, where there
    /// is one, not outside them.
    private static func bloodPressure(_ measurement: VitalMeasurement) -> VitalState {
        guard case .value(let systolic) = measurement.value(of: .bloodPressureSystolic),
            case .value(let diastolic) = measurement.value(of: .bloodPressureDiastolic)
        else { return .notAValue(.notMeasured) }
        guard diastolic < systolic else { return .implausible(.bloodPressureDiastolic) }
        if case .value(let mean) = measurement.value(of: .bloodPressureMean),
            mean < diastolic || mean > systolic
        {
            return .implausible(.bloodPressureMean)
        }
        return .plausible
    }
}

/// A glucose result outside what the meter measures ("HI", "LO"): no number, and news all the same.
public enum BeyondRange: Equatable, Sendable { case above, below }

extension GlucoseMeasurement {
    /// Whether the meter says that the result is beyond its range, by its status or by infinity.
    public var beyondRange: BeyondRange? {
        let status = self.status ?? []
        if status.contains(.resultTooHigh) != status.contains(.resultTooLow) {
            return status.contains(.resultTooHigh) ? .above : .below
        }
        switch concentration?.value {
        case .positiveInfinity?: return .above
        case .negativeInfinity?: return .below
        default: return nil
        }
    }
}

extension VitalMeasurement {
    /// What the sensor itself says against its values.
    fileprivate var declaredMissing: MissingValue? {
        switch self {
        case .bloodPressure, .temperature: nil
        case .continuousOximetry(let measurement):
            Self.missing(measurement.status ?? [], measurement.sensorStatus ?? [])
        case .spotCheckOximetry(let measurement):
            Self.missing(measurement.status ?? [], measurement.sensorStatus ?? [])
        case .glucose(let measurement): Self.missing(measurement)
        }
    }

    private static func missing(
        _ status: OximetryStatus, _ sensor: OximeterSensorStatus
    ) -> MissingValue? {
        if !status.isDisjoint(with: [.forDemonstration, .forTesting, .calibrationOngoing]) {
            return .notFromAPerson
        }
        if !sensor.isDisjoint(
            with: [.sensorUnconnectedToUser, .sensorDisplaced, .sensorDisconnected])
        {
            return .sensorOff
        }
        if !sensor.isDisjoint(with: [.equipmentMalfunction, .sensorMalfunction]) { return .fault }
        return status.isDisjoint(with: [.unavailable, .invalid]) ? nil : .invalid
    }

    private static func missing(_ measurement: GlucoseMeasurement) -> MissingValue? {
        if measurement.concentration?.sample.isControlSolution ?? false { return .notFromAPerson }
        let status = measurement.status ?? []
        return status.isDisjoint(with: GlucoseStatus.faults) ? nil : .fault
    }

    /// An amplitude alone is no measurement.
    fileprivate var hasOxygenOrPulse: Bool {
        for place in VitalQuantity.oxygenSaturation.rawValue...VitalQuantity.pulseRateSlow.rawValue
        {
            if let quantity = VitalQuantity(rawValue: place), case .value = value(of: quantity) {
                return true
            }
        }
        return false
    }

    /// The pulse rate that the rate alarm may judge, rounded half up to whole beats per minute: a
    /// plausible one of a probe that measures now. A spot check is one look at one moment, and a
    /// stored measurement is of another time: neither says what the pulse does now.
    public var alarmBeatsPerMinute: UInt16? {
        guard case .continuousOximetry(let measurement) = self,
            !(measurement.status ?? []).contains(.fromStorage), VitalState(self) == .plausible,
            case .value(let tenths) = value(of: .pulseRate)
        else { return nil }
        return UInt16((tenths + 5) / 10)
    }
}
