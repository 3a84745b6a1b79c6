import Testing
import Vitals

/// A measurement of the other kinds, decoded from an array, as a value that a test can compare.
func vital(_ packet: [UInt8], _ kind: VitalKind) -> Result<VitalMeasurement, MeasurementError> {
    do {
        return .success(try VitalMeasurement(decoding: packet.span, as: kind))
    } catch {
        return .failure(error)
    }
}

func encode(_ measurement: VitalMeasurement) -> [UInt8] {
    let encoded = measurement.encoded
    let bytes = encoded.bytes
    return bytes.indices.map { bytes[$0] }
}

/// A packet put together from its flags by the drawing of the standard, field by field, each with
/// bytes of its own, so that a field taken for another is seen.
struct VitalPacket: CustomStringConvertible {
    let kind: VitalKind
    let flags: UInt8
    /// Each field behind the flags with its bytes.
    let fields: [(field: MeasurementField, bytes: [UInt8])]
    let measurement: VitalMeasurement

    var description: String { "\(kind) with flags \(flags)" }
    var bytes: [UInt8] { [flags] + fields.flatMap(\.bytes) }

    /// The error of a packet that ends after `length` bytes; nil when it is whole there.
    func fault(ofPrefix length: Int) -> MeasurementError? {
        if length == 0 { return .empty }
        var end = 1
        for field in fields {
            end += field.bytes.count
            if length < end { return .truncated(field: field.field, length: length) }
        }
        return nil
    }

    /// All 256 flags of all kinds.
    static let all: [VitalPacket] = VitalKind.allCases.flatMap { kind in
        (UInt8.min...UInt8.max).map { packet(kind, $0) }
    }

    static func packet(_ kind: VitalKind, _ flags: UInt8) -> VitalPacket {
        switch kind {
        case .bloodPressure: bloodPressure(flags)
        case .temperature: temperature(flags)
        case .continuousOximetry: continuous(flags)
        case .spotCheckOximetry: spotCheck(flags)
        case .glucose: glucose(flags)
        }
    }

    static let time = DeviceTime(
        year: 2025, month: 7, day: 15, hour: 19, minute: 9, second: 12)
    private static let timeField: (MeasurementField, [UInt8]) = (
        .timeStamp, [0xE9, 0x07, 7, 15, 19, 9, 12]
    )

    private static func float(_ raw: UInt16) -> MedFloat16 { MedFloat16(rawValue: raw) }

    private static func bloodPressure(_ flags: UInt8) -> VitalPacket {
        var measurement = BloodPressureMeasurement(
            unit: flags & 1 == 0 ? .millimetresOfMercury : .kilopascals, systolic: float(0x0178),
            diastolic: float(0x0250), meanArterialPressure: float(0x035D))
        var fields: [(MeasurementField, [UInt8])] = [
            (.systolic, [0x78, 0x01]), (.diastolic, [0x50, 0x02]),
            (.meanArterialPressure, [0x5D, 0x03]),
        ]
        if flags & 2 != 0 {
            measurement.time = time
            fields.append(timeField)
        }
        if flags & 4 != 0 {
            measurement.pulseRate = float(0xF26C)
            fields.append((.pulseRate, [0x6C, 0xF2]))
        }
        if flags & 8 != 0 {
            measurement.userID = 0x2A
            fields.append((.userID, [0x2A]))
        }
        if flags & 16 != 0 {
            measurement.status = [.irregularPulse, BloodPressureStatus(rawValue: 1 << 9)]
            fields.append((.measurementStatus, [0x04, 0x02]))
        }
        return VitalPacket(
            kind: .bloodPressure, flags: flags, fields: fields,
            measurement: .bloodPressure(measurement))
    }

    private static func temperature(_ flags: UInt8) -> VitalPacket {
        var measurement = TemperatureMeasurement(
            unit: flags & 1 == 0 ? .celsius : .fahrenheit,
            temperature: MedFloat32(rawValue: 0xFE01_23D7))
        var fields: [(MeasurementField, [UInt8])] = [(.temperature, [0xD7, 0x23, 0x01, 0xFE])]
        if flags & 2 != 0 {
            measurement.time = time
            fields.append(timeField)
        }
        if flags & 4 != 0 {
            measurement.type = TemperatureType(rawValue: 3)
            fields.append((.temperatureType, [3]))
        }
        return VitalPacket(
            kind: .temperature, flags: flags, fields: fields,
            measurement: .temperature(measurement))
    }

    private static func continuous(_ flags: UInt8) -> VitalPacket {
        var measurement = ContinuousOximetry(
            normal: OxygenAndPulse(oxygenSaturation: float(0x0161), pulseRate: float(0x0247)))
        var fields: [(MeasurementField, [UInt8])] = [
            (.oxygenSaturation, [0x61, 0x01]), (.pulseRate, [0x47, 0x02]),
        ]
        if flags & 1 != 0 {
            measurement.fast = OxygenAndPulse(
                oxygenSaturation: float(0x0362), pulseRate: float(0x0448))
            fields += [(.fastOxygenSaturation, [0x62, 0x03]), (.fastPulseRate, [0x48, 0x04])]
        }
        if flags & 2 != 0 {
            measurement.slow = OxygenAndPulse(
                oxygenSaturation: float(0x0563), pulseRate: float(0x0649))
            fields += [(.slowOxygenSaturation, [0x63, 0x05]), (.slowPulseRate, [0x49, 0x06])]
        }
        fields += status(
            flags >> 2, &measurement.status, &measurement.sensorStatus,
            &measurement.pulseAmplitudeIndex)
        return VitalPacket(
            kind: .continuousOximetry, flags: flags, fields: fields,
            measurement: .continuousOximetry(measurement))
    }

    private static func spotCheck(_ flags: UInt8) -> VitalPacket {
        var measurement = SpotCheckOximetry(
            result: OxygenAndPulse(oxygenSaturation: float(0x0161), pulseRate: float(0x0247)),
            isClockUnset: flags & 16 != 0)
        var fields: [(MeasurementField, [UInt8])] = [
            (.oxygenSaturation, [0x61, 0x01]), (.pulseRate, [0x47, 0x02]),
        ]
        if flags & 1 != 0 {
            measurement.time = time
            fields.append(timeField)
        }
        fields += status(
            flags >> 1, &measurement.status, &measurement.sensorStatus,
            &measurement.pulseAmplitudeIndex)
        return VitalPacket(
            kind: .spotCheckOximetry, flags: flags, fields: fields,
            measurement: .spotCheckOximetry(measurement))
    }

    /// The end that both oximeter packets share; `bits` has its three flags at the bottom.
    private static func status(
        _ bits: UInt8, _ status: inout OximetryStatus?, _ sensor: inout OximeterSensorStatus?,
        _ amplitude: inout MedFloat16?
    ) -> [(MeasurementField, [UInt8])] {
        var fields: [(MeasurementField, [UInt8])] = []
        if bits & 1 != 0 {
            status = [.ongoing, .questionable]
            fields.append((.measurementStatus, [0x20, 0x40]))
        }
        if bits & 2 != 0 {
            sensor = [
                .poorSignal, .unknownSensor, OximeterSensorStatus(rawValue: 1 << 23),
            ]
            fields.append((.sensorStatus, [0x10, 0x10, 0x80]))
        }
        if bits & 4 != 0 {
            amplitude = float(0xF12C)
            fields.append((.pulseAmplitudeIndex, [0x2C, 0xF1]))
        }
        return fields
    }

    private static func glucose(_ flags: UInt8) -> VitalPacket {
        var measurement = GlucoseMeasurement(
            sequenceNumber: 0x1234, baseTime: time, contextFollows: flags & 16 != 0)
        var fields: [(MeasurementField, [UInt8])] = [(.sequenceNumber, [0x34, 0x12]), timeField]
        if flags & 1 != 0 {
            measurement.timeOffset = -90
            fields.append((.timeOffset, [0xA6, 0xFF]))
        }
        if flags & 2 != 0 {
            measurement.concentration = GlucoseConcentration(
                unit: flags & 4 == 0 ? .kilogramsPerLitre : .molesPerLitre, value: float(0xB063),
                sample: GlucoseSample(rawValue: 0x12))
            fields += [(.concentration, [0x63, 0xB0]), (.typeAndSampleLocation, [0x12])]
        }
        if flags & 8 != 0 {
            measurement.status = [.batteryLow, .timeFault]
            fields.append((.sensorStatus, [0x01, 0x08]))
        }
        return VitalPacket(
            kind: .glucose, flags: flags, fields: fields, measurement: .glucose(measurement))
    }
}
