/// The unit of a glucose concentration on the wire.
public enum ConcentrationUnit: UInt8, Sendable {
    case kilogramsPerLitre = 0
    case molesPerLitre = 1
}

/// What was measured: a nibble each for the kind of the sample and where it was taken (Glucose
/// Service 1.0, section 3.1.1.6; GATT Specification Supplement, "Glucose Measurement").
public struct GlucoseSample: Equatable, Sendable {
    /// Bits 0-3 type, bits 4-7 location.
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It is the liquid that a meter is checked with: its value is nobody's.
    public var isControlSolution: Bool { rawValue & 0xF == 10 || rawValue >> 4 == 4 }

    public var typeName: StaticString? {
        switch rawValue & 0xF {
        case 1: "capillary_whole_blood"
        case 2: "capillary_plasma"
        case 3: "venous_whole_blood"
        case 4: "venous_plasma"
        case 5: "arterial_whole_blood"
        case 6: "arterial_plasma"
        case 7: "undetermined_whole_blood"
        case 8: "undetermined_plasma"
        case 9: "interstitial_fluid"
        case 10: "control_solution"
        default: nil
        }
    }

    /// 15 says that the location is not available.
    public var locationName: StaticString? {
        switch rawValue >> 4 {
        case 1: "finger"
        case 2: "alternate_site"
        case 3: "earlobe"
        case 4: "control_solution"
        default: nil
        }
    }
}

/// A concentration with what it was measured in: the flags have one bit for both.
public struct GlucoseConcentration: Equatable, Sendable {
    public var unit: ConcentrationUnit
    public var value: MedFloat16
    public var sample: GlucoseSample

    public init(unit: ConcentrationUnit, value: MedFloat16, sample: GlucoseSample) {
        self.unit = unit
        self.value = value
        self.sample = sample
    }
}

/// What a glucose meter says of a measurement: Sensor Status Annunciation (Glucose Service 1.0,
/// section 3.1.1.7; GATT Specification Supplement, "Glucose Measurement"). Bits 12 to 15 are
/// reserved.
public struct GlucoseStatus: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let batteryLow = GlucoseStatus(rawValue: 1 << 0)
    public static let sensorMalfunction = GlucoseStatus(rawValue: 1 << 1)
    public static let sampleTooSmall = GlucoseStatus(rawValue: 1 << 2)
    public static let stripInsertionError = GlucoseStatus(rawValue: 1 << 3)
    public static let stripTypeIncorrect = GlucoseStatus(rawValue: 1 << 4)
    public static let resultTooHigh = GlucoseStatus(rawValue: 1 << 5)
    public static let resultTooLow = GlucoseStatus(rawValue: 1 << 6)
    public static let temperatureTooHigh = GlucoseStatus(rawValue: 1 << 7)
    public static let temperatureTooLow = GlucoseStatus(rawValue: 1 << 8)
    public static let stripPulledTooSoon = GlucoseStatus(rawValue: 1 << 9)
    public static let deviceFault = GlucoseStatus(rawValue: 1 << 10)
    /// The time may be wrong; the value is not concerned.
    public static let timeFault = GlucoseStatus(rawValue: 1 << 11)

    /// A result with one of these is none.
    static let faults: GlucoseStatus = [
        .sensorMalfunction, .sampleTooSmall, .stripInsertionError, .stripTypeIncorrect,
        .temperatureTooHigh, .temperatureTooLow, .stripPulledTooSoon, .deviceFault,
    ]
}

/// One Glucose Measurement, characteristic 0x2A18 of service 0x1808 (Glucose Service 1.0, section
/// 3.1; GATT Specification Supplement, "Glucose Measurement").
///
/// ```
/// byte 0    flags: bit 0 time offset · bit 1 concentration, type and location
///           · bit 2 unit is mol/L, else kg/L · bit 3 sensor status
///           · bit 4 a context (0x2A34) follows · 5-7 reserved
/// 2         sequence number of the meter
/// 7         base time, Date Time
/// 0 or 2    time offset, minutes, signed
/// 0 or 2    concentration, SFLOAT
/// 0 or 1    type (bits 0-3) and sample location (bits 4-7)
/// 0 or 2    sensor status, bits
/// ```
///
/// Little endian. It says what the packet says; `VitalState` says what that is worth.
public struct GlucoseMeasurement: Equatable, Sendable {
    public var sequenceNumber: UInt16
    /// The meter's internal clock.
    public var baseTime: DeviceTime
    /// Minutes from the base time to what the meter shows to its user; 32,767 and -32,768 say that
    /// the difference is larger.
    public var timeOffset: Int16?
    public var concentration: GlucoseConcentration?
    public var status: GlucoseStatus?
    /// A Glucose Measurement Context of the same sequence number follows.
    public var contextFollows: Bool

    public init(
        sequenceNumber: UInt16, baseTime: DeviceTime, timeOffset: Int16? = nil,
        concentration: GlucoseConcentration? = nil, status: GlucoseStatus? = nil,
        contextFollows: Bool = false
    ) {
        self.sequenceNumber = sequenceNumber
        self.baseTime = baseTime
        self.timeOffset = timeOffset
        self.concentration = concentration
        self.status = status
        self.contextFollows = contextFollows
    }

    /// What the meter's user saw on its clock; nil when the offset overran or the base time is no
    /// date.
    public var userTime: DeviceTime? {
        guard let timeOffset else { return baseTime.isDate ? baseTime : nil }
        guard timeOffset != .max, timeOffset != .min else { return nil }
        return baseTime.advanced(byMinutes: Int(timeOffset))
    }
}

private enum Flag {
    static let offsetPresent: UInt8 = 1 << 0
    static let concentrationPresent: UInt8 = 1 << 1
    static let unitIsMolesPerLitre: UInt8 = 1 << 2
    static let statusPresent: UInt8 = 1 << 3
    static let contextFollows: UInt8 = 1 << 4
}

extension GlucoseMeasurement {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(notification)
        let flags = try reader.flags()
        sequenceNumber = try reader.uint16(.sequenceNumber)
        baseTime = try reader.deviceTime()
        timeOffset =
            flags & Flag.offsetPresent != 0
            ? Int16(bitPattern: try reader.uint16(.timeOffset)) : nil
        concentration =
            flags & Flag.concentrationPresent != 0
            ? GlucoseConcentration(
                unit: flags & Flag.unitIsMolesPerLitre != 0 ? .molesPerLitre : .kilogramsPerLitre,
                value: try reader.medFloat16(.concentration),
                sample: GlucoseSample(rawValue: try reader.uint8(.typeAndSampleLocation))) : nil
        status =
            flags & Flag.statusPresent != 0
            ? GlucoseStatus(rawValue: try reader.uint16(.sensorStatus)) : nil
        contextFollows = flags & Flag.contextFollows != 0
        try reader.end()
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        var flags: UInt8 = contextFollows ? Flag.contextFollows : 0
        if timeOffset != nil { flags |= Flag.offsetPresent }
        if let concentration {
            flags |= Flag.concentrationPresent
            if concentration.unit == .molesPerLitre { flags |= Flag.unitIsMolesPerLitre }
        }
        if status != nil { flags |= Flag.statusPresent }
        var packet = EncodedNotification()
        packet.append(flags)
        packet.append(sequenceNumber)
        packet.append(baseTime)
        if let timeOffset { packet.append(UInt16(bitPattern: timeOffset)) }
        if let concentration {
            packet.append(concentration.value)
            packet.append(concentration.sample.rawValue)
        }
        if let status { packet.append(status.rawValue) }
        return packet
    }
}
