import BlueZ
import Bytes
import SensorLink
import TestSupport
import Testing

extension BlueZTests {
    /// A BlueZ that fails, each way that was seen in the field.
    @Suite(.serialized) struct FaultTests {
        private let strap = Bench.strap
        private let heartRate = Bench.heartRate
        private let text = Bench.strapText

        @Test func inProgressComesUnderBothNames() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == .inProgress)
            for (version, count) in [("5.66", 1), ("5.82", 1)] {
                let fake = try FakeBus(bluez: version)
                let bench = try Bench(on: fake)
                try bench.connectStrap()
                try fake.order("vanish", ["address": text])
                #expect(
                    try bench.drive { bench.events.contains { $0.facts?.isConnected == false } })
                let first = bench.start(.connect(adapter: 0, strap))
                #expect(try bench.call(.connect(adapter: 0, strap)) == .inProgress)
                #expect(bench.client.callsUnderWay == count)
                // Disconnect ends the attempt that is under way.
                let end = bench.start(.disconnect(adapter: 0, strap))
                #expect(try bench.finish(first) == .connectionCancelled)
                #expect(try bench.finish(end) == nil)
            }
        }

        @Test func injectedErrorsComeAsOftenAsTheyAreMade() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            let name = "org.bluez.Error.InProgress"
            try fake.order(
                "fail", ["member": "StartDiscovery", "name": name, "text": "x", "times": 3])
            for _ in 0..<3 {
                #expect(try bench.call(.startDiscovery(adapter: 0)) == .inProgress)
            }
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
        }

        @Test func abortedAttemptThatComesUpAllTheSameIsToldInOrder() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.drive { bench.events.contains { $0.isFound(strap) } })
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            try fake.order("sensor", ["address": text, "aborts": 1])
            _ = bench.take()
            let id = bench.start(.connect(adapter: 0, strap))
            #expect(
                try bench.drive { bench.events.contains { $0.facts?.isConnected == false } })
            let places = [
                bench.events.firstIndex { $0.facts?.isConnected == true },
                bench.events.firstIndex { $0.facts?.isConnected == false },
            ]
            #expect(bench.events.contains(.completed(id, .connectionAborted)))
            #expect(try #require(places[0]) < (try #require(places[1])))
        }

        @Test func absentStrapIsGivenUpAndItsObjectGoes() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.drive { bench.events.contains { $0.isFound(strap) } })
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            try fake.order("vanish", ["address": text])
            #expect(try bench.call(.connect(adapter: 0, strap)) == .connectionAborted)
            try bench.wait(for: .deviceRemoved(adapter: 0, strap))
        }

        @Test func servicesThatNeverResolveAreNotInvented() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("sensor", ["address": text, "never_resolves": true])
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.drive { bench.events.contains { $0.isFound(strap) } })
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            #expect(try bench.call(.connect(adapter: 0, strap)) == nil)
            #expect(try bench.call(.startNotify(adapter: 0, heartRate)) == .unknownObject)
            #expect(try bench.call(.enumerate) == nil)
            let resolved = bench.events.contains { $0.facts?.servicesResolved == true }
            #expect(!resolved)
        }

        @Test func resolvedBeforeTheAttributesAreThereIsToldAsItCame() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("sensor", ["address": text, "resolves_early": true])
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.drive { bench.events.contains { $0.isFound(strap) } })
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == nil)
            _ = bench.take()
            #expect(try bench.call(.connect(adapter: 0, strap)) == nil)
            func isAttribute(_ event: BluetoothEvent) -> Bool {
                if case .characteristicFound = event { true } else { false }
            }
            #expect(try bench.drive { bench.events.contains(where: isAttribute) })
            let resolved = bench.events.firstIndex { $0.facts?.servicesResolved == true }
            let attribute = bench.events.firstIndex(where: isAttribute)
            #expect(try #require(resolved) < (try #require(attribute)))
        }

        @Test func abandonedCallIsNeverAnswered() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("hang", ["member": "StartDiscovery"])
            let hung = bench.start(.startDiscovery(adapter: 0))
            let late = bench.start(.stopDiscovery(adapter: 0))
            bench.client.perform(.abandon(hung))
            bench.client.perform(.abandon(late))
            #expect(bench.client.callsUnderWay == 0)
            let id = bench.start(.enumerate)
            #expect(try bench.finish(id) == nil)
            let completions = bench.events.filter {
                if case .completed = $0 { true } else { false }
            }
            #expect(completions == [.completed(id, nil)])
        }

        @Test func moreCallsThanTheLimitAreNotSent() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("hang", ["member": "StartDiscovery", "times": 1_000])
            for _ in 0..<BlueZClient.callsMax { _ = bench.start(.startDiscovery(adapter: 0)) }
            #expect(bench.client.callsUnderWay == BlueZClient.callsMax)
            #expect(bench.take() == [])
            #expect(try bench.call(.stopDiscovery(adapter: 0)) == .notSent)
        }

        @Test func daemonThatVanishesEndsItsCallsWithoutAWord() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("hang", ["member": "StartDiscovery"])
            _ = bench.start(.startDiscovery(adapter: 0))
            try fake.order("kill")
            try bench.wait(for: .daemonVanished)
            #expect(bench.client.callsUnderWay == 0)
            // The bus answers for the dead, before this call's answer.
            #expect(try bench.call(.enumerate) == .daemonAway)
            #expect(bench.take().count == 2)
        }

        @Test func daemonThatStopsPolitelyTakesEverythingAwayFirst() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            try fake.order("stop")
            try bench.wait(for: .daemonVanished)
            let events = bench.take()
            #expect(events.contains(.deviceRemoved(adapter: 0, strap)))
            #expect(events.contains(.adapterRemoved(adapter: 0)))
            #expect(events.last == .daemonVanished)
        }

        @Test func restartThroughSystemdBringsTheDaemonBack() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            let id = bench.start(.restartDaemon)
            try bench.wait(for: .daemonAppeared)
            #expect(bench.events.contains(.completed(id, nil)))
            try fake.order(
                "fail",
                [
                    "member": "RestartUnit",
                    "name": "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
                ])
            #expect(try bench.call(.restartDaemon) == .accessDenied)
        }

        @Test func adapterThatGoesAndComesIsTold() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("adapter", ["present": false])
            try bench.wait(for: .adapterRemoved(adapter: 0))
            #expect(try bench.call(.startDiscovery(adapter: 0)) == .unknownObject)
            try fake.order("adapter", ["present": true])
            #expect(
                try bench.drive {
                    bench.events.contains { event in
                        if case .adapterFound(0, let facts) = event {
                            return facts.isPowered == true
                        }
                        return false
                    }
                })
        }

        @Test func blockedRadioIsOffAndCanNotBeSwitchedOn() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("block", ["blocked": true])
            #expect(try bench.call(.setPowered(adapter: 0, true)) == .notReady)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == .notReady)
            var off = AdapterFacts()
            off.isPowered = false
            off.isDiscovering = false
            #expect(bench.events.contains(.adapterChanged(adapter: 0, off)))
        }

        @Test func signalsOfStrangersArePassedOver() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            let forged: [String: Any] = [
                "path": "/org/bluez/hci0", "interface": "org.freedesktop.DBus.Properties",
                "member": "PropertiesChanged", "signature": "sa{sv}as",
                "body": ["org.bluez.Adapter1", ["Powered": ["v:b": false]], [String]()],
            ]
            // Sent to the client itself, where no match rule keeps it out.
            let aside = ["as": "stranger", "to": try client(of: fake, bench)]
            try fake.order("signal", forged.merging(aside) { $1 })
            let owner: [String: Any] = [
                "path": "/org/freedesktop/DBus", "interface": "org.freedesktop.DBus",
                "member": "NameOwnerChanged", "signature": "sss",
                "body": ["org.bluez", ":1.1", ""],
                "as": "stranger",
            ]
            try fake.order("signal", owner)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            var facts = AdapterFacts()
            facts.isPowered = false
            #expect(!bench.events.contains(.adapterChanged(adapter: 0, facts)))
            #expect(!bench.events.contains(.daemonVanished))
            // The same from BlueZ itself is believed.
            try fake.order("signal", forged)
            try bench.wait(for: .adapterChanged(adapter: 0, facts))
        }

        /// The client's unique name, as BlueZ sees it.
        private func client(of fake: FakeBus, _ bench: Bench) throws -> String {
            #expect(try bench.call(.enumerate) == nil)
            let calls = try fake.order("calls")["calls"] as? [[String: Any]]
            return try #require(calls?.last?["sender"] as? String)
        }

        @Test func malformedMessagesOfBlueZAreCountedAndTheNextIsRead() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            let path = "/org/bluez/hci0/dev_C0_00_00_00_00_00"
            for (signature, body) in [
                (
                    "sa{sv}as",
                    ["org.bluez.Device1", ["RSSI": ["v:s": "loud"]], [String]()] as [Any]
                ),
                ("s", ["org.bluez.Device1"]), ("", []),
                (
                    "sa{sv}as",
                    ["org.bluez.Device1", ["UUIDs": ["v:ay": ["hex": "00"]]], [String]()]
                ),
            ] {
                try fake.order(
                    "signal",
                    [
                        "path": path, "interface": "org.freedesktop.DBus.Properties",
                        "member": "PropertiesChanged", "signature": signature, "body": body,
                    ])
            }
            try fake.order("notify", ["address": text, "hex": "0658"])
            try bench.wait(for: .valueArrived(adapter: 0, heartRate))
            let malformed = [BluetoothEvent](repeating: .malformedMessage, count: 4)
            #expect(bench.take() == malformed + [.valueArrived(adapter: 0, heartRate)])
        }

        @Test func oddAnswersAreMalformedAndEndTheirCalls() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try bench.connectStrap()
            for (member, call) in [
                ("GetManagedObjects", BluetoothCall.enumerate),
                ("ReadValue", .readValue(adapter: 0, heartRate)),
                ("AcquireNotify", .acquireNotify(adapter: 0, heartRate)),
            ] {
                try fake.order("answer", ["member": member, "signature": "s", "body": ["what"]])
                let id = bench.start(call)
                #expect(try bench.finish(id) == .other)
                #expect(bench.take() == [.malformedMessage, .completed(id, .other)])
            }
        }

        @Test func sixtyFourDevicesInRangeAreAllFound() throws {
            let fake = try FakeBus(sensors: 64)
            let bench = try Bench(on: fake)
            #expect(try bench.call(.startDiscovery(adapter: 0)) == nil)
            #expect(try bench.call(.enumerate) == nil)
            let found = Set(
                bench.events.compactMap { event in
                    if case .deviceFound(0, let address, _) = event { address } else { nil }
                })
            #expect(found.count == 64)
        }
    }
}
