internal import Bytes
internal import SensorLink

/// Reads messages of BlueZ into events, one at a time: a message may hold thousands (the answer
/// of GetManagedObjects), and none is put aside.
///
/// Memory that a message does not have is not asked for: an event is values, and the bytes of a
/// value go into one buffer that is always the same.
struct EventReader: ~Copyable {
    /// The longest value of an attribute (Core Specification 5.4, volume 3, part F, 3.2.9).
    static let valueBytesMax = 512

    private enum Walk {
        case idle
        /// Through the objects of GetManagedObjects.
        case objects
        /// Through the interfaces of one object that has appeared.
        case added
        /// Through the interfaces of one object that has gone.
        case removed
    }

    private var walk = Walk.idle
    /// What `objects` and `interfaces` read.
    private var message: Message?
    private var objects: MessageReader?
    private var interfaces: MessageReader?
    private var path = ObjectPath.other
    /// The call that the message answers.
    private var call: CallID?
    /// The second event of a message that tells two things.
    private var following: BluetoothEvent?
    private var kept = FixedBuffer(capacity: EventReader.valueBytesMax)

    /// Lends the bytes of the last value to `body`.
    borrowing func withValue<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try kept.withBytes(body)
    }

    /// Forgets the message that is being read.
    mutating func reset() {
        walk = .idle
        objects = nil
        interfaces = nil
        following = nil
        message = nil
    }

    /// Takes a signal of BlueZ; answers its event if it holds one alone. The others come from
    /// `next`.
    mutating func take(signal: consuming Message) -> BluetoothEvent? {
        precondition(message == nil, "a message is read to its end before the next")
        if signal.isSignal("org.freedesktop.DBus.Properties", "PropertiesChanged") {
            guard signal.hasSignature("sa{sv}as") else { return .malformedMessage }
            return readChange(signal)
        }
        let isAddition = signal.isSignal("org.freedesktop.DBus.ObjectManager", "InterfacesAdded")
        guard
            isAddition || signal.isSignal("org.freedesktop.DBus.ObjectManager", "InterfacesRemoved")
        else { return nil }
        guard signal.hasSignature(isAddition ? "oa{sa{sv}}" : "oas") else {
            return .malformedMessage
        }
        var arguments = MessageReader(signal)
        path = arguments.path() ?? .other
        arguments.advance()
        interfaces = arguments.enterArray()
        walk = isAddition ? .added : .removed
        message = consume signal
        return next()
    }

    /// Takes the answer of GetManagedObjects; the last event is the completion of `call`.
    mutating func take(objects answer: consuming Message, of call: CallID) -> BluetoothEvent? {
        precondition(message == nil, "a message is read to its end before the next")
        guard answer.hasSignature("a{oa{sa{sv}}}") else {
            following = .completed(call, .other)
            return .malformedMessage
        }
        var arguments = MessageReader(answer)
        objects = arguments.enterArray()
        self.call = call
        walk = .objects
        message = consume answer
        return next()
    }

    /// Takes the answer of ReadValue.
    mutating func take(value answer: consuming Message, of call: CallID) -> BluetoothEvent? {
        var arguments = MessageReader(answer)
        let isTaken = answer.hasSignature("ay") && arguments.withBytes { take(value: $0) } ?? false
        if isTaken { return .completed(call, nil) }
        following = .completed(call, .other)
        return .malformedMessage
    }

    /// Lets `fill` put a value into the buffer that came on another way.
    mutating func takeValue<Failure: Error>(
        _ fill: (inout FixedBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        kept.removeAll()
        try fill(&kept)
    }

    /// The next event of the message; nil when it has been read to its end.
    mutating func next() -> BluetoothEvent? {
        if let event = following {
            following = nil
            return event
        }
        while true {
            switch walk {
            case .idle: return nil
            case .objects:
                if !enterObject() {
                    reset()
                    guard let call else { return nil }
                    self.call = nil
                    return .completed(call, nil)
                }
            case .added: if let event = nextAdded() { return event }
            case .removed: if let event = nextRemoved() { return event }
            }
        }
    }

    /// Goes to the next object; false when there is none.
    private mutating func enterObject() -> Bool {
        guard var entry = objects?.enterEntry() else { return false }
        objects?.advance()
        path = entry.path() ?? .other
        entry.advance()
        interfaces = entry.enterArray()
        // What is not known here is passed over whole.
        if path != .other { walk = .added }
        return true
    }

    /// The event of the next interface; nil when it is not known here, or was the last.
    private mutating func nextAdded() -> BluetoothEvent? {
        guard var entry = interfaces?.enterEntry() else {
            if objects == nil { reset() } else { walk = .objects }
            return nil
        }
        interfaces?.advance()
        guard let interface = entry.withText({ Interface($0) }) ?? nil else { return nil }
        entry.advance()
        guard let properties = entry.enterArray() else { return .malformedMessage }
        do throws(Properties.Malformed) {
            return try found(interface, properties)
        } catch {
            return .malformedMessage
        }
    }

    private func found(
        _ interface: Interface, _ properties: MessageReader
    ) throws(Properties.Malformed) -> BluetoothEvent? {
        switch (interface, path) {
        case (.adapter, .adapter(let adapter)):
            return .adapterFound(adapter: adapter, try Properties.adapter(properties))
        case (.device, .device(let adapter, let address)):
            return .deviceFound(adapter: adapter, address, try Properties.device(properties))
        case (.characteristic, .characteristic(let adapter, let id)):
            // A value that stands here is an old one.
            let read = try Properties.characteristic(properties) { _ in true }
            return .characteristicFound(adapter: adapter, id, read.facts)
        case (.battery, .device(let adapter, let address)):
            return try Properties.batteryLevel(properties).map {
                .batteryLevel(adapter: adapter, address, percent: $0)
            }
        default: return nil
        }
    }

    /// The event of the next interface that has gone; nil when it is not known here, or was the
    /// last.
    private mutating func nextRemoved() -> BluetoothEvent? {
        guard var reader = interfaces, !reader.isAtEnd else {
            reset()
            return nil
        }
        let interface = reader.withText { Interface($0) } ?? nil
        reader.advance()
        interfaces = reader
        switch (interface, path) {
        case (.adapter, .adapter(let adapter)): return .adapterRemoved(adapter: adapter)
        case (.device, .device(let adapter, let address)):
            return .deviceRemoved(adapter: adapter, address)
        case (.characteristic, .characteristic(let adapter, let id)):
            return .characteristicRemoved(adapter: adapter, id)
        default: return nil
        }
    }

    private mutating func readChange(_ signal: borrowing Message) -> BluetoothEvent? {
        var arguments = MessageReader(signal)
        let path = signal.path
        guard path != .other, let interface = arguments.withText({ Interface($0) }) ?? nil else {
            return nil
        }
        arguments.advance()
        guard let properties = arguments.enterArray() else { return .malformedMessage }
        arguments.advance()
        do throws(Properties.Malformed) {
            return try changed(interface, path, properties, invalidated: &arguments)
        } catch {
            following = nil
            return .malformedMessage
        }
    }

    private mutating func changed(
        _ interface: Interface, _ path: ObjectPath, _ properties: MessageReader,
        invalidated: inout MessageReader
    ) throws(Properties.Malformed) -> BluetoothEvent? {
        switch (interface, path) {
        case (.characteristic, .characteristic(let adapter, let id)):
            let read = try Properties.characteristic(properties) { take(value: $0) }
            let value = read.hasValue ? BluetoothEvent.valueArrived(adapter: adapter, id) : nil
            if read.facts == CharacteristicFacts() { return value }
            following = value
            return .characteristicChanged(adapter: adapter, id, read.facts)
        case (.device, .device(let adapter, let address)):
            var facts = try Properties.device(properties)
            try Properties.forEachText(in: &invalidated) { name in
                if name.equals("RSSI") { facts.rssi = .some(nil) }
            }
            // Also when it says nothing that is known here: the device was heard.
            return .deviceChanged(adapter: adapter, address, facts)
        case (.adapter, .adapter(let adapter)):
            return .adapterChanged(adapter: adapter, try Properties.adapter(properties))
        case (.battery, .device(let adapter, let address)):
            return try Properties.batteryLevel(properties).map {
                .batteryLevel(adapter: adapter, address, percent: $0)
            }
        default: return nil
        }
    }

    /// Keeps a value; false when it is longer than an attribute's can be.
    private mutating func take(value bytes: Span<UInt8>) -> Bool {
        kept.removeAll()
        kept.append(bytes)
        return !kept.overflowed
    }
}
