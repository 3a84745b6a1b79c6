import BlueZ
import Bytes
import Foundation
import Linux
import SensorLink
import TestSupport
import Testing

/// A client in an outer poller, as the program has it, on a fake BlueZ.
final class Bench {
    static let adapter: UInt8 = 0
    static let strap = BluetoothAddress(0xC000_0000_0000)
    static let strapText = "C0:00:00:00:00:00"
    static let heartRate = heartRate(of: strap)

    static func heartRate(of device: BluetoothAddress) -> CharacteristicID {
        CharacteristicID(device: device, service: 0x10, handle: 0x11)
    }

    let client: BlueZClient
    private var poller: Poller
    /// Everything that has come, in order.
    private(set) var events: [BluetoothEvent] = []
    /// The bytes beside each `valueArrived`, and beside each completion of a `readValue`.
    private(set) var values: [[UInt8]] = []
    private var nextCall: UInt32 = 1
    private var reads: Set<CallID> = []

    init(address: String) throws {
        client = try BlueZClient(address: address)
        poller = try Poller()
        try poller.set(client.number, token: 1, readable: true, writable: false)
    }

    /// Opens the bus and waits for it and for BlueZ.
    convenience init(on fake: FakeBus) throws {
        try self.init(address: fake.address)
        client.perform(.openBus)
        try wait(for: .daemonAppeared)
        try #require(take() == [.busOpened, .daemonAppeared])
    }

    /// The events so far, which are forgotten.
    func take() -> [BluetoothEvent] {
        collect()
        defer { events = [] }
        return events
    }

    private func collect() {
        while let event = client.nextEvent() {
            events.append(event)
            switch event {
            case .valueArrived: values.append(client.withValue { [UInt8](copying: $0) })
            case .completed(let id, nil) where reads.remove(id) != nil:
                values.append(client.withValue { [UInt8](copying: $0) })
            default: break
            }
        }
    }

    /// Waits for the client as the program does, until `isDone`; false after 10 s without.
    func drive(until isDone: () -> Bool) throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        collect()
        while !isDone() {
            guard ContinuousClock.now < end else { return false }
            var isReady = false
            try poller.wait(timeoutNanoseconds: 1_000_000_000) { isReady = $0.token == 1 }
            if isReady { try client.service() }
            collect()
        }
        return true
    }

    func wait(for event: BluetoothEvent, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let isThere = try drive { events.contains(event) }
        try #require(
            isThere, "waited for \(event), had \(events)", sourceLocation: sourceLocation)
    }

    /// Starts a call; its id.
    func start(_ call: BluetoothCall) -> CallID {
        let id = CallID(nextCall)
        nextCall += 1
        if case .readValue = call { reads.insert(id) }
        client.perform(.call(id, call))
        return id
    }

    /// Makes a call and waits for its end: nil, or why it failed.
    func call(
        _ call: BluetoothCall, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CallFailure? {
        try finish(start(call), sourceLocation: sourceLocation)
    }

    func finish(
        _ id: CallID, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CallFailure? {
        var answer: CallFailure?
        let isThere = try drive {
            events.contains { event in
                guard case .completed(id, let failure) = event else { return false }
                answer = failure
                return true
            }
        }
        try #require(isThere, "no answer; \(events)", sourceLocation: sourceLocation)
        return answer
    }

    /// Discovers the strap, connects to it and subscribes.
    func connectStrap() throws {
        #expect(try call(.startDiscovery(adapter: 0)) == nil)
        try #require(try drive { events.contains { $0.isFound(Self.strap) } })
        #expect(try call(.stopDiscovery(adapter: 0)) == nil)
        #expect(try call(.connect(adapter: 0, Self.strap)) == nil)
        try #require(try drive { events.contains { $0.facts?.servicesResolved == true } })
        #expect(try call(.startNotify(adapter: 0, Self.heartRate)) == nil)
        _ = take()
    }
}

extension BluetoothEvent {
    func isFound(_ device: BluetoothAddress) -> Bool {
        if case .deviceFound(_, device, _) = self { true } else { false }
    }

    /// What a device event says.
    var facts: DeviceFacts? {
        switch self {
        case .deviceFound(_, _, let facts), .deviceChanged(_, _, let facts): facts
        default: nil
        }
    }
}

/// All suites that start processes: one after the other.
@Suite(.serialized) enum BlueZTests {}

/// A value of JSON as text, its keys in order.
func json(_ value: Any?) throws -> String {
    let data = try JSONSerialization.data(
        withJSONObject: try #require(value), options: [.sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
}
