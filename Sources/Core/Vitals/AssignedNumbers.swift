/// The GATT services that a sensor is known by (Bluetooth Assigned Numbers, section 3.4).
public enum Service: UInt16, CaseIterable, Sendable {
    case glucose = 0x1808
    case healthThermometer = 0x1809
    case deviceInformation = 0x180A
    case heartRate = 0x180D
    case battery = 0x180F
    case bloodPressure = 0x1810
    case pulseOximeter = 0x1822
}

/// The services that one sensor offers.
public struct ServiceSet: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public init(_ service: Service) {
        rawValue = 1 << UInt16(Service.allCases.firstIndex(of: service) ?? 0)
    }

    public func contains(_ service: Service) -> Bool { contains(ServiceSet(service)) }
}

/// The GATT characteristics that are read or subscribed to (Assigned Numbers, section 3.8).
public enum Characteristic: UInt16, CaseIterable, Sendable {
    case glucoseMeasurement = 0x2A18
    case batteryLevel = 0x2A19
    case temperatureMeasurement = 0x2A1C
    case modelNumber = 0x2A24
    case serialNumber = 0x2A25
    case firmwareRevision = 0x2A26
    case manufacturerName = 0x2A29
    case glucoseMeasurementContext = 0x2A34
    case bloodPressureMeasurement = 0x2A35
    case heartRateMeasurement = 0x2A37
    case bodySensorLocation = 0x2A38
    case recordAccessControlPoint = 0x2A52
    case pulseOximeterSpotCheck = 0x2A5E
    case pulseOximeterContinuous = 0x2A5F

    /// Its values are measurements: it is subscribed to, and its silence is a fault.
    public var isMeasurement: Bool {
        switch self {
        case .glucoseMeasurement, .temperatureMeasurement, .bloodPressureMeasurement,
            .heartRateMeasurement, .pulseOximeterSpotCheck, .pulseOximeterContinuous:
            true
        default: false
        }
    }

    /// The sensor sends it about once a second for as long as it is worn. The others send when a
    /// person takes a measurement, so their silence says nothing.
    public var isContinuous: Bool {
        self == .heartRateMeasurement || self == .pulseOximeterContinuous
    }
}

extension Service {
    /// A UUID in its 36 characters, as BlueZ writes it, of a service that is known here.
    public init?(uuid text: Span<UInt8>) {
        guard let number = UUID16.parse(text), let service = Service(rawValue: number) else {
            return nil
        }
        self = service
    }
}

extension Characteristic {
    /// A UUID in its 36 characters, as BlueZ writes it, of a characteristic that is known here.
    public init?(uuid text: Span<UInt8>) {
        guard let number = UUID16.parse(text), let known = Characteristic(rawValue: number) else {
            return nil
        }
        self = known
    }
}

/// The 16-bit numbers that stand for UUIDs (Core Specification 5.4, volume 3, part B, 2.5.1):
/// `0000xxxx-0000-1000-8000-00805f9b34fb`.
private enum UUID16 {
    private static let highHalf: UInt64 = 0x0000_0000_0000_1000
    private static let lowHalf: UInt64 = 0x8000_0080_5F9B_34FB

    /// The number xxxx; nil for a UUID outside the Bluetooth base and for what is no UUID.
    static func parse(_ text: Span<UInt8>) -> UInt16? {
        guard text.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in text.indices {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard text[index] == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = hexDigit(text[index]) else { return nil }
            if index < 18 { high = high << 4 | digit } else { low = low << 4 | digit }
        }
        let number = UInt16(truncatingIfNeeded: high >> 32)
        guard high & ~(0xFFFF << 32) == highHalf, low == lowHalf else { return nil }
        return number
    }

    private static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }
}
