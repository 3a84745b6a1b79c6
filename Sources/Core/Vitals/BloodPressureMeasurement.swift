/// The unit of a blood pressure on the wire.
public enum PressureUnit: UInt8, Sendable {
    case millimetresOfMercury = 0
    case kilopascals = 1
}

/// What the cuff noticed while it measured (Blood Pressure Service 1.1, section 3.1.1.6; GATT
/// Specification Supplement, "Blood Pressure Measurement").
public struct BloodPressureStatus: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let bodyMovement = BloodPressureStatus(rawValue: 1 << 0)
    public static let cuffTooLoose = BloodPressureStatus(rawValue: 1 << 1)
    public static let irregularPulse = BloodPressureStatus(rawValue: 1 << 2)
    /// Bits 3 and 4 are one field: 1 above the range, 2 below it, 3 reserved.
    public static let pulseRateAboveRange = BloodPressureStatus(rawValue: 1 << 3)
    public static let pulseRateBelowRange = BloodPressureStatus(rawValue: 1 << 4)
    public static let improperPosition = BloodPressureStatus(rawValue: 1 << 5)
}

/// One Blood Pressure Measurement, characteristic 0x2A35 of service 0x1810 (Blood Pressure Service
/// 1.1, section 3.1; GATT Specification Supplement, "Blood Pressure Measurement").
///
/// ```
/// byte 0    flags: bit 0 unit is kPa, else mmHg · bit 1 time stamp · bit 2 pulse rate
///           · bit 3 user id · bit 4 measurement status · 5-7 reserved
/// 6         systolic, diastolic, mean arterial pressure, SFLOAT each
/// 0 or 7    time stamp, Date Time
/// 0 or 2    pulse rate, beats per minute, SFLOAT
/// 0 or 1    user id; 255 unknown
/// 0 or 2    measurement status, bits
/// ```
///
/// Little endian. It says what the packet says; `VitalState` says what that is worth.
public struct BloodPressureMeasurement: Equatable, Sendable {
    /// A user id that says nothing.
    public static let unknownUser: UInt8 = 255

    public var unit: PressureUnit
    public var systolic: MedFloat16
    public var diastolic: MedFloat16
    public var meanArterialPressure: MedFloat16
    public var time: DeviceTime?
    /// Beats per minute.
    public var pulseRate: MedFloat16?
    public var userID: UInt8?
    public var status: BloodPressureStatus?

    public init(
        unit: PressureUnit = .millimetresOfMercury, systolic: MedFloat16, diastolic: MedFloat16,
        meanArterialPressure: MedFloat16 = .notANumber, time: DeviceTime? = nil,
        pulseRate: MedFloat16? = nil, userID: UInt8? = nil, status: BloodPressureStatus? = nil
    ) {
        self.unit = unit
        self.systolic = systolic
        self.diastolic = diastolic
        self.meanArterialPressure = meanArterialPressure
        self.time = time
        self.pulseRate = pulseRate
        self.userID = userID
        self.status = status
    }
}

private enum Flag {
    static let unitIsKilopascals: UInt8 = 1 << 0
    static let timePresent: UInt8 = 1 << 1
    static let pulseRatePresent: UInt8 = 1 << 2
    static let userPresent: UInt8 = 1 << 3
    static let statusPresent: UInt8 = 1 << 4
}

extension BloodPressureMeasurement {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(notification)
        let flags = try reader.flags()
        unit = flags & Flag.unitIsKilopascals != 0 ? .kilopascals : .millimetresOfMercury
        systolic = try reader.medFloat16(.systolic)
        diastolic = try reader.medFloat16(.diastolic)
        meanArterialPressure = try reader.medFloat16(.meanArterialPressure)
        time = flags & Flag.timePresent != 0 ? try reader.deviceTime() : nil
        pulseRate = flags & Flag.pulseRatePresent != 0 ? try reader.medFloat16(.pulseRate) : nil
        userID = flags & Flag.userPresent != 0 ? try reader.uint8(.userID) : nil
        status =
            flags & Flag.statusPresent != 0
            ? BloodPressureStatus(rawValue: try reader.uint16(.measurementStatus)) : nil
        try reader.end()
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        var flags: UInt8 = unit == .kilopascals ? Flag.unitIsKilopascals : 0
        if time != nil { flags |= Flag.timePresent }
        if pulseRate != nil { flags |= Flag.pulseRatePresent }
        if userID != nil { flags |= Flag.userPresent }
        if status != nil { flags |= Flag.statusPresent }
        var packet = EncodedNotification()
        packet.append(flags)
        packet.append(systolic)
        packet.append(diastolic)
        packet.append(meanArterialPressure)
        if let time { packet.append(time) }
        if let pulseRate { packet.append(pulseRate) }
        if let userID { packet.append(userID) }
        if let status { packet.append(status.rawValue) }
        return packet
    }
}
