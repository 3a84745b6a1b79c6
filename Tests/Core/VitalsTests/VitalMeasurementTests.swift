import Testing
import Vitals

/// What is asked of measurements beside their state: values, times, the pulse for the alarm.
struct VitalMeasurementTests {
    @Test func valuesAreInTheUnitThatIsSent() {
        let pressure = VitalMeasurement.bloodPressure(
            BloodPressureMeasurement(
                unit: .kilopascals, systolic: float(160, -1), diastolic: float(107, -1),
                meanArterialPressure: float(124, -1), pulseRate: float(625, -1)))
        #expect(pressure.value(of: .bloodPressureSystolic) == .value(1_200))
        #expect(pressure.value(of: .bloodPressureDiastolic) == .value(803))
        #expect(pressure.value(of: .bloodPressureMean) == .value(930))
        #expect(pressure.value(of: .pulseRate) == .value(625))
        #expect(pressure.value(of: .glucoseLevel) == .absent)
        let fever = VitalMeasurement.temperature(
            TemperatureMeasurement(
                unit: .fahrenheit, temperature: MedFloat32(rawValue: 0xFF00_03EB)))
        #expect(fever.value(of: .bodyTemperature) == .value(3_794))
        let oximetry = VitalMeasurement.continuousOximetry(
            ContinuousOximetry(
                normal: OxygenAndPulse(oxygenSaturation: float(975, -1), pulseRate: float(71)),
                fast: OxygenAndPulse(oxygenSaturation: float(98), pulseRate: float(72)),
                slow: OxygenAndPulse(oxygenSaturation: float(96), pulseRate: float(70)),
                pulseAmplitudeIndex: float(123, -2)))
        let expected: [(VitalQuantity, Int64)] = [
            (.oxygenSaturation, 9_750), (.oxygenSaturationFast, 9_800),
            (.oxygenSaturationSlow, 9_600), (.pulseRate, 710), (.pulseRateFast, 720),
            (.pulseRateSlow, 700), (.pulseAmplitudeIndex, 123),
        ]
        for (quantity, value) in expected { #expect(oximetry.value(of: quantity) == .value(value)) }
    }

    @Test func quantitiesAreCounted() {
        #expect(VitalQuantity(rawValue: VitalQuantity.count - 1) == .glucoseLevel)
        #expect(VitalQuantity(rawValue: VitalQuantity.count) == nil)
    }

    @Test func sensorTimeIsADateOrNothing() {
        let time = VitalPacket.time
        var spotCheck = SpotCheckOximetry(
            result: OxygenAndPulse(oxygenSaturation: float(97), pulseRate: float(71)), time: time)
        #expect(VitalMeasurement.spotCheckOximetry(spotCheck).sensorTime == time)
        spotCheck.isClockUnset = true
        #expect(VitalMeasurement.spotCheckOximetry(spotCheck).sensorTime == nil)
        spotCheck.isClockUnset = false
        spotCheck.time?.month = 0
        #expect(VitalMeasurement.spotCheckOximetry(spotCheck).sensorTime == nil)

        var glucose = GlucoseMeasurement(sequenceNumber: 1, baseTime: time)
        #expect(VitalMeasurement.glucose(glucose).sensorTime == time)
        glucose.timeOffset = 51
        #expect(VitalMeasurement.glucose(glucose).sensorTime?.hour == 20)
        #expect(VitalMeasurement.glucose(glucose).sensorTime?.minute == 0)
        for overrun in [Int16.max, Int16.min] {
            glucose.timeOffset = overrun
            #expect(VitalMeasurement.glucose(glucose).sensorTime == nil)
        }
        glucose.timeOffset = nil
        glucose.status = .timeFault
        #expect(VitalMeasurement.glucose(glucose).sensorTime == nil)
        glucose.status = .batteryLow
        glucose.baseTime.day = 32
        #expect(VitalMeasurement.glucose(glucose).sensorTime == nil)
    }

    private func pulse(
        _ rate: MedFloat16, _ saturation: MedFloat16 = .notANumber, status: OximetryStatus? = nil,
        sensor: OximeterSensorStatus? = nil
    ) -> UInt16? {
        VitalMeasurement.continuousOximetry(
            ContinuousOximetry(
                normal: OxygenAndPulse(oxygenSaturation: saturation, pulseRate: rate),
                status: status, sensorStatus: sensor)
        ).alarmBeatsPerMinute
    }

    @Test func pulseForTheAlarmIsRoundedToWholeBeats() {
        #expect(pulse(float(151)) == 151)
        #expect(pulse(float(1504, -1)) == 150)
        #expect(pulse(float(1505, -1)) == 151)
        #expect(pulse(float(300)) == 300)
        #expect(pulse(float(1)) == 1)
    }

    @Test func pulseThatIsNoneOfNowIsNotForTheAlarm() {
        #expect(pulse(float(301)) == nil)
        #expect(pulse(.notANumber, float(97)) == nil)
        #expect(pulse(float(0), float(97)) == nil)
        #expect(pulse(float(151), float(101)) == nil, "the packet is not to be believed")
        #expect(pulse(float(151), status: .fromStorage) == nil)
        #expect(pulse(float(151), status: .invalid) == nil)
        #expect(pulse(float(151), status: .forDemonstration) == nil)
        #expect(pulse(float(151), sensor: .sensorUnconnectedToUser) == nil)
        #expect(pulse(float(151), status: .questionable, sensor: .poorSignal) == 151)
        let spotCheck = VitalMeasurement.spotCheckOximetry(
            SpotCheckOximetry(
                result: OxygenAndPulse(oxygenSaturation: float(97), pulseRate: float(160))))
        #expect(spotCheck.alarmBeatsPerMinute == nil)
        let pressure = VitalMeasurement.bloodPressure(
            BloodPressureMeasurement(
                systolic: float(120), diastolic: float(80), pulseRate: float(160)))
        #expect(pressure.alarmBeatsPerMinute == nil)
    }
}
