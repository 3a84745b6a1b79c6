internal import CDBus
internal import SensorLink

/// The messages that calls become. nil: there is no memory.
enum CallMessage {
    static let daemon: StaticString = "org.bluez"
    private static let busName: StaticString = "org.freedesktop.DBus"
    private static let busPath: StaticString = "/org/freedesktop/DBus"
    private static let systemd: StaticString = "org.freedesktop.systemd1"
    private static let systemdPath: StaticString = "/org/freedesktop/systemd1"

    /// What is heard of, and nothing else: signals of BlueZ, and who BlueZ is.
    private static let matchRules: InlineArray<3, StaticString> = [
        """
        type='signal',sender='org.bluez',interface='org.freedesktop.DBus.Properties',\
        member='PropertiesChanged',path_namespace='/org/bluez'
        """,
        "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.ObjectManager'",
        """
        type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
        member='NameOwnerChanged',arg0='org.bluez'
        """,
    ]

    static let matchRuleCount = 3

    // The calls that open a connection.

    static func hello() -> Message? { bus("Hello") }

    static func addMatch(_ index: Int) -> Message? { bus("AddMatch", matchRules[index]) }

    static func nameOwner() -> Message? { bus("GetNameOwner", daemon) }

    private static func bus(_ member: StaticString, _ argument: StaticString? = nil) -> Message? {
        guard
            let message = Message(
                to: busName, path: PathText(busPath), interface: busName, member: member)
        else { return nil }
        guard let argument else { return consume message }
        var writer = MessageWriter(message)
        writer.append(text: argument)
        return writer.failed ? nil : consume message
    }

    /// nil also for the calls that are no messages.
    static func make(_ call: BluetoothCall) -> Message? {
        switch call {
        case .enumerate:
            return Message(
                to: daemon, path: PathText("/"), interface: "org.freedesktop.DBus.ObjectManager",
                member: "GetManagedObjects")
        case .setPowered(let adapter, let isOn): return setPowered(.adapter(adapter), isOn)
        case .setDiscoveryFilter(let adapter, let rssiLimit):
            return setDiscoveryFilter(.adapter(adapter), rssiLimit)
        case .startDiscovery(let adapter):
            return plain(.adapter(adapter), "org.bluez.Adapter1", "StartDiscovery")
        case .stopDiscovery(let adapter):
            return plain(.adapter(adapter), "org.bluez.Adapter1", "StopDiscovery")
        case .removeDevice(let adapter, let address): return removeDevice(adapter, address)
        case .connect(let adapter, let address):
            return plain(.device(adapter, address), "org.bluez.Device1", "Connect")
        case .disconnect(let adapter, let address):
            return plain(.device(adapter, address), "org.bluez.Device1", "Disconnect")
        case .startNotify(let adapter, let id): return gatt(adapter, id, "StartNotify")
        case .stopNotify(let adapter, let id): return gatt(adapter, id, "StopNotify")
        case .acquireNotify(let adapter, let id):
            return withOptions(gatt(adapter, id, "AcquireNotify"))
        case .readValue(let adapter, let id): return withOptions(gatt(adapter, id, "ReadValue"))
        case .restartDaemon: return restartDaemon()
        case .releaseNotify, .resetRadio: return nil
        }
    }

    private static func plain(
        _ path: ObjectPath, _ interface: StaticString, _ member: StaticString
    ) -> Message? {
        Message(to: daemon, path: PathText(path), interface: interface, member: member)
    }

    private static func gatt(
        _ adapter: UInt8, _ id: CharacteristicID, _ member: StaticString
    ) -> Message? {
        plain(.characteristic(adapter, id), "org.bluez.GattCharacteristic1", member)
    }

    /// Adds an empty dictionary of options.
    private static func withOptions(_ message: consuming Message?) -> Message? {
        guard let message else { return nil }
        var writer = MessageWriter(message)
        writer.appendDictionary { _ in }
        return writer.failed ? nil : consume message
    }

    private static func setPowered(_ path: ObjectPath, _ isOn: Bool) -> Message? {
        guard let message = plain(path, "org.freedesktop.DBus.Properties", "Set") else {
            return nil
        }
        var writer = MessageWriter(message)
        writer.append(text: "org.bluez.Adapter1")
        writer.append(text: "Powered")
        writer.appendVariant(isOn)
        return writer.failed ? nil : consume message
    }

    private static func setDiscoveryFilter(_ path: ObjectPath, _ rssiLimit: Int16?) -> Message? {
        guard let message = plain(path, "org.bluez.Adapter1", "SetDiscoveryFilter") else {
            return nil
        }
        var writer = MessageWriter(message)
        writer.appendDictionary { entries in
            entries.appendEntry("Transport") { $0.appendVariant("le") }
            entries.appendEntry("DuplicateData") { $0.appendVariant(false) }
            if let rssiLimit { entries.appendEntry("RSSI") { $0.appendVariant(rssiLimit) } }
        }
        return writer.failed ? nil : consume message
    }

    private static func removeDevice(_ adapter: UInt8, _ address: BluetoothAddress) -> Message? {
        guard let message = plain(.adapter(adapter), "org.bluez.Adapter1", "RemoveDevice") else {
            return nil
        }
        var writer = MessageWriter(message)
        writer.append(path: PathText(.device(adapter, address)))
        return writer.failed ? nil : consume message
    }

    private static func restartDaemon() -> Message? {
        guard
            let message = Message(
                to: systemd, path: PathText(systemdPath),
                interface: "org.freedesktop.systemd1.Manager", member: "RestartUnit")
        else { return nil }
        var writer = MessageWriter(message)
        writer.append(text: "bluetooth.service")
        writer.append(text: "replace")
        return writer.failed ? nil : consume message
    }
}

/// Appends arguments to a message. libdbus fails for want of memory alone; then `failed` is true
/// and the message is of no use.
@safe
struct MessageWriter: ~Copyable {
    private var iterator: DBusMessageIter
    private(set) var failed = false

    /// `message` is kept by whoever keeps the writer.
    init(_ message: borrowing Message) {
        unsafe iterator = DBusMessageIter()
        unsafe dbus_message_iter_init_append(message.raw, &iterator)
    }

    private init() { unsafe iterator = DBusMessageIter() }

    mutating func append(text: StaticString) {
        var start: UnsafePointer<CChar>? = unsafe cText(text)
        unsafe append(Int32(PULSEGATE_DBUS_STRING), &start)
    }

    mutating func append(path: borrowing PathText) {
        unsafe path.withText { text in
            var start = unsafe text
            unsafe append(Int32(PULSEGATE_DBUS_OBJECT_PATH), &start)
        }
    }

    private mutating func append(_ type: Int32, _ value: UnsafeRawPointer) {
        if unsafe dbus_message_iter_append_basic(&iterator, type, value) == 0 { failed = true }
    }

    mutating func appendVariant(_ text: StaticString) {
        inside(Int32(PULSEGATE_DBUS_VARIANT), "s") { $0.append(text: text) }
    }

    mutating func appendVariant(_ value: Bool) {
        inside(Int32(PULSEGATE_DBUS_VARIANT), "b") { content in
            var value: dbus_bool_t = value ? 1 : 0
            unsafe content.append(Int32(PULSEGATE_DBUS_BOOLEAN), &value)
        }
    }

    mutating func appendVariant(_ value: Int16) {
        inside(Int32(PULSEGATE_DBUS_VARIANT), "n") { content in
            var value = value
            unsafe content.append(Int32(PULSEGATE_DBUS_INT16), &value)
        }
    }

    /// Appends `a{sv}`.
    mutating func appendDictionary(_ fill: (inout MessageWriter) -> Void) {
        inside(Int32(PULSEGATE_DBUS_ARRAY), "{sv}", fill)
    }

    /// Appends an entry of `a{sv}`; `fill` appends a variant.
    mutating func appendEntry(_ key: StaticString, _ fill: (inout MessageWriter) -> Void) {
        inside(Int32(PULSEGATE_DBUS_DICT_ENTRY), nil) { entry in
            entry.append(text: key)
            fill(&entry)
        }
    }

    private mutating func inside(
        _ type: Int32, _ signature: StaticString?, _ fill: (inout MessageWriter) -> Void
    ) {
        guard !failed else { return }
        var content = MessageWriter()
        let text = unsafe signature.map { unsafe cText($0) }
        guard
            unsafe dbus_message_iter_open_container(&iterator, type, text, &content.iterator) != 0
        else {
            failed = true
            return
        }
        fill(&content)
        if content.failed {
            unsafe dbus_message_iter_abandon_container(&iterator, &content.iterator)
            failed = true
        } else if unsafe dbus_message_iter_close_container(&iterator, &content.iterator) == 0 {
            failed = true
        }
    }
}
