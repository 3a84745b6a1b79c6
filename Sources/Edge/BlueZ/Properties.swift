internal import SensorLink
internal import Vitals

/// The properties of BlueZ's interfaces (doc/adapter-api.txt, device-api.txt, gatt-api.txt and
/// battery-api.txt of BlueZ 5.66). A property that is not known here is passed over; one that
/// is known and of another type makes the message malformed.
enum Properties {
    /// A property could not be read.
    enum Malformed: Error { case property }

    /// Calls `read` for each entry of `dictionary` (`a{sv}`), with the place of its value.
    private static func forEach(
        in dictionary: MessageReader,
        _ read: (borrowing Span<UInt8>, inout MessageReader) throws(Malformed) -> Void
    ) throws(Malformed) {
        var entries = dictionary
        while var entry = entries.enterEntry() {
            // The key is text, and lives as long as the message: it is found once more below.
            var value = entry
            value.advance()
            guard var content = value.enterVariant() else { throw .property }
            var isRead = true
            let wasText: Void? = entry.withText { key in
                do throws(Malformed) { try read(key, &content) } catch { isRead = false }
            }
            guard wasText != nil, isRead else { throw .property }
            entries.advance()
        }
    }

    private static func required<Value>(_ value: Value?) throws(Malformed) -> Value {
        guard let value else { throw .property }
        return value
    }

    static func adapter(_ dictionary: MessageReader) throws(Malformed) -> AdapterFacts {
        var facts = AdapterFacts()
        try forEach(in: dictionary) { key, value throws(Malformed) in
            if key.equals("Powered") {
                facts.isPowered = try required(value.boolean())
            } else if key.equals("Discovering") {
                facts.isDiscovering = try required(value.boolean())
            } else if key.equals("Address") {
                facts.address = try address(&value)
            }
        }
        return facts
    }

    static func device(_ dictionary: MessageReader) throws(Malformed) -> DeviceFacts {
        var facts = DeviceFacts()
        try forEach(in: dictionary) { key, value throws(Malformed) in
            if key.equals("RSSI") {
                facts.rssi = .some(try required(value.int16()))
            } else if key.equals("Connected") {
                facts.isConnected = try required(value.boolean())
            } else if key.equals("ServicesResolved") {
                facts.servicesResolved = try required(value.boolean())
            } else if key.equals("Paired") {
                facts.isPaired = try required(value.boolean())
            } else if key.equals("Address") {
                facts.address = try address(&value)
            } else if key.equals("AddressType") {
                facts.addressKind = try addressKind(&value)
            } else if key.equals("Name") {
                facts.name = try required(value.withText { DeviceName($0) })
            } else if key.equals("UUIDs") {
                facts.services = try services(&value)
            }
        }
        return facts
    }

    private static func address(_ value: inout MessageReader) throws(Malformed) -> BluetoothAddress
    {
        try required(value.withText { BluetoothAddress($0) } ?? nil)
    }

    private static func addressKind(_ value: inout MessageReader) throws(Malformed) -> AddressKind {
        try required(
            value.withText { text in
                if text.equals("public") { return AddressKind.public }
                return text.equals("random") ? .random : nil
            } ?? nil)
    }

    private static func services(_ value: inout MessageReader) throws(Malformed) -> ServiceSet {
        var found: ServiceSet = []
        try forEachText(in: &value) { text in
            if let service = Service(uuid: text) { found.insert(ServiceSet(service)) }
        }
        return found
    }

    /// Calls `read` for each string of an array of strings.
    static func forEachText(
        in array: inout MessageReader, _ read: (borrowing Span<UInt8>) -> Void
    ) throws(Malformed) {
        var elements = try required(array.enterArray())
        while !elements.isAtEnd {
            try required(elements.withText { read($0) })
            elements.advance()
        }
    }

    /// What a message says of a characteristic, and whether it carries a value; `takeValue`
    /// answers false when it does not fit.
    static func characteristic(
        _ dictionary: MessageReader, takeValue: (Span<UInt8>) -> Bool
    ) throws(Malformed) -> (facts: CharacteristicFacts, hasValue: Bool) {
        var facts = CharacteristicFacts()
        var hasValue = false
        try forEach(in: dictionary) { key, value throws(Malformed) in
            if key.equals("Value") {
                hasValue = try required(value.withBytes(takeValue))
                if !hasValue { throw .property }
            } else if key.equals("Notifying") {
                facts.isNotifying = try required(value.boolean())
            } else if key.equals("UUID") {
                facts.kind = try required(value.withText { Characteristic(uuid: $0) })
            } else if key.equals("Flags") {
                var canNotify = false
                try forEachText(in: &value) { text in
                    if text.equals("notify") || text.equals("indicate") { canNotify = true }
                }
                facts.canNotify = canNotify
            }
        }
        return (facts, hasValue)
    }

    /// `Percentage` of `Battery1`; nil when the message does not say it.
    static func batteryLevel(_ dictionary: MessageReader) throws(Malformed) -> UInt8? {
        var percent: UInt8?
        try forEach(in: dictionary) { key, value throws(Malformed) in
            if key.equals("Percentage") { percent = try required(value.byte()) }
        }
        return percent
    }
}

/// The interfaces of BlueZ that are known here.
enum Interface {
    case adapter, device, characteristic, battery

    /// nil for any other.
    init?(_ text: Span<UInt8>) {
        if text.equals("org.bluez.GattCharacteristic1") {
            self = .characteristic
        } else if text.equals("org.bluez.Device1") {
            self = .device
        } else if text.equals("org.bluez.Adapter1") {
            self = .adapter
        } else if text.equals("org.bluez.Battery1") {
            self = .battery
        } else {
            return nil
        }
    }
}
