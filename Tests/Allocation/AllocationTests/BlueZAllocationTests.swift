import BlueZ
import CMallocCount
import Linux
import SensorLink
import TestSupport
import XCTest

/// What a notification of BlueZ takes from the heap on its way from the socket to its bytes.
final class BlueZAllocationTests: XCTestCase {
    /// libdbus keeps five messages for use again (MAX_MESSAGE_CACHE_SIZE), which is enough for
    /// values that come one by one. Of those that come at once, the others are made anew: 3.3
    /// blocks for each of 50, with libdbus 1.14.
    private static let onesMax = 0.05
    private static let burstMax = 5.0

    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    func testReadingANotificationTakesNothingFromTheHeap() throws {
        try skipDebugBuilds()
        let bytes = WireMessage.change(
            path: "/org/bluez/hci0/dev_C0_00_00_00_00_00/service0010/char0011",
            interface: "org.bluez.GattCharacteristic1", [("Value", .bytes([6, 72]))]
        ).bytes
        let bench = MessageBench()
        var values = 0
        pulsegate_malloc_reset()
        for _ in 0..<10_000 {
            XCTAssertTrue(bench.load(bytes.span))
            pulsegate_malloc_stage(0)
            bench.read(as: .signal) { event in
                if case .valueArrived = event { values += bench.withValue { $0.count } }
            }
            pulsegate_malloc_stage(-1)
        }
        XCTAssertEqual(values, 20_000)
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
    }

    func testNotificationFromTheSocketTakesWhatLibdbusTakes() throws {
        try skipDebugBuilds()
        let listener = try Listener()
        try listener.connect()
        _ = try listener.singly(100)
        XCTAssertLessThanOrEqual(try listener.singly(1_000), Self.onesMax)
        XCTAssertLessThanOrEqual(try listener.stream(100, atOnce: 50), Self.burstMax)
    }
}

/// A client of the fake BlueZ whose blocks are counted while it serves the bus.
private final class Listener {
    /// Nothing came within 20 s; what had come before.
    private struct Silence: Error {
        let seen: [BluetoothEvent]
    }

    private static let strap = "C0:00:00:00:00:00"

    private let fake: FakeBus
    private let client: BlueZClient
    private var poller: Poller
    private var values = 0
    private var seen: [BluetoothEvent] = []

    init() throws {
        fake = try FakeBus()
        client = try BlueZClient(address: fake.address)
        poller = try Poller()
        try poller.set(client.number, token: 1, readable: true, writable: false)
        seen.reserveCapacity(1_000)
    }

    private func turn() throws {
        var isReady = false
        try poller.wait(timeoutNanoseconds: 20_000_000_000) { _ in isReady = true }
        guard isReady else { throw Silence(seen: seen) }
        pulsegate_malloc_stage(0)
        defer { pulsegate_malloc_stage(-1) }
        try client.service()
        while let event = client.nextEvent() {
            if case .valueArrived = event {
                values += client.withValue { $0.count }
            } else {
                seen.append(event)
            }
        }
    }

    private func wait(for event: BluetoothEvent) throws {
        while !seen.contains(event) { try turn() }
    }

    /// Opens the bus, connects to the strap and subscribes.
    func connect() throws {
        let strap = BluetoothAddress(0xC000_0000_0000)
        let id = CharacteristicID(device: strap, service: 0x10, handle: 0x11)
        client.perform(.openBus)
        try wait(for: .daemonAppeared)
        for (number, call) in [
            BluetoothCall.startDiscovery(adapter: 0), .stopDiscovery(adapter: 0),
            .connect(adapter: 0, strap), .enumerate, .startNotify(adapter: 0, id),
        ].enumerated() {
            client.perform(.call(CallID(UInt32(number)), call))
            try wait(for: .completed(CallID(UInt32(number)), nil))
            // The attributes are there when the battery is.
            if number == 2 {
                try wait(for: .batteryLevel(adapter: 0, strap, percent: 95))
            }
        }
    }

    /// Streams `beats` of `atOnce` values each; blocks taken for each value.
    func stream(_ beats: Int, atOnce: Int) throws -> Double {
        let count = beats * atOnce
        let wanted = values + 2 * count
        let addresses = [String](repeating: Self.strap, count: atOnce)
        pulsegate_malloc_reset()
        let start = Clock.processorNanoseconds()
        try fake.order(
            "stream", ["addresses": addresses, "rates": [70, 71], "hz": 10, "count": beats])
        while values < wanted { try turn() }
        let taken = Double(pulsegate_malloc_taken(0)) / Double(count)
        let microseconds = (Clock.processorNanoseconds() - start) / Int64(count) / 1_000
        print("allocations of a notification, \(atOnce) at once: \(taken), \(microseconds) us")
        return taken
    }

    /// Sends values each of which is taken before the next; blocks taken for each.
    func singly(_ count: Int) throws -> Double {
        pulsegate_malloc_reset()
        for _ in 0..<count {
            let wanted = values + 2
            try fake.order("notify", ["address": Self.strap, "hex": "0646"])
            while values < wanted { try turn() }
        }
        let taken = Double(pulsegate_malloc_taken(0)) / Double(count)
        print("allocations of a notification, one by one: \(taken)")
        return taken
    }
}
