public import Vitals

/// A name with `*` for any run of characters: `Polar H10*`. Letters count as they are written.
public struct NamePattern: Equatable, Sendable {
    /// UTF-8.
    public let text: [UInt8]

    public init(_ text: String) { self.text = Array(text.utf8) }

    /// No `*`: it names one device.
    public var isExact: Bool { !text.contains(UInt8(ascii: "*")) }

    /// Goes back only to the last `*`, so its time is the product of the two lengths at most.
    public func matches(_ name: Span<UInt8>) -> Bool {
        var position = 0
        var pattern = 0
        var star: (pattern: Int, position: Int)?
        while position < name.count {
            if pattern < text.count && text[pattern] == UInt8(ascii: "*") {
                star = (pattern, position)
                pattern += 1
            } else if pattern < text.count && text[pattern] == name[position] {
                pattern += 1
                position += 1
            } else if let last = star {
                star = (last.pattern, last.position + 1)
                pattern = last.pattern + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        while pattern < text.count && text[pattern] == UInt8(ascii: "*") { pattern += 1 }
        return pattern == text.count
    }
}

/// Some of the characteristics that are known here.
public struct CharacteristicSet: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public init(_ characteristic: Characteristic) {
        rawValue = 1 << characteristic.place
    }

    public static let heartRate = CharacteristicSet(.heartRateMeasurement)

    public func contains(_ characteristic: Characteristic) -> Bool {
        contains(CharacteristicSet(characteristic))
    }
}

extension Characteristic {
    /// Its bit in a set. (`allCases` makes an array, and every value asks.)
    fileprivate var place: UInt16 {
        switch self {
        case .glucoseMeasurement: 0
        case .batteryLevel: 1
        case .temperatureMeasurement: 2
        case .modelNumber: 3
        case .serialNumber: 4
        case .firmwareRevision: 5
        case .manufacturerName: 6
        case .glucoseMeasurementContext: 7
        case .bloodPressureMeasurement: 8
        case .heartRateMeasurement: 9
        case .bodySensorLocation: 10
        case .recordAccessControlPoint: 11
        case .pulseOximeterSpotCheck: 12
        case .pulseOximeterContinuous: 13
        }
    }
}

/// Which devices are wanted, and for what.
public struct SensorChoice: Equatable, Sendable {
    /// What a device is known by, the most exact first: where two choices fit one device, it goes
    /// to the more exact, and between equals to the first of the settings.
    public enum Rule: Equatable, Sendable {
        /// The identity address, or the one that the device was found with.
        case address(BluetoothAddress)
        case name(NamePattern)
        /// Any device that advertises the service.
        case service(Service)
    }

    public var rule: Rule
    /// How many devices may be taken, each with a sensor index of its own. Of an address there is
    /// one.
    public var slots: Int
    /// A device that is seen weaker than this is not taken, dBm; it may become weaker later.
    public var rssiLimit: Int16?
    /// What is subscribed to. A device must have one of them.
    public var measurements: CharacteristicSet

    public init(
        _ rule: Rule, slots: Int = 1, rssiLimit: Int16? = nil,
        measurements: CharacteristicSet = .heartRate
    ) {
        precondition(slots > 0, "a choice is for one device at least")
        if case .address = rule { precondition(slots == 1, "an address is that of one device") }
        self.rule = rule
        self.slots = slots
        self.rssiLimit = rssiLimit
        self.measurements = measurements
    }

    /// Lower is more exact.
    var exactness: Int {
        switch rule {
        case .address: 0
        case .name(let pattern): pattern.isExact ? 1 : 2
        case .service: 3
        }
    }

    /// Whatever device comes may take a sensor index of this choice, and none is missed.
    var isForAny: Bool { if case .service = rule { true } else { false } }
}
