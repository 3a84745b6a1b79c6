/// Oxygen saturation of the blood and the pulse that it was taken from (SpO2PR of the Pulse
/// Oximeter Service 1.0.1). What is unavailable is NaN.
public struct OxygenAndPulse: Equatable, Sendable {
    /// Percent.
    public var oxygenSaturation: MedFloat16
    /// Beats per minute.
    public var pulseRate: MedFloat16

    public init(oxygenSaturation: MedFloat16, pulseRate: MedFloat16) {
        self.oxygenSaturation = oxygenSaturation
        self.pulseRate = pulseRate
    }
}

/// One PLX Continuous Measurement, characteristic 0x2A5F of service 0x1822 (Pulse Oximeter Service
/// 1.0.1, section 3.2), which comes every 1 to 4 seconds while the probe is worn.
///
/// ```
/// byte 0    flags: bit 0 fast · bit 1 slow · bit 2 measurement status
///           · bit 3 device and sensor status · bit 4 pulse amplitude index · 5-7 reserved
/// 4         normal: SpO2 percent and pulse rate, SFLOAT each
/// 0 or 4    fast: the same, with less averaging
/// 0 or 4    slow: the same, with more averaging
/// 0 or 2    measurement status, bits
/// 0 or 3    device and sensor status, bits
/// 0 or 2    pulse amplitude index, percent, SFLOAT
/// ```
///
/// Little endian. It says what the packet says; `VitalState` says what that is worth.
public struct ContinuousOximetry: Equatable, Sendable {
    public var normal: OxygenAndPulse
    public var fast: OxygenAndPulse?
    public var slow: OxygenAndPulse?
    public var status: OximetryStatus?
    public var sensorStatus: OximeterSensorStatus?
    /// Percent: how well the finger is perfused.
    public var pulseAmplitudeIndex: MedFloat16?

    public init(
        normal: OxygenAndPulse, fast: OxygenAndPulse? = nil, slow: OxygenAndPulse? = nil,
        status: OximetryStatus? = nil, sensorStatus: OximeterSensorStatus? = nil,
        pulseAmplitudeIndex: MedFloat16? = nil
    ) {
        self.normal = normal
        self.fast = fast
        self.slow = slow
        self.status = status
        self.sensorStatus = sensorStatus
        self.pulseAmplitudeIndex = pulseAmplitudeIndex
    }
}

private enum ContinuousFlag {
    static let fastPresent: UInt8 = 1 << 0
    static let slowPresent: UInt8 = 1 << 1
    static let statusPresent: UInt8 = 1 << 2
    static let sensorStatusPresent: UInt8 = 1 << 3
    static let amplitudePresent: UInt8 = 1 << 4
}

extension ContinuousOximetry {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(notification)
        let flags = try reader.flags()
        normal = OxygenAndPulse(
            oxygenSaturation: try reader.medFloat16(.oxygenSaturation),
            pulseRate: try reader.medFloat16(.pulseRate))
        fast =
            flags & ContinuousFlag.fastPresent != 0
            ? OxygenAndPulse(
                oxygenSaturation: try reader.medFloat16(.fastOxygenSaturation),
                pulseRate: try reader.medFloat16(.fastPulseRate)) : nil
        slow =
            flags & ContinuousFlag.slowPresent != 0
            ? OxygenAndPulse(
                oxygenSaturation: try reader.medFloat16(.slowOxygenSaturation),
                pulseRate: try reader.medFloat16(.slowPulseRate)) : nil
        status =
            flags & ContinuousFlag.statusPresent != 0
            ? OximetryStatus(rawValue: try reader.uint16(.measurementStatus)) : nil
        sensorStatus =
            flags & ContinuousFlag.sensorStatusPresent != 0
            ? OximeterSensorStatus(rawValue: try reader.uint24(.sensorStatus)) : nil
        pulseAmplitudeIndex =
            flags & ContinuousFlag.amplitudePresent != 0
            ? try reader.medFloat16(.pulseAmplitudeIndex) : nil
        try reader.end()
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        var flags: UInt8 = 0
        if fast != nil { flags |= ContinuousFlag.fastPresent }
        if slow != nil { flags |= ContinuousFlag.slowPresent }
        if status != nil { flags |= ContinuousFlag.statusPresent }
        if sensorStatus != nil { flags |= ContinuousFlag.sensorStatusPresent }
        if pulseAmplitudeIndex != nil { flags |= ContinuousFlag.amplitudePresent }
        var packet = EncodedNotification()
        packet.append(flags)
        packet.append(normal)
        if let fast { packet.append(fast) }
        if let slow { packet.append(slow) }
        if let status { packet.append(status.rawValue) }
        if let sensorStatus { packet.append(low24: sensorStatus.rawValue) }
        if let pulseAmplitudeIndex { packet.append(pulseAmplitudeIndex) }
        return packet
    }
}

/// One PLX Spot-Check Measurement, characteristic 0x2A5E of service 0x1822 (Pulse Oximeter Service
/// 1.0.1, section 3.1): the one result of a finger that was held still, perhaps a stored one.
///
/// ```
/// byte 0    flags: bit 0 time stamp · bit 1 measurement status · bit 2 device and sensor status
///           · bit 3 pulse amplitude index · bit 4 the device's clock is not set · 5-7 reserved
/// 4         SpO2 percent and pulse rate, SFLOAT each
/// 0 or 7    time stamp, Date Time
/// 0 or 2    measurement status, bits
/// 0 or 3    device and sensor status, bits
/// 0 or 2    pulse amplitude index, percent, SFLOAT
/// ```
public struct SpotCheckOximetry: Equatable, Sendable {
    public var result: OxygenAndPulse
    public var time: DeviceTime?
    public var status: OximetryStatus?
    public var sensorStatus: OximeterSensorStatus?
    /// Percent: how well the finger is perfused.
    public var pulseAmplitudeIndex: MedFloat16?
    /// The time stamp says nothing.
    public var isClockUnset: Bool

    public init(
        result: OxygenAndPulse, time: DeviceTime? = nil, status: OximetryStatus? = nil,
        sensorStatus: OximeterSensorStatus? = nil, pulseAmplitudeIndex: MedFloat16? = nil,
        isClockUnset: Bool = false
    ) {
        self.result = result
        self.time = time
        self.status = status
        self.sensorStatus = sensorStatus
        self.pulseAmplitudeIndex = pulseAmplitudeIndex
        self.isClockUnset = isClockUnset
    }
}

private enum SpotCheckFlag {
    static let timePresent: UInt8 = 1 << 0
    static let statusPresent: UInt8 = 1 << 1
    static let sensorStatusPresent: UInt8 = 1 << 2
    static let amplitudePresent: UInt8 = 1 << 3
    static let clockUnset: UInt8 = 1 << 4
}

extension SpotCheckOximetry {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(notification)
        let flags = try reader.flags()
        result = OxygenAndPulse(
            oxygenSaturation: try reader.medFloat16(.oxygenSaturation),
            pulseRate: try reader.medFloat16(.pulseRate))
        time = flags & SpotCheckFlag.timePresent != 0 ? try reader.deviceTime() : nil
        status =
            flags & SpotCheckFlag.statusPresent != 0
            ? OximetryStatus(rawValue: try reader.uint16(.measurementStatus)) : nil
        sensorStatus =
            flags & SpotCheckFlag.sensorStatusPresent != 0
            ? OximeterSensorStatus(rawValue: try reader.uint24(.sensorStatus)) : nil
        pulseAmplitudeIndex =
            flags & SpotCheckFlag.amplitudePresent != 0
            ? try reader.medFloat16(.pulseAmplitudeIndex) : nil
        isClockUnset = flags & SpotCheckFlag.clockUnset != 0
        try reader.end()
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        var flags: UInt8 = isClockUnset ? SpotCheckFlag.clockUnset : 0
        if time != nil { flags |= SpotCheckFlag.timePresent }
        if status != nil { flags |= SpotCheckFlag.statusPresent }
        if sensorStatus != nil { flags |= SpotCheckFlag.sensorStatusPresent }
        if pulseAmplitudeIndex != nil { flags |= SpotCheckFlag.amplitudePresent }
        var packet = EncodedNotification()
        packet.append(flags)
        packet.append(result)
        if let time { packet.append(time) }
        if let status { packet.append(status.rawValue) }
        if let sensorStatus { packet.append(low24: sensorStatus.rawValue) }
        if let pulseAmplitudeIndex { packet.append(pulseAmplitudeIndex) }
        return packet
    }
}

extension EncodedNotification {
    fileprivate mutating func append(_ pair: OxygenAndPulse) {
        append(pair.oxygenSaturation)
        append(pair.pulseRate)
    }
}
