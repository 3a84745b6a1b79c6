import ModelBlueZ
import SensorLink
import Testing
import Vitals

/// What BlueZ really does, row by row of what was measured, and what the supervisor makes of it.
struct BlueZTests {
    private func device(_ change: (inout DeviceFacts) -> Void) -> DeviceFacts {
        var facts = DeviceFacts()
        change(&facts)
        return facts
    }

    /// A supervisor with no daemon behind it but the test: calls are answered by hand.
    private func alone(_ settings: LinkSettings = Bench.settings(1)) -> Bench {
        let bench = Bench(settings)
        bench.blueZ.hang()
        bench.run(millisecond)
        return bench
    }

    private func answer(_ bench: Bench, _ failure: CallFailure? = nil) {
        guard case .call(let id, _)? = bench.actions.last else {
            Issue.record("no call is under way: \(bench.actions)")
            return
        }
        bench.hand(.completed(id, failure))
    }

    private func lastCall(_ bench: Bench) -> String {
        guard case .call(_, let call)? = bench.actions.last else { return "none" }
        return call.name
    }

    private func power(_ bench: Bench) {
        var facts = AdapterFacts()
        facts.isPowered = true
        bench.hand(.adapterFound(adapter: 0, facts))
    }

    /// Discovering, with the first sensor seen and its Connect under way.
    private func connecting() -> Bench {
        let bench = alone()
        answer(bench)
        power(bench)
        answer(bench)
        answer(bench)
        #expect(bench.supervisor.adapter == .discovering)
        bench.hand(.deviceFound(adapter: 0, address(1), device { $0.rssi = .some(-50) }))
        #expect(lastCall(bench) == "stopDiscovery")
        answer(bench)
        #expect(lastCall(bench) == "connect")
        return bench
    }

    private let characteristic = CharacteristicID(device: address(1), service: 15, handle: 16)

    private func streaming() -> Bench {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        var facts = CharacteristicFacts()
        facts.kind = .heartRateMeasurement
        facts.canNotify = true
        bench.hand(.characteristicFound(adapter: 0, characteristic, facts))
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.servicesResolved = true }))
        #expect(lastCall(bench) == "startNotify")
        answer(bench)
        bench.hand(.valueArrived(adapter: 0, characteristic), [0, 70])
        #expect(bench.state(0) == .streaming)
        return bench
    }

    @Test func listOfObjectsMayBeEmptyRightAfterTheStart() {
        let bench = alone()
        answer(bench)
        #expect(bench.supervisor.daemon == .ready)
        #expect(bench.supervisor.adapter == .absent)
        power(bench)
        #expect(lastCall(bench) == "setDiscoveryFilter")
    }

    @Test func secondStartDiscoveryCountsAsStarted() {
        let bench = alone()
        answer(bench)
        power(bench)
        answer(bench)
        answer(bench, .inProgress)
        #expect(bench.supervisor.adapter == .discovering)
    }

    @Test func stopDiscoveryThatWasNotStartedIsGoodEnough() {
        let bench = alone()
        answer(bench)
        power(bench)
        answer(bench)
        answer(bench)
        bench.hand(.deviceFound(adapter: 0, address(1), device { $0.rssi = .some(-50) }))
        answer(bench, .notStarted)
        #expect(lastCall(bench) == "connect")
    }

    @Test func withdrawnRSSIDoesNotHinderTheConnection() {
        let bench = alone()
        answer(bench)
        power(bench)
        answer(bench)
        answer(bench)
        bench.hand(.deviceFound(adapter: 0, address(1), device { $0.rssi = .some(-50) }))
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.rssi = .some(nil) }))
        answer(bench)
        #expect(lastCall(bench) == "connect")
        #expect(bench.status().rssi == -50)
    }

    @Test func connectedCountsBeforeTheAnswerOfConnect() {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        #expect(bench.state(0) == .resolving)
        #expect(bench.supervisor.pendingCalls == 0)
    }

    @Test func connectedCountsAfterTheAttemptWasGivenUp() {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = false }))
        answer(bench, .connectionCancelled)
        #expect(bench.state(0) != .resolving)
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        #expect(bench.state(0) == .resolving)
        #expect(bench.status().cause == .foundConnected)
    }

    @Test func foreignScanSlowsAConnectionAndDoesNotEndIt() {
        let bench = Bench(sensors: 1)
        bench.blueZ.foreignDiscovery = true
        let time = bench.run(minute) { bench.valueCounts[0] > 0 }
        #expect((11...14).contains(seconds(time)))
        #expect(bench.status().counters.connectFailures == 0)
    }

    @Test func absentSensorIsGivenUpBeforeBlueZDoes() {
        let bench = Bench(sensors: 1)
        bench.run(minute) { bench.blueZ.calls.last?.name == "connect" }
        bench.blueZ.leave(0)
        let time = bench.run(minute) { bench.blueZ.calls.last?.name == "disconnect" }
        #expect((14.5...15.1).contains(seconds(time)))
        bench.run(minute)
        #expect(bench.state(0) == .discovering)
        bench.expectRules()
    }

    @Test func removedDeviceEndsACallThatIsNeverAnswered() {
        let bench = connecting()
        bench.hand(.deviceRemoved(adapter: 0, address(1)))
        #expect(bench.actions.contains { if case .abandon = $0 { true } else { false } })
        #expect(bench.state(0) == .discovering)
        #expect(lastCall(bench) == "startDiscovery")
    }

    @Test func unknownObjectIsForgotten() {
        let bench = connecting()
        answer(bench, .unknownObject)
        #expect(bench.supervisor.device(0, now: bench.now) == nil)
        #expect(bench.state(0) == .discovering)
        #expect(bench.supervisor.counters.rungs[.reconnect] == 0)
    }

    @Test func rangeIsLeftWithOneSignalAndServicesStay() {
        let bench = streaming()
        bench.hand(
            .deviceChanged(
                adapter: 0, address(1),
                device {
                    $0.servicesResolved = false
                    $0.isConnected = false
                }))
        #expect(bench.state(0) == .discovering)
        #expect(bench.status().counters.linkLosses == 1)
        // Seen again, connected again: the same characteristics, subscribed to anew.
        answer(bench)
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.rssi = .some(-70) }))
        answer(bench)
        bench.run(second) { lastCall(bench) == "connect" }
        bench.hand(
            .deviceChanged(
                adapter: 0, address(1),
                device {
                    $0.servicesResolved = true
                    $0.isConnected = true
                }))
        #expect(lastCall(bench) == "startNotify")
    }

    @Test func lossBeforeServicesIsAFailedAttempt() {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = false }))
        #expect(bench.status().counters.resolveFailures == 1)
        #expect(bench.status().rung == .reconnect)
        #expect(bench.supervisor.pendingCalls == 1, "discovery, and nothing of the sensor")
    }

    @Test func servicesThatAreDiscoveredAnewAreSubscribedToAnew() {
        let bench = streaming()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.servicesResolved = false }))
        #expect(bench.state(0) == .resolving)
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.servicesResolved = true }))
        #expect(lastCall(bench) == "startNotify")
    }

    @Test func valuesThatResumeByThemselvesAreDelivered() {
        let bench = streaming()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = false }))
        bench.hand(.valueArrived(adapter: 0, characteristic), [0, 71])
        #expect(bench.lastValues[0] == [0, 71])
    }

    @Test(arguments: [[], [0], [6, 60, 1, 2, 3], Array(repeating: 255, count: 512)] as [[UInt8]])
    func valuesPassUnchangedWhateverTheyAre(value: [UInt8]) {
        let bench = streaming()
        bench.hand(.valueArrived(adapter: 0, characteristic), value)
        #expect(bench.lastValues[0] == value)
        #expect(bench.valueCounts[0] == 2)
    }

    @Test(arguments: [ModelBlueZ.Version.v566, .v582])
    func valuesComeUntilTheLinkHasEnded(version: ModelBlueZ.Version) {
        let bench = Bench(sensors: 1)
        bench.blueZ.version = version
        bench.settle()
        bench.supervisor.setEnabled(false, sensor: 0, now: bench.now)
        bench.drain()
        #expect(bench.state(0) == .disabled)
        bench.run(10 * second)
        #expect(bench.supervisor.pendingCalls == 0)
        #expect(!bench.blueZ.straps[0].isLinked)
        #expect(!bench.blueZ.isDiscovering)
        bench.supervisor.setEnabled(true, sensor: 0, now: bench.now)
        bench.drain()
        #expect(seconds(bench.recovery()) < 5)
        bench.expectRules()
    }

    @Test func subscriptionThatIsInProgressIsJoined() {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        var facts = CharacteristicFacts()
        facts.kind = .heartRateMeasurement
        bench.hand(.characteristicFound(adapter: 0, characteristic, facts))
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.servicesResolved = true }))
        answer(bench, .inProgress)
        #expect(bench.state(0) == .subscribing)
        facts.isNotifying = true
        bench.hand(.characteristicChanged(adapter: 0, characteristic, facts))
        bench.hand(.valueArrived(adapter: 0, characteristic), [0, 70])
        #expect(bench.state(0) == .streaming)
    }

    @Test func subscriptionThatNeverBeginsEndsTheLink() {
        let bench = connecting()
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.isConnected = true }))
        var facts = CharacteristicFacts()
        facts.kind = .heartRateMeasurement
        bench.hand(.characteristicFound(adapter: 0, characteristic, facts))
        bench.hand(.deviceChanged(adapter: 0, address(1), device { $0.servicesResolved = true }))
        answer(bench, .inProgress)
        bench.run(5 * second + millisecond)
        #expect(lastCall(bench) == "disconnect")
    }

    @Test func notifyingThatEndsByItselfIsBegunAnew() {
        let bench = streaming()
        var facts = CharacteristicFacts()
        facts.isNotifying = false
        bench.hand(.characteristicChanged(adapter: 0, characteristic, facts))
        #expect(lastCall(bench) == "stopNotify")
        answer(bench, .notStarted)
        #expect(lastCall(bench) == "startNotify")
        #expect(bench.state(0) == .silent)
    }

    @Test func bondedSensorIsKnownByItsIdentity() {
        let bench = alone()
        answer(bench)
        power(bench)
        answer(bench)
        answer(bench)
        let path = BluetoothAddress(0x5A00_0000_0001)
        bench.hand(
            .deviceFound(
                adapter: 0, path,
                device {
                    $0.address = address(1)
                    $0.rssi = .some(-50)
                }))
        answer(bench)
        #expect(bench.actions.last == .call(CallID(5), .connect(adapter: 0, path)))
        #expect(bench.status().address == address(1))
    }

    @Test func badAnswerOfEveryKindLeadsOn() {
        let failures: [CallFailure] = [
            .inProgress, .connectionAborted, .classicBluetooth, .connectionCancelled,
            .unknownObject, .notReady, .notPermitted, .authentication, .notConnected, .notStarted,
            .daemonAway, .notSent, .accessDenied, .other,
        ]
        for failure in failures {
            let bench = connecting()
            answer(bench, failure)
            #expect(bench.supervisor.nextDeadline != nil, "\(failure)")
            bench.run(second)
            #expect(bench.violations == [], "\(failure)")
        }
    }

    /// The daemon stayed when the gateway went: nothing is connected anew.
    @Test func connectedSensorIsAdopted() {
        for count in [1, 5] {
            let bench = Bench(sensors: count)
            bench.settle()
            let links = bench.blueZ.straps.prefix(count).map(\.isLinked)
            #expect(links.allSatisfy { $0 })
            bench.restart()
            let connects = bench.count { $0.name == "connect" }
            let time = bench.run(minute) { bench.valueCounts.allSatisfy { $0 > 0 } }
            #expect(seconds(time) < 2)
            #expect(bench.count { $0.name == "connect" } == connects)
            bench.run(5 * second)
            #expect(bench.isStreaming)
            #expect(!bench.blueZ.isDiscovering)
            bench.expectRules()
        }
    }
}
