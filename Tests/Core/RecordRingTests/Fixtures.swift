import Bytes
import RecordRing
import TestSupport
import Testing
import Time
import Vitals

/// The bytes that lines of hexadecimal spell, one field a line.
func hex(_ fields: String...) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in fields.joined().compactMap(\.hexDigitValue) {
        if let upper = high {
            bytes.append(upper << 4 | UInt8(digit))
            high = nil
        } else {
            high = UInt8(digit)
        }
    }
    return bytes
}

func slot(_ record: Record) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: Record.slotBytes)
    var span = bytes.mutableSpan
    record.encode(into: &span)
    return bytes
}

func decode(_ slot: [UInt8]) -> Result<Record, RecordError> {
    do throws(RecordError) {
        return .success(try Record(decoding: slot.span))
    } catch {
        return .failure(error)
    }
}

/// The same bytes with a checksum over all behind it that fits.
func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let checksum = CRC32C.checksum(bytes.span.extracting(4..<bytes.count))
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    return bytes
}

/// A name that fits.
func name(_ text: String) throws -> SensorName { try #require(SensorName(text)) }

/// The record that the layout drawing is tested with.
func exampleRecord(sequence: UInt64 = 18_446) throws -> Record {
    var intervals = RRIntervals()
    intervals.append(688)
    intervals.append(684)
    return Record(
        sequence: sequence,
        time: Moment(
            monotonicNanoseconds: 987_654_321_012, wallMicroseconds: 1_752_599_433_123_456),
        clock: .synced, boot: BootID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210),
        session: 0xB194_6AC9, sensor: try name("D4:4A:C4:B0:24:03"),
        payload: .heartRate(
            HeartRateMeasurement(
                beatsPerMinute: 89, contact: .detected, energyKilojoules: 12,
                rrIntervals: intervals)))
}

/// A vital measurement of each kind, with every field that it can have.
func exampleVitals() -> [VitalMeasurement] {
    let time = DeviceTime(year: 2025, month: 7, day: 15, hour: 19, minute: 9, second: 12)
    let pair = OxygenAndPulse(
        oxygenSaturation: MedFloat16(rawValue: 97), pulseRate: MedFloat16(rawValue: 71))
    return [
        .bloodPressure(
            BloodPressureMeasurement(
                systolic: MedFloat16(rawValue: 120), diastolic: MedFloat16(rawValue: 80),
                meanArterialPressure: MedFloat16(rawValue: 93), time: time,
                pulseRate: MedFloat16(rawValue: 62), userID: 1, status: .irregularPulse)),
        .temperature(
            TemperatureMeasurement(
                unit: .fahrenheit, temperature: MedFloat32(rawValue: 0xFF00_03DA), time: time,
                type: TemperatureType(rawValue: 3))),
        .continuousOximetry(
            ContinuousOximetry(
                normal: pair, fast: pair, slow: pair, status: .ongoing, sensorStatus: .poorSignal,
                pulseAmplitudeIndex: MedFloat16(rawValue: 3))),
        .spotCheckOximetry(
            SpotCheckOximetry(
                result: pair, time: time, status: .fullyQualified, sensorStatus: .lowPerfusion,
                pulseAmplitudeIndex: MedFloat16(rawValue: 3), isClockUnset: true)),
        .glucose(
            GlucoseMeasurement(
                sequenceNumber: 12, baseTime: time, timeOffset: -90,
                concentration: GlucoseConcentration(
                    unit: .molesPerLitre, value: MedFloat16(rawValue: 0xC037),
                    sample: GlucoseSample(rawValue: 0x11)), status: .batteryLow,
                contextFollows: true)),
    ]
}

/// Any record that a gateway could write.
func randomRecord(sequence: UInt64, _ random: inout SeededRandom) throws -> Record {
    var record = try randomHeartRateRecord(sequence: sequence, &random)
    let vitals = exampleVitals()
    if let vital = vitals.randomElement(using: &random), Bool.random(using: &random) {
        record.payload = .vital(vital)
    }
    return record
}

private func randomHeartRateRecord(
    sequence: UInt64, _ random: inout SeededRandom
) throws -> Record {
    var measurement = HeartRateMeasurement(
        beatsPerMinute: UInt16.random(in: 0...UInt16.max, using: &random),
        contact: [.notSupported, .notDetected, .detected].randomElement(using: &random)
            ?? .detected,
        energyKilojoules: Bool.random(using: &random)
            ? UInt16.random(in: 0...UInt16.max, using: &random) : nil)
    for _ in 0..<Int.random(in: 0...RRIntervals.limit, using: &random) {
        measurement.rrIntervals.append(UInt16.random(in: 0...UInt16.max, using: &random))
    }
    let length = Int.random(in: 0...SensorName.limit / 2, using: &random)
    // One or two bytes a character.
    let text = String(
        (0..<length).map { _ in
            Character(UnicodeScalar(UInt8.random(in: 0...255, using: &random)))
        })
    return Record(
        sequence: sequence,
        time: Moment(
            monotonicNanoseconds: Int64(bitPattern: random.next()),
            wallMicroseconds: Int64(bitPattern: random.next())),
        clock: Bool.random(using: &random) ? .synced : .unsynced,
        boot: BootID(high: random.next(), low: random.next()),
        session: UInt32(truncatingIfNeeded: random.next()),
        sensor: try name(text), payload: .heartRate(measurement))
}
