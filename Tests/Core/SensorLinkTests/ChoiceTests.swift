import ModelBlueZ
import SensorLink
import Testing
import Vitals

/// Which device has which sensor index.
struct ChoiceTests {
    @Test(arguments: [
        ("Polar H10*", "Polar H10 12345678", true), ("Polar H10*", "Polar H10", true),
        ("Polar H10*", "Polar H9 1", false), ("*", "", true), ("*", "anything", true),
        ("", "", true), ("", "a", false), ("a*c", "abbc", true), ("a*c", "abbcd", false),
        ("*H10*", "My H10 strap", true), ("a**b", "ab", true), ("a*b*c", "aXbXbYc", true),
        ("a*b*c", "aXbXb", false), ("HRM", "HRM", true), ("HRM", "hrm", false),
        ("*é", "café", true), ("*a*a*a*a*b", String(repeating: "a", count: 32), false),
    ])
    func namePatternMatches(pattern: String, name: String, matches: Bool) {
        #expect(NamePattern(pattern).matches(DeviceName(name).bytes) == matches)
    }

    private func bench(_ choices: [SensorChoice], straps: Int) -> Bench {
        Bench(LinkSettings(choices: choices, seed: 3), straps: straps)
    }

    private func bound(_ bench: Bench) -> [BluetoothAddress?] {
        (0..<bench.supervisor.sensorCount).map { bench.status($0).address }
    }

    @Test func moreExactChoiceGetsTheDevice() {
        let bench = bench(
            [
                SensorChoice(.service(.heartRate), slots: 2),
                SensorChoice(.name(NamePattern("Strap *"))),
                SensorChoice(.name(NamePattern("Strap 2"))), SensorChoice(.address(address(1))),
            ], straps: 5)
        bench.settle()
        #expect(bound(bench)[4] == address(1))
        #expect(bound(bench)[3] == address(2))
        #expect(Set(bound(bench)).count == 5)
        #expect(bench.reports.count { if case .bound = $0 { true } else { false } } == 5)
        bench.expectRules()
    }

    @Test func nameThatComesLateMovesTheDevice() {
        let bench = bench(
            [
                SensorChoice(.service(.heartRate), slots: 2),
                SensorChoice(.name(NamePattern("Strap 1"))),
            ], straps: 0)
        bench.run(second)
        var facts = DeviceFacts()
        facts.rssi = .some(-50)
        facts.services = ServiceSet(.heartRate)
        // Two at once, so that the second waits for its turn.
        bench.blueZ.hang()
        bench.hand(.deviceFound(adapter: 0, address(9), facts))
        bench.hand(.deviceFound(adapter: 0, address(1), facts))
        #expect(bound(bench)[0] == address(9) && bound(bench)[1] == address(1))
        facts.name = DeviceName("Strap 1")
        bench.hand(.deviceChanged(adapter: 0, address(1), facts))
        #expect(bound(bench)[2] == address(1))
        #expect(bound(bench)[1] == nil)
        #expect(bench.reports.contains(.released(sensor: 1, address(1))))
    }

    @Test func sameDeviceGetsTheSameIndexAgain() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 3)], straps: 3)
        bench.settle()
        let before = bound(bench)
        for strap in 0..<3 { bench.blueZ.leave(strap) }
        bench.run(3 * minute)
        for strap in [2, 0, 1] {
            bench.blueZ.appear(strap)
            bench.run(10 * second)
        }
        bench.settle()
        bench.blueZ.kill()
        bench.run(second)
        bench.settle()
        #expect(bound(bench) == before)
        #expect(bench.reports.count { if case .bound = $0 { true } else { false } } == 3)
        bench.expectRules()
    }

    @Test func capIsKept() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 2)], straps: 6)
        bench.settle()
        bench.run(10 * minute)
        #expect(bench.blueZ.straps.count { $0.isLinked } == 2)
        #expect(!bench.blueZ.isDiscovering)
    }

    @Test func indexOfADeviceThatIsGoneForLongIsGivenAway() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 2)], straps: 3)
        bench.blueZ.straps[2].isInRange = false
        bench.settle()
        bench.blueZ.leave(0)
        bench.blueZ.appear(2)
        bench.run(2 * minute)
        #expect(Set(bound(bench)) == [address(1), address(2)], "held")
        bench.run(10 * minute)
        #expect(Set(bound(bench)) == [address(3), address(2)])
        bench.expectRules()
    }

    @Test func missingIndexOfAChoiceForAnyIsLookedForInTurns() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 2)], straps: 1)
        bench.run(5 * second)
        #expect(bench.state(0) == .streaming)
        var on = 0
        for _ in 0..<600 {
            bench.run(second)
            if bench.blueZ.isDiscovering { on += 1 }
        }
        #expect((80...160).contains(on), "11 s a minute")
        bench.expectRules()
    }

    @Test func weakDeviceIsNotTaken() {
        let choice = SensorChoice(.service(.heartRate), slots: 2, rssiLimit: -70)
        let bench = bench([choice], straps: 2)
        bench.blueZ.straps[0].rssi = -80
        bench.run(minute)
        #expect(bound(bench) == [address(2), nil])
        #expect(
            bench.blueZ.calls.contains(.setDiscoveryFilter(adapter: 0, rssiLimit: -70)))
        bench.blueZ.leave(0)
        bench.run(minute)
        bench.blueZ.straps[0].rssi = -65
        bench.blueZ.appear(0)
        bench.run(2 * minute)
        #expect(bound(bench) == [address(2), address(1)])
    }

    @Test func limitOfOneChoiceHidesNoSensorOfAnother() {
        let bench = bench(
            [
                SensorChoice(.service(.heartRate), rssiLimit: -70),
                SensorChoice(.address(address(1))),
            ], straps: 1)
        bench.blueZ.straps[0].rssi = -85
        bench.run(minute)
        #expect(bound(bench)[1] == address(1))
        #expect(bench.state(1) == .streaming)
        #expect(
            bench.blueZ.calls.contains(.setDiscoveryFilter(adapter: 0, rssiLimit: nil)))
    }

    @Test func newResolvableAddressIsTheSameSensor() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 2)], straps: 1)
        bench.blueZ.straps[0].kind = .random
        bench.blueZ.straps[0].address = BluetoothAddress(0x5A00_0000_0001)
        bench.run(minute)
        for rotation in 2...6 as ClosedRange<UInt64> {
            bench.blueZ.leave(0)
            bench.run(10 * second)
            bench.blueZ.straps[0].isInRange = true
            bench.blueZ.rotate(0, to: BluetoothAddress(0x5A00_0000_0000 + rotation))
            #expect(seconds(bench.recovery(0)) < 8, "rotation \(rotation)")
            #expect(bound(bench) == [BluetoothAddress(0x5A00_0000_0000 + rotation), nil])
        }
        bench.expectRules()
    }

    @Test func staticAddressWithTheSameNameIsAnotherSensor() {
        let bench = bench([SensorChoice(.service(.heartRate), slots: 2)], straps: 2)
        bench.blueZ.straps[1].name = "Strap 1"
        bench.blueZ.straps[1].isInRange = false
        bench.run(minute)
        bench.blueZ.leave(0)
        bench.run(20 * second)
        bench.blueZ.appear(1)
        bench.run(20 * second)
        #expect(bound(bench) == [address(1), address(2)])
    }

    /// Devices out of the daemon's store take no index of a choice for any.
    @Test func storedDeviceThatNobodySeesIsNoSensor() {
        let bench = bench([SensorChoice(.service(.heartRate))], straps: 2)
        bench.blueZ.straps[1].isInRange = false
        bench.settle()
        bench.blueZ.leave(0)
        bench.blueZ.kill()
        bench.run(10 * minute)
        bench.restart()
        bench.blueZ.appear(1)
        bench.run(minute)
        #expect(bound(bench) == [address(2)])
    }

    @Test func sixtyFourDevicesAreKnownAndNoMore() {
        var settings = Bench.settings(1)
        settings.discoversAlways = true
        let bench = Bench(settings, straps: 1)
        for number in 0..<200 {
            var lamp = ModelStrap(BluetoothAddress(0xA000 + UInt64(number)), name: "Lamp")
            lamp.services = ServiceSet(rawValue: 0)
            lamp.rssi = Int16(-100 + number / 4)
            bench.blueZ.straps.append(lamp)
        }
        bench.run(minute)
        #expect(bench.state(0) == .streaming)
        let known = (0..<LinkLimits.devices).compactMap {
            bench.supervisor.device($0, now: bench.now)
        }
        #expect(known.count == 64)
        #expect(known.count { $0.sensor == 0 } == 1)
        #expect(bench.supervisor.counters.devicesForgotten > 100)
        // The last that came has a place, whatever it is.
        let strengths = known.compactMap { $0.sensor == nil ? $0.rssi : nil }.sorted()
        #expect(strengths[1] >= -70, "the strong ones stay")
        #expect(bench.blueZ.isDiscovering)
    }

    @Test func adapterOfTheSettingsIsUsedAndNoOther() {
        var settings = Bench.settings(1)
        settings.adapter = 1
        let bench = Bench(settings)
        bench.run(second)
        #expect(bench.supervisor.adapter == .absent)
        var facts = AdapterFacts()
        facts.isPowered = true
        bench.hand(.adapterFound(adapter: 1, facts))
        #expect(
            bench.blueZ.calls.last == .setDiscoveryFilter(adapter: 1, rssiLimit: nil))
    }
}
