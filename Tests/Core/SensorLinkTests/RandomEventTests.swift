import Bytes
import Foundation
import SensorLink
import TestSupport
import Testing
import Vitals

/// Events in any order, with names of nothing and answers to nothing.
struct RandomEventTests {
    private struct Source {
        var random: SeededRandom

        mutating func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

        mutating func flag() -> Bool? { [nil, nil, true, true, true, false][number(6)] }

        mutating func adapter() -> UInt8 { [0, 0, 0, 0, 1, 7, 8, 255][number(8)] }

        mutating func device() -> BluetoothAddress {
            number(3) > 0
                ? address(1 + number(4)) : BluetoothAddress(UInt64(number(200)) << 38)
        }

        mutating func characteristic() -> CharacteristicID {
            if number(2) == 0 {
                return CharacteristicID(device: address(1), service: 1, handle: 2)
            }
            return CharacteristicID(device: device(), service: 1, handle: UInt16(number(24)))
        }

        mutating func deviceFacts() -> DeviceFacts {
            var facts = DeviceFacts()
            if number(4) == 0 { facts.address = device() }
            facts.addressKind = [nil, .public, .random][number(3)]
            if number(3) == 0 { facts.name = DeviceName("Strap \(number(4))") }
            facts.rssi = [nil, .some(nil), .some(Int16(-30 - number(70)))][number(3)]
            if number(2) == 0 { facts.services = ServiceSet(rawValue: UInt16(number(256))) }
            facts.isConnected = flag()
            facts.servicesResolved = flag()
            return facts
        }

        mutating func characteristicFacts() -> CharacteristicFacts {
            var facts = CharacteristicFacts()
            if number(3) > 0 {
                facts.kind = Characteristic.allCases[number(Characteristic.allCases.count)]
            }
            facts.canNotify = flag()
            facts.isNotifying = flag()
            return facts
        }

        mutating func adapterFacts() -> AdapterFacts {
            var facts = AdapterFacts()
            facts.isPowered = flag()
            facts.isDiscovering = flag()
            return facts
        }

        static let failures: [CallFailure?] = [
            nil, nil, nil, nil, nil, nil, .inProgress, .connectionAborted, .classicBluetooth,
            .connectionCancelled, .unknownObject, .notReady, .notPermitted, .authentication,
            .notConnected, .notStarted, .daemonAway, .notSent, .accessDenied, .other,
        ]

        mutating func event(_ calls: [CallID]) -> BluetoothEvent {
            if number(3) == 0 {
                let id = CharacteristicID(device: address(1), service: 1, handle: 2)
                return .valueArrived(adapter: 0, id)
            }
            return anyEvent(calls)
        }

        private mutating func anyEvent(_ calls: [CallID]) -> BluetoothEvent {
            switch number(40) {
            case 0: [.busClosed, .daemonVanished, .malformedMessage, .malformedMessage][number(4)]
            case 1, 2: .busOpened
            case 3, 4: .daemonAppeared
            case 5...7: .adapterFound(adapter: adapter(), adapterFacts())
            case 8: .adapterChanged(adapter: adapter(), adapterFacts())
            case 9 where number(6) == 0: .adapterRemoved(adapter: adapter())
            case 10...13: .deviceFound(adapter: adapter(), device(), deviceFacts())
            case 14...17: .deviceChanged(adapter: adapter(), device(), deviceFacts())
            case 18 where number(4) == 0: .deviceRemoved(adapter: adapter(), device())
            case 19...21:
                .characteristicFound(
                    adapter: adapter(), characteristic(), characteristicFacts())
            case 22:
                .characteristicChanged(
                    adapter: adapter(), characteristic(), characteristicFacts())
            case 23: .characteristicRemoved(adapter: adapter(), characteristic())
            case 24...27: .valueArrived(adapter: adapter(), characteristic())
            case 28:
                .batteryLevel(
                    adapter: adapter(), device(), percent: UInt8(number(256)))
            default:
                .completed(
                    calls.isEmpty ? CallID(UInt32(number(1 << 20))) : calls[number(calls.count)],
                    Self.failures[number(Self.failures.count)])
            }
        }
    }

    private static let sequences =
        ProcessInfo.processInfo.environment["PULSEGATE_SIMULATION_SEEDS"].flatMap { Int($0) }
        ?? 100

    /// Nothing traps, no call is answered twice or forgotten, no sensor index is out of range, and
    /// while not everything streams something is due, in the future.
    @Test func anythingMayHappenAtAnyTime() {
        var source = Source(random: SeededRandom())
        let sixty: [UInt8] = [0, 60]
        var streamed = 0
        let pauses =
            [
                0, 0, 1, 1_000_000, 1_000_000, 9_000_000, 9_000_000, 50_000_000, 50_000_000,
                50_000_000, 300_000_000, 2_000_000_000, 60_000_000_000,
            ] as [Int64]
        for _ in 0..<Self.sequences {
            var now: Int64 = 0
            var supervisor = LinkSupervisor(
                settings: Self.settings(&source), now: now)
            var calls: [CallID] = []
            drain(&supervisor, &calls)
            // Half of them begin with a sensor that streams.
            if source.number(2) == 0 {
                for event in Self.goodBeginning {
                    for call in [nil] + calls.map({ $0 as CallID? }) {
                        let next = call.map { BluetoothEvent.completed($0, nil) } ?? event
                        calls.removeAll { $0 == call }
                        supervisor.handle(next, value: sixty.span, now: now)
                        drain(&supervisor, &calls)
                    }
                }
            }
            for _ in 0..<400 {
                now += pauses[source.number(pauses.count)]
                let value = source.random.bytes(source.number(20))
                if source.number(5) == 0 {
                    supervisor.advance(to: now)
                } else if source.number(50) == 0 {
                    supervisor.setEnabled(
                        source.number(2) == 0, sensor: source.number(supervisor.sensorCount),
                        now: now)
                } else {
                    let event = source.event(calls)
                    if case .completed(let id, _) = event { calls.removeAll { $0 == id } }
                    if event == .busClosed { calls = [] }
                    let delivery = supervisor.handle(event, value: value.span, now: now)
                    if let delivery {
                        #expect((0..<supervisor.sensorCount).contains(delivery.sensor))
                    }
                }
                drain(&supervisor, &calls)
                #expect(supervisor.pendingCalls == calls.count)
                supervisor.advance(to: now)
                drain(&supervisor, &calls)
                let states = (0..<supervisor.sensorCount).map {
                    supervisor.status(sensor: $0, now: now)?.state ?? .disabled
                }
                if states.contains(.streaming) { streamed += 1 }
                guard let due = supervisor.nextDeadline else {
                    #expect(states.allSatisfy { $0 == .streaming || $0 == .disabled })
                    continue
                }
                #expect(due > now, "\(states) \(supervisor.daemon) \(supervisor.adapter)")
                if due <= now { return }
            }
        }
        print("random events: \(streamed) of \(Self.sequences * 400) with a stream")
        #expect(streamed > 0, "the test would see nothing of a stream otherwise")
    }

    private static var goodBeginning: [BluetoothEvent] {
        var adapter = AdapterFacts()
        adapter.isPowered = true
        var device = DeviceFacts()
        device.isConnected = true
        device.servicesResolved = true
        var characteristic = CharacteristicFacts()
        characteristic.kind = .heartRateMeasurement
        let id = CharacteristicID(device: address(1), service: 1, handle: 2)
        let value = BluetoothEvent.valueArrived(adapter: 0, id)
        return [
            .busOpened, .daemonAppeared, .malformedMessage, .adapterFound(adapter: 0, adapter),
            .deviceFound(adapter: 0, address(1), device),
            .characteristicFound(adapter: 0, id, characteristic), value, value, value,
        ]
    }

    private static func settings(_ source: inout Source) -> LinkSettings {
        var settings = LinkSettings(
            choices: [
                SensorChoice(.address(address(1))),
                SensorChoice(.name(NamePattern("Strap 1*")), rssiLimit: -80),
                SensorChoice(.service(.heartRate), slots: 1 + source.number(3)),
                SensorChoice(
                    .address(address(2)), measurements: CharacteristicSet(rawValue: 0xFFFF)),
            ], seed: UInt64(source.number(1 << 30)))
        settings.permissions = LinkPermissions(rawValue: UInt8(source.number(32)))
        settings.discoversAlways = source.number(4) == 0
        if source.number(4) == 0 { settings.adapter = 1 }
        return settings
    }

    private func drain(_ supervisor: inout LinkSupervisor, _ calls: inout [CallID]) {
        while let action = supervisor.nextAction() {
            switch action {
            case .openBus: break
            case .call(let id, _): calls.append(id)
            case .abandon(let id): calls.removeAll { $0 == id }
            }
        }
        while supervisor.nextReport() != nil {}
    }
}
