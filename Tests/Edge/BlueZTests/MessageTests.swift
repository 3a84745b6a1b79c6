import BlueZ
import Bytes
import SensorLink
import TestSupport
import Testing
import Vitals

/// Messages as bytes, and the events they become.
struct MessageTests {
    private typealias Value = WireMessage.Value

    private static let strap = "/org/bluez/hci0/dev_C0_00_00_00_00_00"
    private static let attribute = "\(strap)/service0010/char0011"
    private static let characteristic = "org.bluez.GattCharacteristic1"
    private static let device = "org.bluez.Device1"
    private static let manager = "org.freedesktop.DBus.ObjectManager"

    private func events(
        _ message: WireMessage, as role: MessageBench.Role = .signal
    ) throws -> [BluetoothEvent] {
        let bench = MessageBench()
        let bytes = message.bytes
        let isLoaded = bench.load(bytes.span)
        try #require(isLoaded, "libdbus refuses the message")
        var found: [BluetoothEvent] = []
        bench.read(as: role) { found.append($0) }
        return found
    }

    private func changed(_ pairs: [(String, Value)]) throws -> DeviceFacts? {
        let found = try events(.change(path: Self.strap, interface: Self.device, pairs))
        guard case .deviceChanged(0, Bench.strap, let facts)? = found.first else { return nil }
        return found.count == 1 ? facts : nil
    }

    @Test func notifyingAndValueInOneMessageAreTwoEvents() throws {
        let found = try events(
            .change(
                path: Self.attribute, interface: Self.characteristic,
                [("Value", .bytes([6, 90])), ("Notifying", .boolean(true))]))
        var facts = CharacteristicFacts()
        facts.isNotifying = true
        #expect(
            found == [
                .characteristicChanged(adapter: 0, Bench.heartRate, facts),
                .valueArrived(adapter: 0, Bench.heartRate),
            ])
    }

    @Test func everyDevicePropertyIsRead() throws {
        var facts = DeviceFacts()
        facts.address = BluetoothAddress(0xABCD_EF01_2345)
        facts.addressKind = .public
        facts.name = DeviceName("Förster")
        facts.rssi = .some(-99)
        facts.services = ServiceSet(.heartRate)
        facts.isConnected = true
        facts.servicesResolved = false
        facts.isPaired = true
        let found = try changed([
            ("Address", .string("AB:CD:EF:01:23:45")), ("AddressType", .string("public")),
            ("Name", .string("Förster")), ("Alias", .string("other")), ("RSSI", .int16(-99)),
            ("Connected", .boolean(true)), ("ServicesResolved", .boolean(false)),
            ("Paired", .boolean(true)), ("TxPower", .int16(4)),
            (
                "UUIDs",
                .array(
                    "s",
                    [
                        .string("0000180d-0000-1000-8000-00805f9b34fb"),
                        .string("6e400001-b5a3-f393-e0a9-e50e24dcca9e"), .string("no uuid"),
                    ])
            ),
        ])
        #expect(found == facts)
    }

    @Test func longNameIsCutAtACharacter() throws {
        let found = try changed([("Name", .string(String(repeating: "ä", count: 200)))])
        #expect(found?.name == DeviceName(String(repeating: "ä", count: 16)))
    }

    @Test(
        arguments: [
            ("RSSI", Value.string("loud")), ("RSSI", .uint32(1)), ("Connected", .byte(1)),
            ("ServicesResolved", .string("")), ("Paired", .variant(.boolean(true))),
            ("Address", .string("AB:CD:EF")), ("Address", .path("/")),
            ("AddressType", .string("secret")), ("AddressType", .byte(0)), ("Name", .bytes([65])),
            ("UUIDs", .string("180d")), ("UUIDs", .array("o", [.path("/")])),
        ])
    func devicePropertyOfAnotherTypeIsMalformed(_ name: String, _ value: WireMessage.Value) throws {
        let message = WireMessage.change(
            path: Self.strap, interface: Self.device,
            [("Connected", .boolean(true)), (name, value)])
        #expect(try events(message) == [.malformedMessage])
    }

    @Test(
        arguments: [
            ("org.bluez.GattCharacteristic1", "Value", WireMessage.Value.string("06")),
            ("org.bluez.GattCharacteristic1", "Value", .array("n", [.int16(1)])),
            ("org.bluez.GattCharacteristic1", "Notifying", .uint32(1)),
            ("org.bluez.GattCharacteristic1", "Flags", .string("notify")),
            ("org.bluez.GattCharacteristic1", "UUID", .bytes([1])),
        ])
    func attributePropertyOfAnotherTypeIsMalformed(
        _ interface: String, _ name: String, _ value: WireMessage.Value
    ) throws {
        let change = WireMessage.change(
            path: Self.attribute, interface: interface,
            [("Notifying", .boolean(true)), (name, value)])
        #expect(try events(change) == [.malformedMessage])
        let added = WireMessage.signal(
            path: "/", interface: Self.manager, member: "InterfacesAdded",
            [
                .path(Self.attribute),
                .array("{sa{sv}}", [.entry(.string(interface), .properties([(name, value)]))]),
            ])
        #expect(try events(added) == [.malformedMessage])
    }

    @Test(
        arguments: [
            ("org.freedesktop.DBus.Properties", "PropertiesChanged"),
            ("org.freedesktop.DBus.ObjectManager", "InterfacesAdded"),
            ("org.freedesktop.DBus.ObjectManager", "InterfacesRemoved"),
        ])
    func signalWithOtherArgumentsIsMalformed(_ interface: String, _ member: String) throws {
        for body in [[], [Value.string("org.bluez.Device1")], [.path("/"), .uint32(1)]] {
            let message = WireMessage.signal(
                path: Self.strap, interface: interface, member: member, body)
            #expect(try events(message) == [.malformedMessage])
        }
    }

    @Test func whatIsNotKnownHereIsPassedOver() throws {
        let unknown: [WireMessage] = [
            .change(path: Self.strap, interface: "org.bluez.MediaControl1", [("x", .byte(1))]),
            .change(path: "/org/bluez/hci0/dev_x", interface: Self.device, [("RSSI", .byte(1))]),
            .change(path: Self.attribute, interface: Self.device, [("RSSI", .byte(1))]),
            .change(path: Self.attribute, interface: Self.characteristic, [("MTU", .byte(1))]),
            .signal(path: "/", interface: "org.example.Other", member: "PropertiesChanged", []),
            .signal(path: "/", interface: Self.manager, member: "Other", []),
        ]
        for message in unknown { #expect(try events(message) == []) }
    }

    @Test func deepNestingInAnUnknownPropertyIsPassedOver() throws {
        var nest = Value.byte(1)
        for _ in 0..<60 { nest = .variant(nest) }
        #expect(try changed([("Deep", nest), ("RSSI", .int16(-1))])?.rssi == .some(-1))
    }

    @Test func answerOfEnumerationIsWalkedThroughWhateverIsInIt() throws {
        let objects = Value.array(
            "{oa{sa{sv}}}",
            [
                .entry(.path("/org/bluez"), .array("{sa{sv}}", [])),
                .entry(
                    .path(Self.strap),
                    .array(
                        "{sa{sv}}",
                        [
                            .entry(.string("org.example.Odd"), .properties([])),
                            .entry(.string(Self.device), .properties([("RSSI", .byte(1))])),
                            .entry(
                                .string("org.bluez.Battery1"),
                                .properties([("Percentage", .byte(5))])),
                            .entry(.string("org.bluez.Battery1"), .properties([])),
                        ])),
                .entry(.path("/org/bluez/hci0"), .array("{sa{sv}}", [])),
            ])
        #expect(
            try events(.reply([objects]), as: .objects) == [
                .malformedMessage, .batteryLevel(adapter: 0, Bench.strap, percent: 5),
                .completed(CallID(1), nil),
            ])
        #expect(
            try events(.reply([.byte(1)]), as: .objects)
                == [.malformedMessage, .completed(CallID(1), .other)])
        #expect(
            try events(.reply([]), as: .value)
                == [.malformedMessage, .completed(CallID(1), .other)])
    }
}
