/// How full a sensor's battery is: Battery Level, characteristic 0x2A19 of service 0x180F (Battery
/// Service 1.1, section 3.1). One byte, 0 to 100 percent; the rest is reserved.
public struct BatteryLevel: Equatable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public init(decoding value: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(value)
        rawValue = try reader.uint8(.percentage)
        try reader.end()
    }

    /// 0 to 100; nil when the sensor sends a reserved number.
    public var percent: UInt8? { rawValue <= 100 ? rawValue : nil }

    /// The value that a sensor would send.
    public var encoded: EncodedNotification {
        var value = EncodedNotification()
        value.append(rawValue)
        return value
    }
}

/// Where a heart rate sensor is worn: Body Sensor Location, characteristic 0x2A38 of service 0x180D
/// (Heart Rate Service 1.0, section 3.2). One byte; other numbers are reserved and have no name.
public struct BodySensorLocation: Equatable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public init(decoding value: Span<UInt8>) throws(MeasurementError) {
        var reader = MeasurementReader(value)
        rawValue = try reader.uint8(.location)
        try reader.end()
    }

    public var name: StaticString? {
        switch rawValue {
        case 0: "other"
        case 1: "chest"
        case 2: "wrist"
        case 3: "finger"
        case 4: "hand"
        case 5: "ear_lobe"
        case 6: "foot"
        default: nil
        }
    }

    /// The value that a sensor would send.
    public var encoded: EncodedNotification {
        var value = EncodedNotification()
        value.append(rawValue)
        return value
    }
}
