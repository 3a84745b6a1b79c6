import Testing
import Vitals

/// A number with decimals that fits into 16 bits: 1205 and -1 is 120.5.
func float(_ mantissa: Int32, _ exponent: Int8 = 0) -> MedFloat16 {
    guard let float = MedFloat16(MedicalDecimal(mantissa: mantissa, exponent: exponent)) else {
        preconditionFailure("a test uses numbers of 16 bits")
    }
    return float
}

/// What measurements are worth.
struct VitalStateTests {
    private func pressure(
        _ systolic: MedFloat16, _ diastolic: MedFloat16, mean: MedFloat16 = .notANumber,
        pulse: MedFloat16? = nil, unit: PressureUnit = .millimetresOfMercury
    ) -> VitalState {
        VitalState(
            .bloodPressure(
                BloodPressureMeasurement(
                    unit: unit, systolic: systolic, diastolic: diastolic,
                    meanArterialPressure: mean, pulseRate: pulse)))
    }

    @Test func pressuresWithinTheRangeArePlausible() {
        #expect(pressure(float(120), float(80)) == .plausible)
        #expect(pressure(float(300), float(10)) == .plausible)
        #expect(pressure(float(120), float(80), mean: float(93), pulse: float(62)) == .plausible)
        #expect(pressure(float(16), float(107, -1), unit: .kilopascals) == .plausible)
        #expect(pressure(float(40), float(2), unit: .kilopascals) == .plausible)
    }

    @Test func pressuresBeyondTheRangeAreImplausible() {
        #expect(pressure(float(301), float(80)) == .implausible(.bloodPressureSystolic))
        #expect(pressure(float(120), float(99, -1)) == .implausible(.bloodPressureDiastolic))
        #expect(pressure(float(-120), float(80)) == .implausible(.bloodPressureSystolic))
        #expect(
            pressure(float(41), float(10), unit: .kilopascals)
                == .implausible(.bloodPressureSystolic))
        #expect(
            pressure(float(120), float(80), pulse: float(301)) == .implausible(.pulseRate))
        #expect(pressure(float(1, 7), float(80)) == .implausible(.bloodPressureSystolic))
    }

    @Test func diastolicPressureIsBelowTheSystolic() {
        #expect(pressure(float(80), float(120)) == .implausible(.bloodPressureDiastolic))
        #expect(pressure(float(100), float(100)) == .implausible(.bloodPressureDiastolic))
        #expect(pressure(float(1001, -1), float(100)) == .plausible)
    }

    @Test func meanPressureIsNotOutsideTheOthers() {
        #expect(
            pressure(float(120), float(80), mean: float(79)) == .implausible(.bloodPressureMean))
        #expect(
            pressure(float(120), float(80), mean: float(121)) == .implausible(.bloodPressureMean))
        #expect(pressure(float(120), float(80), mean: float(80)) == .plausible)
        #expect(pressure(float(120), float(80), mean: float(120)) == .plausible)
    }

    @Test func zeroAndSpecialValuesAreNothing() {
        #expect(pressure(float(120), float(80), mean: float(0), pulse: float(0)) == .plausible)
        let specials: [MedFloat16] = [
            .notANumber, .notAtThisResolution, .positiveInfinity, .negativeInfinity, .reserved,
            float(0),
        ]
        for special in specials {
            #expect(pressure(special, float(80)) == .notAValue(.notMeasured))
            #expect(pressure(float(120), special) == .notAValue(.notMeasured))
            #expect(
                pressure(float(120), float(80), mean: special, pulse: special) == .plausible)
            #expect(oximetry(special, special) == .notAValue(.notMeasured))
            #expect(oximetry(special, float(70)) == .plausible)
            #expect(oximetry(float(97), special) == .plausible)
        }
    }

    private func temperature(_ raw: UInt32, _ unit: TemperatureUnit = .celsius) -> VitalState {
        VitalState(
            .temperature(
                TemperatureMeasurement(unit: unit, temperature: MedFloat32(rawValue: raw))))
    }

    @Test func temperaturesFrom10To50DegreesArePlausible() {
        #expect(temperature(0xFE00_03E8) == .plausible, "10.00 °C")
        #expect(temperature(0xFE00_1388) == .plausible, "50.00 °C")
        #expect(temperature(0xFE00_03E7) == .implausible(.bodyTemperature), "9.99 °C")
        #expect(temperature(0xFE00_1389) == .implausible(.bodyTemperature), "50.01 °C")
        #expect(temperature(0x0000_0000) == .implausible(.bodyTemperature), "0 °C is a value")
        #expect(temperature(0x0000_0032, .fahrenheit) == .plausible, "50 °F")
        #expect(temperature(0x0000_0031, .fahrenheit) == .implausible(.bodyTemperature))
        #expect(temperature(0x0000_007A, .fahrenheit) == .plausible, "122 °F")
        #expect(temperature(0x0000_007B, .fahrenheit) == .implausible(.bodyTemperature))
        #expect(temperature(0x007F_FFFF) == .notAValue(.notMeasured))
        #expect(temperature(0x7F00_0001) == .implausible(.bodyTemperature))
        #expect(temperature(0x8000_0001) == .implausible(.bodyTemperature))
    }

    private func oximetry(
        _ saturation: MedFloat16, _ pulse: MedFloat16, status: OximetryStatus? = nil,
        sensor: OximeterSensorStatus? = nil, amplitude: MedFloat16? = nil
    ) -> VitalState {
        let pair = OxygenAndPulse(oxygenSaturation: saturation, pulseRate: pulse)
        let continuous = VitalState(
            .continuousOximetry(
                ContinuousOximetry(
                    normal: pair, status: status, sensorStatus: sensor,
                    pulseAmplitudeIndex: amplitude)))
        let spotCheck = VitalState(
            .spotCheckOximetry(
                SpotCheckOximetry(
                    result: pair, status: status, sensorStatus: sensor,
                    pulseAmplitudeIndex: amplitude)))
        #expect(continuous == spotCheck)
        return continuous
    }

    @Test func saturationsUpTo100PercentArePlausible() {
        #expect(oximetry(float(97), float(71)) == .plausible)
        #expect(oximetry(float(100), float(300)) == .plausible)
        #expect(oximetry(float(1), float(1)) == .plausible)
        #expect(oximetry(float(101), float(71)) == .implausible(.oxygenSaturation))
        #expect(oximetry(float(-1), float(71)) == .implausible(.oxygenSaturation))
        #expect(oximetry(float(97), float(301)) == .implausible(.pulseRate))
        #expect(
            oximetry(float(97), float(71), amplitude: float(101))
                == .implausible(.pulseAmplitudeIndex))
        #expect(oximetry(float(97), float(71), amplitude: float(0)) == .plausible)
    }

    @Test func amplitudeAloneIsNoMeasurement() {
        #expect(
            oximetry(.notANumber, .notANumber, amplitude: float(3)) == .notAValue(.notMeasured))
    }

    @Test func fastAndSlowValuesAreJudgedToo() {
        let good = OxygenAndPulse(oxygenSaturation: float(97), pulseRate: float(71))
        func state(_ measurement: ContinuousOximetry) -> VitalState {
            VitalState(.continuousOximetry(measurement))
        }
        let none = OxygenAndPulse(oxygenSaturation: .notANumber, pulseRate: .notANumber)
        #expect(state(ContinuousOximetry(normal: none, fast: good)) == .plausible)
        #expect(state(ContinuousOximetry(normal: none, slow: good)) == .plausible)
        let bad = OxygenAndPulse(oxygenSaturation: float(120), pulseRate: float(71))
        #expect(
            state(ContinuousOximetry(normal: good, fast: bad))
                == .implausible(.oxygenSaturationFast))
        #expect(
            state(ContinuousOximetry(normal: good, slow: bad))
                == .implausible(.oxygenSaturationSlow))
    }

    @Test func everyStatusBitOfAnOximeterHasItsWorth() {
        let worth: [Int: MissingValue] = [
            10: .notFromAPerson, 11: .notFromAPerson, 12: .notFromAPerson, 13: .invalid,
            15: .invalid,
        ]
        for bit in 0..<16 {
            let state = oximetry(
                float(97), float(71), status: OximetryStatus(rawValue: 1 << UInt16(bit)))
            #expect(state == worth[bit].map { .notAValue($0) } ?? .plausible, "bit \(bit)")
        }
        let sensor: [Int: MissingValue] = [
            1: .fault, 11: .sensorOff, 13: .sensorOff, 14: .fault, 15: .sensorOff,
        ]
        for bit in 0..<24 {
            let state = oximetry(
                float(97), float(71), sensor: OximeterSensorStatus(rawValue: 1 << UInt32(bit)))
            #expect(state == sensor[bit].map { .notAValue($0) } ?? .plausible, "bit \(bit)")
        }
    }

    private func glucose(
        _ value: MedFloat16?, _ unit: ConcentrationUnit = .kilogramsPerLitre,
        status: GlucoseStatus? = nil, sample: UInt8 = 0x11
    ) -> VitalMeasurement {
        .glucose(
            GlucoseMeasurement(
                sequenceNumber: 1, baseTime: VitalPacket.time,
                concentration: value.map {
                    GlucoseConcentration(
                        unit: unit, value: $0, sample: GlucoseSample(rawValue: sample))
                }, status: status))
    }

    @Test func glucoseFrom1To3000IsPlausible() {
        #expect(VitalState(glucose(float(99, -5))) == .plausible)
        #expect(VitalState(glucose(float(1, -5))) == .plausible)
        #expect(VitalState(glucose(float(3, -2))) == .plausible)
        #expect(VitalState(glucose(float(301, -4))) == .implausible(.glucoseLevel))
        #expect(VitalState(glucose(float(9, -6))) == .implausible(.glucoseLevel))
        #expect(VitalState(glucose(float(55, -4), .molesPerLitre)) == .plausible)
        #expect(
            VitalState(glucose(float(55), .molesPerLitre)) == .implausible(.glucoseLevel),
            "mmol/L sent as mol/L")
        #expect(VitalState(glucose(nil)) == .notAValue(.notMeasured))
        #expect(VitalState(glucose(.notANumber)) == .notAValue(.notMeasured))
    }

    @Test func everyStatusBitOfAGlucoseMeterHasItsWorth() {
        let faults: Set<Int> = [1, 2, 3, 4, 7, 8, 9, 10]
        for bit in 0..<16 {
            let state = VitalState(
                glucose(float(99, -5), status: GlucoseStatus(rawValue: 1 << UInt16(bit))))
            #expect(state == (faults.contains(bit) ? .notAValue(.fault) : .plausible), "bit \(bit)")
        }
    }

    @Test func controlSolutionIsNobodys() {
        #expect(
            VitalState(glucose(float(99, -5), sample: 0x1A)) == .notAValue(.notFromAPerson))
        #expect(
            VitalState(glucose(float(99, -5), sample: 0x41)) == .notAValue(.notFromAPerson))
    }

    /// "HI" and "LO" on the meter: no number, and no reason for silence.
    @Test func resultBeyondTheMetersRangeIsPlausibleWithoutANumber() {
        let cases: [(VitalMeasurement, BeyondRange?)] = [
            (glucose(.positiveInfinity), .above), (glucose(.negativeInfinity), .below),
            (glucose(float(6, -3), status: .resultTooHigh), .above),
            (glucose(nil, status: .resultTooLow), .below),
            (glucose(float(99, -5), status: [.resultTooHigh, .resultTooLow]), nil),
            (glucose(float(99, -5)), nil),
        ]
        for (measurement, expected) in cases {
            guard case .glucose(let glucose) = measurement else { continue }
            #expect(glucose.beyondRange == expected)
            #expect(VitalState(measurement) == .plausible)
            #expect((measurement.value(of: .glucoseLevel) == .absent) == (expected != nil))
        }
    }
}
