/// The unit of a temperature on the wire.
public enum TemperatureUnit: UInt8, Sendable {
    case celsius = 0
    case fahrenheit = 1
}

/// Where a temperature was taken: Temperature Type, characteristic 0x2A1D (GATT Specification
/// Supplement, "Temperature Type"). Other numbers are reserved and have no name.
public struct TemperatureType: Equatable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public var name: StaticString? {
        switch rawValue {
        case 1: "armpit"
        case 2: "body"
        case 3: "ear"
        case 4: "finger"
        case 5: "gastrointestinal_tract"
        case 6: "mouth"
        case 7: "rectum"
        case 8: "toe"
        case 9: "tympanum"
        default: nil
        }
    }
}

/// One Temperature Measurement, characteristic 0x2A1C of service 0x1809 (Health Thermometer
/// Service 1.0, section 3.1; GATT Specification Supplement, "Temperature Measurement").
///
/// ```
/// byte 0    flags: bit 0 unit is °F, else °C · bit 1 time stamp · bit 2 type · 3-7 reserved
/// 4         temperature, FLOAT
/// 0 or 7    time stamp, Date Time
/// 0 or 1    temperature type
/// ```
///
/// Little endian. It says what the packet says; `VitalState` says what that is worth.
public struct TemperatureMeasurement: Equatable, Sendable {
    public var unit: TemperatureUnit
    public var temperature: MedFloat32
    public var time: DeviceTime?
    public var type: TemperatureType?

    public init(
        unit: TemperatureUnit = .celsius, temperature: MedFloat32, time: DeviceTime? = nil,
        type: TemperatureType? = nil
    ) {
        self.unit = unit
        self.temperature = temperature
        self.time = time
        self.type = type
    }
}

private enum Flag {
    static let unitIsFahrenheit: UInt8 = 1 << 0
    static let timePresent: UInt8 = 1 << 1
    static let typePresent: UInt8 = 1 << 2
}

extension TemperatureMeasurement {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(notification)
        let flags = try reader.flags()
        unit = flags & Flag.unitIsFahrenheit != 0 ? .fahrenheit : .celsius
        temperature = try reader.medFloat32(.temperature)
        time = flags & Flag.timePresent != 0 ? try reader.deviceTime() : nil
        type =
            flags & Flag.typePresent != 0
            ? TemperatureType(rawValue: try reader.uint8(.temperatureType)) : nil
        try reader.end()
    }

    /// The notification that a sensor would send.
    public var encoded: EncodedNotification {
        var flags: UInt8 = unit == .fahrenheit ? Flag.unitIsFahrenheit : 0
        if time != nil { flags |= Flag.timePresent }
        if type != nil { flags |= Flag.typePresent }
        var packet = EncodedNotification()
        packet.append(flags)
        packet.append(temperature)
        if let time { packet.append(time) }
        if let type { packet.append(type.rawValue) }
        return packet
    }
}
