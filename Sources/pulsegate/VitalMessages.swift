import Gateway
import Vitals

extension Messages {
    static func text(_ error: MeasurementError) -> String {
        switch error {
        case .empty:
            "no bytes: a measurement has at least flags and a value"
        case .truncated(let field, let length):
            "\(name(field)) should follow, and the packet ends after \(length) "
                + (length == 1 ? "byte" : "bytes")
        case .trailingBytes(let count):
            "\(count) \(count == 1 ? "byte follows" : "bytes follow") the last field that the "
                + "flags name: flags or length are wrong, so no value is taken"
        case .notUTF8(let offset):
            "the text is no UTF-8 from byte \(offset) on"
        }
    }

    private static func name(_ field: MeasurementField) -> String {
        switch field {
        case .systolic: "the systolic pressure (2 bytes)"
        case .diastolic: "the diastolic pressure (2 bytes)"
        case .meanArterialPressure: "the mean arterial pressure (2 bytes)"
        case .temperature: "the temperature (4 bytes)"
        case .temperatureType: "the temperature type (1 byte)"
        case .oxygenSaturation: "the oxygen saturation (2 bytes)"
        case .fastOxygenSaturation: "the fast oxygen saturation (2 bytes)"
        case .slowOxygenSaturation: "the slow oxygen saturation (2 bytes)"
        case .pulseRate: "the pulse rate (2 bytes)"
        case .fastPulseRate: "the fast pulse rate (2 bytes)"
        case .slowPulseRate: "the slow pulse rate (2 bytes)"
        case .pulseAmplitudeIndex: "the pulse amplitude index (2 bytes)"
        case .sequenceNumber: "the sequence number (2 bytes)"
        case .timeOffset: "the time offset (2 bytes)"
        case .concentration: "the concentration (2 bytes)"
        case .typeAndSampleLocation: "type and sample location (1 byte)"
        case .timeStamp: "the time stamp (7 bytes)"
        case .userID: "the user id (1 byte)"
        case .measurementStatus: "the measurement status (2 bytes)"
        case .sensorStatus: "the sensor status"
        case .percentage: "a percentage (1 byte)"
        case .location: "a location (1 byte)"
        }
    }

    static func text(_ quantity: VitalQuantity) -> String {
        switch quantity {
        case .bloodPressureSystolic: "systolic pressure outside 10 to 300 mmHg"
        case .bloodPressureDiastolic:
            "diastolic pressure outside 10 to 300 mmHg or not below the systolic"
        case .bloodPressureMean:
            "mean pressure outside 10 to 300 mmHg or not between diastolic and systolic"
        case .bodyTemperature: "temperature outside 10 to 50 °C"
        case .oxygenSaturation, .oxygenSaturationFast, .oxygenSaturationSlow:
            "oxygen saturation outside 0 to 100 %"
        case .pulseRate, .pulseRateFast, .pulseRateSlow: "pulse rate outside 1 to 300 bpm"
        case .pulseAmplitudeIndex: "pulse amplitude index outside 0 to 100 %"
        case .glucoseLevel: "glucose outside 1 to 3000 mg/dL"
        }
    }

    static func text(_ missing: MissingValue) -> String {
        switch missing {
        case .notMeasured: "the sensor sends no number"
        case .invalid: "the sensor calls it invalid"
        case .sensorOff: "the probe is off the finger or unplugged"
        case .fault: "the sensor reports a fault"
        case .notFromAPerson: "control solution, calibration, demonstration or test"
        }
    }

    static func name(_ kind: VitalKind) -> String {
        switch kind {
        case .bloodPressure: "blood pressure"
        case .temperature: "temperature"
        case .continuousOximetry: "oximetry"
        case .spotCheckOximetry: "oximetry spot check"
        case .glucose: "glucose"
        }
    }

    /// The line of a report about a measurement that is no heart rate.
    static func vitalLine(_ report: Report, sensors: [String]) -> (LogLevel, String) {
        switch report {
        case .measurementMalformed(let sensor, let kind, let error):
            (.warning, "sensor \(sensors[sensor]): malformed \(name(kind)): \(text(error))")
        case .measurementImplausible(let sensor, let kind, let quantity):
            (
                .warning,
                "sensor \(sensors[sensor]): implausible \(name(kind)): \(text(quantity)); "
                    + "not recorded"
            )
        case .measurementWithoutValue(let sensor, let kind, let missing):
            (
                .notice,
                "sensor \(sensors[sensor]): \(name(kind)) without a value: \(text(missing))"
            )
        case .sensorHasValue(let sensor, let kind):
            (.notice, "sensor \(sensors[sensor]): \(name(kind)) has a value again")
        default: preconditionFailure("this line is for measurements")
        }
    }
}
