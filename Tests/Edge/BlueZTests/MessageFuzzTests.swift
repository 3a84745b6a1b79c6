import BlueZ
import Bytes
import SensorLink
import TestSupport
import Testing

/// Bytes that libdbus takes for a message never trap, whatever they say.
struct MessageFuzzTests {
    private typealias Value = WireMessage.Value

    private static let words = [
        "org.bluez.Device1", "org.bluez.GattCharacteristic1", "org.bluez.Adapter1",
        "org.bluez.Battery1", "Value", "Notifying", "RSSI", "UUIDs", "Name", "Address", "Connected",
        "Percentage", "Flags", "Powered", "ä", "",
    ]
    private static let paths = [
        "/", "/org/bluez/hci0", "/org/bluez/hci0/dev_C0_00_00_00_00_00",
        "/org/bluez/hci0/dev_C0_00_00_00_00_00/service0010/char0011", "/org/bluez/hci999/dev_",
    ]

    private func value(_ random: inout SeededRandom, depth: Int = 0) -> Value {
        switch UInt8.random(in: 0..<(depth < 4 ? 12 : 6), using: &random) {
        case 0: return .byte(UInt8.random(in: 0...255, using: &random))
        case 1: return .boolean(Bool.random(using: &random))
        case 2: return .int16(Int16.random(in: -200...200, using: &random))
        case 3: return .string(Self.words.randomElement(using: &random) ?? "")
        case 4: return .path(Self.paths.randomElement(using: &random) ?? "/")
        case 5: return .bytes(random.bytes(Int.random(in: 0...600, using: &random)))
        case 6: return .variant(value(&random, depth: depth + 1))
        case 7:
            return .array(
                "s",
                (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    .string(Self.words.randomElement(using: &random) ?? "")
                })
        case 8: return .structure([value(&random, depth: depth + 1)])
        case 9, 10: return properties(&random, depth: depth)
        default: return interfaces(&random, depth: depth)
        }
    }

    private func properties(_ random: inout SeededRandom, depth: Int) -> Value {
        .properties(
            (0..<Int.random(in: 0...5, using: &random)).map { _ in
                (
                    Self.words.randomElement(using: &random) ?? "",
                    value(&random, depth: depth + 1)
                )
            })
    }

    private func interfaces(_ random: inout SeededRandom, depth: Int) -> Value {
        .array(
            "{sa{sv}}",
            (0..<Int.random(in: 0...4, using: &random)).map { _ in
                .entry(
                    .string(Self.words.randomElement(using: &random) ?? ""),
                    properties(&random, depth: depth + 1))
            })
    }

    private func message(_ random: inout SeededRandom) -> WireMessage {
        let path = Self.paths.randomElement(using: &random) ?? "/"
        switch UInt8.random(in: 0..<6, using: &random) {
        case 0:
            return .signal(
                path: path, interface: "org.freedesktop.DBus.Properties",
                member: "PropertiesChanged",
                [
                    .string(Self.words.randomElement(using: &random) ?? ""),
                    properties(&random, depth: 0), .array("s", [.string("RSSI")]),
                ])
        case 1:
            return .signal(
                path: "/", interface: "org.freedesktop.DBus.ObjectManager",
                member: "InterfacesAdded", [.path(path), interfaces(&random, depth: 0)])
        case 2:
            return .signal(
                path: "/", interface: "org.freedesktop.DBus.ObjectManager",
                member: "InterfacesRemoved",
                [.path(path), .array("s", Self.words.map { .string($0) })])
        case 3:
            let objects = Self.paths.map { path in
                Value.entry(.path(path), interfaces(&random, depth: 0))
            }
            return .reply([.array("{oa{sa{sv}}}", objects)])
        case 4: return .error("org.bluez.Error.Failed", [value(&random)])
        default: return .reply([value(&random)])
        }
    }

    @Test func randomMessagesNeverTrap() {
        var random = SeededRandom()
        let bench = MessageBench()
        var events = 0
        var malformed = 0
        for _ in 0..<3_000 {
            let bytes = message(&random).bytes
            for role in MessageBench.Role.allCases {
                let isLoaded = bench.load(bytes.span)
                #expect(isLoaded)
                bench.read(as: role) { event in
                    events += 1
                    if event == .malformedMessage { malformed += 1 }
                }
            }
        }
        #expect(events > 3_000)
        #expect(malformed > 300)
    }

    @Test func mutatedMessagesNeverTrap() {
        var random = SeededRandom()
        let bench = MessageBench()
        var taken = 0
        for _ in 0..<8_000 {
            var bytes = message(&random).bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            guard let role = MessageBench.Role.allCases.randomElement(using: &random),
                bench.load(bytes.span)
            else { continue }
            taken += 1
            bench.read(as: role) { _ in }
        }
        #expect(taken > 200)
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededRandom()
        let bench = MessageBench()
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...200, using: &random))
            if bench.load(bytes.span) { bench.read(as: .signal) { _ in } }
        }
    }
}
