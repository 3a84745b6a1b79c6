import CMallocCount
import SensorLink
import Vitals
import XCTest

/// The supervisor of the links takes its memory at its start: whole lives of a sensor, with links
/// that are lost, silence and a daemon that vanishes, take nothing from the heap.
///
/// The number holds for the release build.
final class LinkAllocationTests: XCTestCase {
    private static let second: Int64 = 1_000_000_000
    private static let address = BluetoothAddress(0xC000_0000_0001)
    private static let characteristic = CharacteristicID(device: address, service: 1, handle: 2)
    private static let value: [UInt8] = [0, 60]

    /// The supervisor, the time, and the call whose answer is still owed.
    private struct Life: ~Copyable {
        var supervisor = LinkSupervisor(
            settings: LinkSettings(
                choices: [
                    SensorChoice(.name(NamePattern("Strap*"))),
                    SensorChoice(.service(.heartRate), slots: 3),
                ], seed: 1), now: 0)
        var now: Int64 = 0
        var owed: CallID?
        var values = 0
        var reports = 0

        mutating func hand(_ event: BluetoothEvent) {
            now += 1_000_000
            if supervisor.handle(event, value: value.span, now: now) != nil { values += 1 }
            drain()
        }

        /// Answers every call well, until there is none.
        mutating func answer() {
            while let call = owed {
                owed = nil
                hand(.completed(call, nil))
            }
        }

        mutating func wait(_ duration: Int64) {
            let end = now + duration
            while let due = supervisor.nextDeadline, due <= end {
                now = max(now, due)
                supervisor.advance(to: now)
                drain()
            }
            now = end
        }

        private mutating func drain() {
            while let action = supervisor.nextAction() {
                if case .call(let id, _) = action { owed = id }
            }
            while supervisor.nextReport() != nil { reports += 1 }
        }
    }

    private func live(_ life: inout Life) {
        life.hand(.busOpened)
        life.hand(.daemonAppeared)
        life.answer()
        var adapter = AdapterFacts()
        adapter.isPowered = true
        life.hand(.adapterFound(adapter: 0, adapter))
        life.answer()
        for number in 0..<100 as Range<UInt64> {
            var lamp = DeviceFacts()
            lamp.rssi = .some(-80)
            lamp.name = DeviceName("Lamp")
            life.hand(.deviceFound(adapter: 0, BluetoothAddress(number), lamp))
        }
        for _ in 0..<3 { liveALink(&life) }
        // Silence: the ladder, with nobody who answers.
        life.wait(120 * Self.second)
        life.hand(.daemonVanished)
        life.hand(.busClosed)
        life.wait(10 * Self.second)
    }

    private func liveALink(_ life: inout Life) {
        var device = DeviceFacts()
        device.name = DeviceName("Strap 1")
        device.services = ServiceSet(rawValue: 8)
        device.rssi = .some(-50)
        life.hand(.deviceFound(adapter: 0, Self.address, device))
        life.answer()
        device.isConnected = true
        device.servicesResolved = true
        life.hand(.deviceChanged(adapter: 0, Self.address, device))
        var facts = CharacteristicFacts()
        facts.kind = .heartRateMeasurement
        life.hand(.characteristicFound(adapter: 0, Self.characteristic, facts))
        life.answer()
        for _ in 0..<30 {
            life.hand(.valueArrived(adapter: 0, Self.characteristic))
            life.wait(Self.second)
        }
        device.isConnected = false
        life.hand(.deviceChanged(adapter: 0, Self.address, device))
        life.answer()
    }

    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    func testLivesOfASensorTakeNothingFromTheHeap() throws {
        try skipDebugBuilds()
        var life = Life()
        live(&life)
        pulsegate_malloc_reset()
        pulsegate_malloc_stage(0)
        for _ in 0..<50 { live(&life) }
        pulsegate_malloc_stage(-1)
        XCTAssertEqual(life.values, 51 * 90, "every value was delivered")
        XCTAssertGreaterThan(life.reports, 1_000)
        XCTAssertGreaterThan(life.supervisor.counters.rungs[.reconnect], 0)
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
    }
}
