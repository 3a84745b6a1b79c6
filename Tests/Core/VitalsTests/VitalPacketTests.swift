import TestSupport
import Testing
import Vitals

/// All flags of all kinds, whole, cut and too long, and whatever chance brings.
struct VitalPacketTests {
    @Test func everyCombinationOfFlagsIsDecoded() {
        #expect(VitalPacket.all.count == 5 * 256)
        for packet in VitalPacket.all {
            #expect(vital(packet.bytes, packet.kind) == .success(packet.measurement), "\(packet)")
        }
    }

    @Test func everyTruncationIsNamed() {
        for packet in VitalPacket.all {
            let bytes = packet.bytes
            for length in 0..<bytes.count {
                let found = vital([UInt8](bytes.prefix(length)), packet.kind)
                guard let fault = packet.fault(ofPrefix: length), found == .failure(fault) else {
                    Issue.record("\(packet) cut to \(length): \(found)")
                    return
                }
            }
        }
    }

    @Test func bytesBehindTheLastFieldAreRefusedWithTheirNumber() {
        for packet in VitalPacket.all {
            for count in 1...20 {
                let bytes = packet.bytes + [UInt8](repeating: 0, count: count)
                #expect(
                    vital(bytes, packet.kind) == .failure(.trailingBytes(count: count)),
                    "\(packet)")
            }
        }
    }

    @Test func whatIsEncodedHasTheBytesWithoutReservedFlags() {
        for packet in VitalPacket.all {
            var bytes = packet.bytes
            bytes[0] &= packet.kind == .temperature ? 0x07 : 0x1F
            // A unit without a concentration says nothing.
            if packet.kind == .glucose && bytes[0] & 2 == 0 { bytes[0] &= ~4 }
            #expect(encode(packet.measurement) == bytes, "\(packet)")
        }
    }

    @Test func longestMeasurementFillsTheDefaultAttributeSize() {
        let longest = VitalKind.allCases.map { kind in
            VitalPacket.all.filter { $0.kind == kind }.map { encode($0.measurement).count }.max()
        }
        #expect(longest == [19, 13, 20, 19, 17])
        #expect(EncodedNotification.limit == 20)
    }

    @Test func everyMeasurementSurvivesEncodeAndDecode() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            for kind in VitalKind.allCases {
                let measurement = randomVital(kind, &random)
                let packet = encode(measurement)
                guard vital(packet, kind) == .success(measurement) else {
                    Issue.record("\(measurement), \(packet), seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test(arguments: VitalKind.allCases)
    func randomPacketIsRefusedOrSurvivesEncoding(_ kind: VitalKind) {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<200_000 {
            let packet = random.bytes(Int.random(in: 0...24, using: &random))
            guard case .success(let measurement) = vital(packet, kind) else { continue }
            accepted += 1
            // No value of any field may trap what judges it.
            _ = VitalState(measurement)
            _ = measurement.sensorTime
            _ = measurement.alarmBeatsPerMinute
            guard vital(encode(measurement), kind) == .success(measurement) else {
                Issue.record("\(packet), seed \(random.seed)")
                return
            }
        }
        #expect(accepted > 4_000, "the fuzz must reach the accepting paths")
    }

    @Test func kindsAreTheMeasurementsBesideTheHeartRate() {
        for characteristic in Characteristic.allCases {
            let kind = VitalKind(characteristic)
            #expect(
                (kind != nil)
                    == (characteristic.isMeasurement && characteristic != .heartRateMeasurement))
            #expect(kind?.characteristic == kind.map { _ in characteristic })
        }
        for kind in VitalKind.allCases {
            #expect(VitalPacket.packet(kind, 0).measurement.kind == kind)
        }
    }
}

/// Any measurement that a sensor could send.
func randomVital(_ kind: VitalKind, _ random: inout SeededRandom) -> VitalMeasurement {
    func maybe<Value>(_ value: Value, _ random: inout SeededRandom) -> Value? {
        Bool.random(using: &random) ? value : nil
    }
    func bits(_ random: inout SeededRandom) -> UInt16 { UInt16(truncatingIfNeeded: random.next()) }
    func float(_ random: inout SeededRandom) -> MedFloat16 { MedFloat16(rawValue: bits(&random)) }
    func pair(_ random: inout SeededRandom) -> OxygenAndPulse {
        OxygenAndPulse(oxygenSaturation: float(&random), pulseRate: float(&random))
    }
    func time(_ random: inout SeededRandom) -> DeviceTime {
        let word = random.next()
        return DeviceTime(
            year: UInt16(truncatingIfNeeded: word), month: UInt8(truncatingIfNeeded: word >> 16),
            day: UInt8(truncatingIfNeeded: word >> 24),
            hour: UInt8(truncatingIfNeeded: word >> 32),
            minute: UInt8(truncatingIfNeeded: word >> 40),
            second: UInt8(truncatingIfNeeded: word >> 48))
    }
    func sensor(_ random: inout SeededRandom) -> OximeterSensorStatus {
        OximeterSensorStatus(rawValue: UInt32(truncatingIfNeeded: random.next()))
    }
    switch kind {
    case .bloodPressure:
        return .bloodPressure(
            BloodPressureMeasurement(
                unit: Bool.random(using: &random) ? .kilopascals : .millimetresOfMercury,
                systolic: float(&random), diastolic: float(&random),
                meanArterialPressure: float(&random), time: maybe(time(&random), &random),
                pulseRate: maybe(float(&random), &random),
                userID: maybe(UInt8(truncatingIfNeeded: random.next()), &random),
                status: maybe(BloodPressureStatus(rawValue: bits(&random)), &random)))
    case .temperature:
        return .temperature(
            TemperatureMeasurement(
                unit: Bool.random(using: &random) ? .celsius : .fahrenheit,
                temperature: MedFloat32(rawValue: UInt32(truncatingIfNeeded: random.next())),
                time: maybe(time(&random), &random),
                type: maybe(
                    TemperatureType(rawValue: UInt8(truncatingIfNeeded: random.next())), &random)))
    case .continuousOximetry:
        return .continuousOximetry(
            ContinuousOximetry(
                normal: pair(&random), fast: maybe(pair(&random), &random),
                slow: maybe(pair(&random), &random),
                status: maybe(OximetryStatus(rawValue: bits(&random)), &random),
                sensorStatus: maybe(sensor(&random), &random),
                pulseAmplitudeIndex: maybe(float(&random), &random)))
    case .spotCheckOximetry:
        return .spotCheckOximetry(
            SpotCheckOximetry(
                result: pair(&random), time: maybe(time(&random), &random),
                status: maybe(OximetryStatus(rawValue: bits(&random)), &random),
                sensorStatus: maybe(sensor(&random), &random),
                pulseAmplitudeIndex: maybe(float(&random), &random),
                isClockUnset: Bool.random(using: &random)))
    case .glucose:
        return .glucose(
            GlucoseMeasurement(
                sequenceNumber: bits(&random), baseTime: time(&random),
                timeOffset: maybe(Int16(bitPattern: bits(&random)), &random),
                concentration: maybe(
                    GlucoseConcentration(
                        unit: Bool.random(using: &random) ? .molesPerLitre : .kilogramsPerLitre,
                        value: float(&random),
                        sample: GlucoseSample(rawValue: UInt8(truncatingIfNeeded: random.next()))),
                    &random), status: maybe(GlucoseStatus(rawValue: bits(&random)), &random),
                contextFollows: Bool.random(using: &random)))
    }
}
