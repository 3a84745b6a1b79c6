import BlueZ
import Bytes
import SensorLink
import TestSupport
import Testing
import Vitals

extension BlueZTests {
    /// A strap's life on a BlueZ that is well.
    @Suite(.serialized) struct SensorTests {
        private let strap = Bench.strap
        private let heartRate = Bench.heartRate

        @Test func enumerationNamesEveryObjectAndThenCompletes() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            let id = bench.start(.enumerate)
            #expect(try bench.finish(id) == nil)
            let events = bench.take()
            #expect(events.last == .completed(id, nil))
            var adapter = AdapterFacts()
            adapter.address = BluetoothAddress(0x0011_2233_4455)
            adapter.isPowered = true
            adapter.isDiscovering = false
            #expect(events.contains(.adapterFound(adapter: 0, adapter)))
            var device = DeviceFacts()
            device.address = strap
            device.addressKind = .random
            device.name = DeviceName("Strap 1")
            device.services = [ServiceSet(.heartRate), ServiceSet(.battery)]
            device.isConnected = true
            device.servicesResolved = true
            device.isPaired = false
            #expect(events.contains(.deviceFound(adapter: 0, strap, device)))
            #expect(events.contains(.batteryLevel(adapter: 0, strap, percent: 95)))
            var measurement = CharacteristicFacts()
            measurement.kind = .heartRateMeasurement
            measurement.canNotify = true
            measurement.isNotifying = true
            #expect(events.contains(.characteristicFound(adapter: 0, heartRate, measurement)))
            var location = CharacteristicFacts()
            location.kind = .bodySensorLocation
            location.canNotify = false
            let other = CharacteristicID(device: strap, service: 0x10, handle: 0x14)
            #expect(events.contains(.characteristicFound(adapter: 0, other, location)))
            #expect(events.count == 6, "\(events)")
        }

        @Test func strapIsFoundConnectedAndItsValuesArrive() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            for hex in ["0648", "0648", "", "16480302", "00", String(repeating: "ff", count: 512)] {
                try fake.order("notify", ["address": Bench.strapText, "hex": hex])
            }
            let value = BluetoothEvent.valueArrived(adapter: 0, heartRate)
            #expect(try bench.drive { bench.values.count == 6 })
            #expect(bench.take() == [BluetoothEvent](repeating: value, count: 6))
            #expect(
                bench.values == [
                    [6, 72], [6, 72], [], [0x16, 0x48, 3, 2], [0],
                    [UInt8](repeating: 255, count: 512),
                ])
        }

        @Test func valueLongerThanAnAttributeIsMalformed() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            let hex = String(repeating: "ab", count: 513)
            try fake.order("notify", ["address": Bench.strapText, "hex": hex])
            try bench.wait(for: .malformedMessage)
            #expect(bench.take() == [.malformedMessage])
        }

        @Test func callsReachBlueZAsTheyAreMeant() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            #expect(try bench.call(.setDiscoveryFilter(adapter: 0, rssiLimit: -80)) == nil)
            #expect(try bench.call(.setDiscoveryFilter(adapter: 0, rssiLimit: nil)) == nil)
            try bench.connectStrap()
            #expect(try bench.call(.stopNotify(adapter: 0, heartRate)) == nil)
            #expect(try bench.call(.stopNotify(adapter: 0, heartRate)) == .notStarted)
            #expect(try bench.call(.disconnect(adapter: 0, strap)) == nil)
            #expect(try bench.call(.removeDevice(adapter: 0, strap)) == nil)
            #expect(try bench.call(.setPowered(adapter: 0, false)) == nil)
            let calls = try #require(try fake.order("calls")["calls"] as? [[String: Any]])
            let texts = calls.map { call in
                "\(call["path"] ?? "") \(call["interface"] ?? "") \(call["member"] ?? "")"
            }
            let adapter = "/org/bluez/hci0 org.bluez.Adapter1"
            let device = "/org/bluez/hci0/dev_C0_00_00_00_00_00"
            let attribute = "\(device)/service0010/char0011 org.bluez.GattCharacteristic1"
            #expect(
                texts == [
                    "\(adapter) SetDiscoveryFilter", "\(adapter) SetDiscoveryFilter",
                    "\(adapter) StartDiscovery", "\(adapter) StopDiscovery",
                    "\(device) org.bluez.Device1 Connect", "\(attribute) StartNotify",
                    "\(attribute) StopNotify", "\(attribute) StopNotify",
                    "\(device) org.bluez.Device1 Disconnect", "\(adapter) RemoveDevice",
                    "/org/bluez/hci0 org.freedesktop.DBus.Properties Set",
                ])
            #expect(calls.allSatisfy { $0["auto_start"] as? Bool == false })
            let bodies = try calls.map { try json($0["body"]) }
            #expect(
                bodies[0]
                    == #"[{"DuplicateData":{"b":false},"RSSI":{"n":-80},"Transport":{"s":"le"}}]"#)
            #expect(bodies[1] == #"[{"DuplicateData":{"b":false},"Transport":{"s":"le"}}]"#)
            #expect(bodies[9] == #"["\#(device)"]"#)
            #expect(bodies[10] == #"["org.bluez.Adapter1","Powered",{"b":false}]"#)
        }

        @Test func readValueComesBesideItsCompletion() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            try fake.order("notify", ["address": Bench.strapText, "hex": "0651"])
            #expect(try bench.drive { bench.values.count == 1 })
            #expect(try bench.call(.readValue(adapter: 0, heartRate)) == nil)
            #expect(bench.values == [[6, 81], [6, 81]])
        }

        @Test func rssiIsWithdrawnWhenDiscoveryEnds() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.drive { bench.events.contains { $0.facts?.rssi == .some(-60) } })
            _ = bench.take()
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            #expect(bench.events.contains { $0.facts?.rssi == .some(nil) })
        }

        @Test func strapOutOfRangeLosesItsLinkAndThenItsObject() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            try fake.order("vanish", ["address": Bench.strapText])
            #expect(try bench.drive { bench.events.contains { $0.facts?.isConnected == false } })
            var lost = DeviceFacts()
            lost.isConnected = false
            lost.servicesResolved = false
            #expect(bench.take() == [.deviceChanged(adapter: 0, strap, lost)])
            // Thirty seconds later, by its clock.
            try bench.wait(for: .deviceRemoved(adapter: 0, strap))
            #expect(bench.events.contains(.characteristicRemoved(adapter: 0, heartRate)))
            #expect(try bench.call(.connect(adapter: 0, strap)) == .unknownObject)
        }

        @Test func acquiredSocketBringsValuesAndItsEnd() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            #expect(try bench.call(.stopNotify(adapter: 0, heartRate)) == nil)
            _ = bench.take()
            let id = bench.start(.acquireNotify(adapter: 0, heartRate))
            #expect(try bench.finish(id) == nil)
            #expect(bench.client.socketsOpen == 1)
            _ = bench.take()
            for hex in ["0646", "", "0647"] {
                try fake.order("notify", ["address": Bench.strapText, "hex": hex])
            }
            #expect(try bench.drive { bench.values.count == 3 })
            #expect(bench.values == [[6, 70], [], [6, 71]])
            _ = bench.take()
            try fake.order("end-acquired", ["address": Bench.strapText])
            var ended = CharacteristicFacts()
            ended.isNotifying = false
            try bench.wait(for: .characteristicChanged(adapter: 0, heartRate, ended))
            #expect(bench.take().count == 1)
            #expect(bench.client.socketsOpen == 0)
        }

        @Test func releasedSocketIsClosedOnce() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            #expect(try bench.call(.stopNotify(adapter: 0, heartRate)) == nil)
            #expect(try bench.call(.acquireNotify(adapter: 0, heartRate)) == nil)
            #expect(try bench.call(.acquireNotify(adapter: 0, heartRate)) == .notPermitted)
            #expect(try bench.call(.releaseNotify(adapter: 0, heartRate)) == nil)
            #expect(try bench.call(.releaseNotify(adapter: 0, heartRate)) == .notStarted)
            #expect(bench.client.socketsOpen == 0)
        }

        @Test func fiftyStrapsStreamAtOnce() throws {
            let fake = try FakeBus(sensors: 50)
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            let straps = (0..<50).map { BluetoothAddress(Bench.strap.bits + UInt64($0)) }
            #expect(
                try bench.drive {
                    straps.allSatisfy { strap in bench.events.contains { $0.isFound(strap) } }
                })
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            for work in [
                straps.map { BluetoothCall.connect(adapter: 0, $0) },
                straps.map { .startNotify(adapter: 0, Bench.heartRate(of: $0)) },
            ] {
                let ids = work.map { bench.start($0) }
                for id in ids { #expect(try bench.finish(id) == nil) }
                let last = BluetoothEvent.batteryLevel(adapter: 0, straps[49], percent: 95)
                #expect(try bench.drive { bench.events.contains(last) })
            }
            let addresses = (0..<50).map { "C0:00:00:00:00:" + hex($0) }
            _ = bench.take()
            try fake.order(
                "stream", ["addresses": addresses, "rates": [70, 71, 72], "hz": 1, "count": 30])
            #expect(try bench.drive { bench.values.count == 1_500 })
            for strap in straps {
                let id = Bench.heartRate(of: strap)
                let count = bench.events.filter { $0 == .valueArrived(adapter: 0, id) }.count
                #expect(count == 30)
            }
        }

        private func hex(_ number: Int) -> String {
            (number < 16 ? "0" : "") + String(number, radix: 16, uppercase: true)
        }
    }
}
