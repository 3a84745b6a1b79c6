import ModelBlueZ
import SensorLink
import Testing
import Vitals

/// What BLE does in the field: discovery, adapter, daemon, bus.
struct RadioFieldTests {
    private func lamp(_ bench: Bench) {
        var lamp = ModelStrap(BluetoothAddress(0xA000), name: "Lamp")
        lamp.services = ServiceSet(rawValue: 0)
        bench.blueZ.straps.append(lamp)
    }

    /// 9
    @Test func quietDiscoveryIsStartedAnewAndThenClimbsTheSharedRungs() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.deaf = .init(cure: .resetRadio)
        bench.blueZ.drop(0)
        bench.run(9 * minute)
        #expect(bench.supervisor.counters.discoveryQuiet >= 8)
        #expect(bench.supervisor.counters.rungs[.powerCycle] == 0)
        bench.run(90 * second)
        #expect(bench.supervisor.counters.rungs[.powerCycle] == 1)
        bench.run(minute)
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 1)
        #expect(bench.recovery(0, within: 80 * second) != nil)
        #expect(bench.supervisor.counters.rungs[.resetRadio] == 1)
        bench.expectRules()
    }

    /// 9: an empty room looks the same; it costs a day no more than this: a round of rungs in half
    /// an hour, because the strap may come back to a radio that went deaf meanwhile.
    @Test func emptyRoomIsDisturbedOnceInHalfAnHour() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].isInRange = false
        bench.run(24 * 60 * minute)
        let rungs = bench.supervisor.counters.rungs
        for rung in [Rung.powerCycle, .restartDaemon, .resetRadio] {
            #expect((40...47).contains(rungs[rung]), "\(rung)")
        }
        bench.blueZ.appear(0)
        #expect(seconds(bench.recovery()) < 5)
        bench.expectRules()
    }

    /// Nobody else was seen for the night, and the radio went deaf unnoticed: whatever it takes,
    /// and wherever the pause between two rounds stands, the strap is heard after one pause and
    /// one round.
    @Test(arguments: [Rung.powerCycle, .restartDaemon, .resetRadio], [0, 7, 14, 21, 28])
    func strapIsHeardByARadioThatWentDeafInAnEmptyRoom(cure: Rung, minutes: Int64) {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.leave(0)
        bench.run(8 * 60 * minute + minutes * minute)
        bench.blueZ.deaf = .init(cure: cure)
        bench.blueZ.appear(0)
        let round = 3 * bench.supervisor.settings.deadlines.quietRestart
        #expect(bench.recovery(within: LinkLimits.longestPause + round + 10 * second) != nil)
        bench.expectRules()
    }

    /// A rung that was climbed because discovery could not begin is given its minute too.
    @Test func hungControllerThatAPowerCycleHelpedCostsNoHigherRung() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.leave(0)
        bench.run(3 * minute)
        bench.blueZ.wedged = .init(cure: .powerCycle)
        bench.run(3 * minute) { bench.supervisor.counters.rungs[.powerCycle] == 1 }
        bench.run(30 * second)
        #expect(bench.supervisor.adapter == .discovering)
        bench.blueZ.appear(0)
        #expect(seconds(bench.recovery()) < 5)
        bench.run(5 * minute)
        #expect(bench.supervisor.counters.rungs[.powerCycle] == 1)
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 0)
        bench.expectRules()
    }

    /// What is not permitted is left out of a round and does not hold it up.
    @Test func roundAgainstADeafRadioLeavesOutWhatIsForbidden() {
        var settings = Bench.settings(1)
        settings.permissions.remove(.restartDaemon)
        let bench = Bench(settings, straps: 1)
        bench.settle()
        bench.blueZ.deaf = .init(cure: .resetRadio)
        bench.blueZ.drop(0)
        #expect(bench.recovery(within: 12 * minute) != nil)
        #expect(bench.supervisor.counters.rungs[.powerCycle] == 1)
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 0)
        bench.expectRules()
    }

    @Test func strapOutOfRangeIsNoTrouble() {
        let bench = Bench(sensors: 1)
        lamp(bench)
        bench.settle()
        for _ in 0..<10 {
            bench.blueZ.leave(0)
            bench.run(60 * minute)
            #expect(bench.state(0) == .discovering)
            #expect(bench.status().rung == nil)
            bench.blueZ.appear(0)
            #expect(seconds(bench.recovery()) < 5)
            bench.run(minute)
        }
        for rung in Rung.allCases where rung > .resubscribe {
            #expect(bench.supervisor.counters.rungs[rung] == 0, "\(rung)")
        }
        bench.expectRules()
    }

    /// 10
    @Test func absentAdapterIsCalledBackByRfkill() {
        let bench = Bench(sensors: 1)
        bench.blueZ.unplug()
        #expect(seconds(bench.recovery()) < 10)
        #expect(bench.count { $0 == .resetRadio(adapter: nil, unblocks: true) } == 1)
        #expect(bench.supervisor.adapter == .on)
        bench.expectRules()
    }

    /// 10
    @Test func pulledAdapterIsWaitedFor() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.unplug(isPulled: true)
        bench.run(120 * minute)
        #expect(bench.supervisor.adapter == .absent)
        #expect(bench.state(0) == .absent)
        #expect(bench.status().next == .awaitAdapter)
        #expect(bench.supervisor.counters.rungs[.resetRadio] < 40)
        bench.blueZ.plug()
        #expect(seconds(bench.recovery()) < 5)
        bench.expectRules()
    }

    /// 10
    @Test func blockedRadioIsUnblocked() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.block()
        #expect(seconds(bench.recovery()) < 10)
        #expect(bench.count { $0 == .resetRadio(adapter: 0, unblocks: true) } == 1)
    }

    /// All but switching on what somebody else switched off.
    private func deferent(_ sensors: Int = 1) -> Bench {
        var settings = Bench.settings(sensors)
        settings.permissions.remove(.powerOn)
        return Bench(settings, straps: sensors)
    }

    @Test(arguments: [true, false]) func adapterThatSomebodySwitchedOffIsLeftOff(
        isBlocked: Bool
    ) {
        let bench = deferent()
        bench.settle()
        if isBlocked { bench.blueZ.block() } else { bench.blueZ.powerOff() }
        bench.run(60 * minute)
        #expect(bench.supervisor.adapter == .off)
        #expect(bench.state(0) == .absent)
        #expect(bench.status().next == .awaitPower)
        #expect(bench.reports.count { $0 == .adapterLeftOff } == 1)
        #expect(bench.count { $0.name == "setPowered" || $0.name == "resetRadio" } == 0)
        bench.blueZ.switchOn()
        #expect(seconds(bench.recovery()) < 5)
        bench.blueZ.powerOff()
        bench.run(minute)
        #expect(bench.reports.count { $0 == .adapterLeftOff } == 2)
        bench.expectRules()
    }

    @Test func adapterThatWasOffAtTheStartIsLeftOff() {
        let bench = deferent()
        bench.blueZ.powerOff()
        bench.run(60 * minute)
        #expect(bench.count { $0.name == "setPowered" } == 0)
        #expect(bench.reports.count { $0 == .adapterLeftOff } == 1)
    }

    /// What a rung takes it gives back: also when the first answer is an error.
    @Test(arguments: [Rung.powerCycle, .restartDaemon, .resetRadio])
    func powerThatARungTookIsGivenBack(cure: Rung) {
        let bench = deferent()
        bench.settle()
        bench.blueZ.straps[0].mute = .init(cure: cure)
        #expect(seconds(bench.recovery(0, within: 5 * minute)) < 150)
        #expect(bench.supervisor.counters.rungs[cure] == 1)
        #expect(bench.supervisor.adapter == .on)
        #expect(bench.reports.count { $0 == .adapterLeftOff } == 0)
        // Long after the rung it is somebody else again.
        bench.run(minute)
        bench.blueZ.powerOff()
        bench.run(10 * minute)
        #expect(bench.supervisor.adapter == .off)
        bench.expectRules()
    }

    /// A radio that somebody blocked is not unblocked on the way to another end.
    @Test func blockedRadioThatIsGoneIsNotUnblocked() {
        let bench = deferent()
        bench.settle()
        bench.blueZ.block()
        bench.blueZ.unplug()
        bench.run(60 * minute)
        #expect(bench.blueZ.isBlocked)
        #expect(bench.supervisor.adapter == .absent)
    }

    /// 11
    @Test(arguments: [true, false]) func newDaemonFindsEverythingForgotten(isKilled: Bool) {
        let bench = Bench(sensors: 2)
        bench.settle()
        let started = bench.count { $0.name == "startNotify" }
        if isKilled { bench.blueZ.kill() } else { bench.blueZ.terminate() }
        bench.run(100 * millisecond)
        #expect(bench.supervisor.daemon == .away)
        #expect(bench.supervisor.pendingCalls == 0)
        #expect((0..<64).allSatisfy { bench.supervisor.device($0, now: bench.now) == nil })
        #expect(seconds(bench.recovery(0)) < 10)
        #expect(seconds(bench.recovery(1)) < 10)
        #expect(bench.count { $0.name == "startNotify" } == started + 2, "subscribed anew")
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 1)
        bench.expectRules()
    }

    @Test func daemonThatWillNotComeBackIsCalledAtIntervals() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.restartIsRefused = true
        bench.blueZ.kill()
        bench.run(60 * minute)
        #expect(bench.supervisor.daemon == .away)
        #expect((50...70).contains(bench.supervisor.counters.rungs[.restartDaemon]))
        #expect(bench.reports.count { $0 == .restartDenied } == 1)
        #expect(!bench.reports.contains(.accessDenied), "bluetoothd itself refuses nothing")
        bench.expectRules()
    }

    /// As at every boot: the adapter is there, and bluetoothd is about to switch it on.
    @Test(arguments: [100, 1_500, 4_000] as [Int64])
    func adapterThatBluetoothdSwitchesOnIsLeftToIt(milliseconds: Int64) {
        let bench = Bench(sensors: 1)
        bench.blueZ.autoEnable = milliseconds * millisecond
        bench.blueZ.terminate()
        bench.blueZ.startDaemon()
        #expect(seconds(bench.recovery()) < 10)
        #expect(bench.supervisor.counters.rungs[.resetRadio] == 0)
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 0)
        bench.expectRules()
    }

    @Test func adapterThatIsBusyForEverIsResetAfterTheTimeOfACall() {
        let bench = Bench(sensors: 1)
        bench.blueZ.autoEnable = 60 * minute
        bench.blueZ.terminate()
        bench.blueZ.startDaemon()
        bench.run(minute) { bench.supervisor.counters.rungs[.resetRadio] == 1 }
        #expect(seconds(bench.recovery()) < 10)
        bench.expectRules()
    }

    /// A daemon that owns its name and answers nothing.
    @Test func hangingDaemonIsNoticedByACallAndRestarted() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.hang()
        #expect(seconds(bench.recovery()) < 20)
        #expect(bench.supervisor.counters.rungs[.restartDaemon] == 1)
        #expect(bench.supervisor.counters.rungs[.powerCycle] == 0)
        bench.expectRules()
    }

    /// 12
    @Test func lostBusIsOpenedAgain() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.busRefusals = 5
        bench.blueZ.closeBus()
        bench.run(millisecond)
        #expect(bench.supervisor.daemon == .busClosed)
        #expect(bench.supervisor.pendingCalls == 0)
        #expect(seconds(bench.recovery()) < 25)
        #expect(bench.blueZ.openedBus == 7)
        bench.expectRules()
    }

    /// 13
    @Test func discoveryEndsOnlyWhenConnectBegins() {
        let bench = Bench(sensors: 8)
        bench.settle()
        for strap in 0..<8 { bench.blueZ.drop(strap) }
        bench.settle()
        let calls = bench.blueZ.calls
        for (index, call) in calls.enumerated() where call.name == "stopDiscovery" {
            #expect(calls[index + 1].name == "connect", "\(calls[index...(index + 1)])")
        }
        #expect(bench.status(7).counters.connectAttempts == 2)
        bench.expectRules()
    }

    /// 14
    @Test func otherRadioIsShutOutByTheFilter() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].classicAnswers = 1
        bench.blueZ.drop(0)
        let filters = bench.count { $0.name == "setDiscoveryFilter" }
        #expect(seconds(bench.recovery()) < 8)
        #expect(bench.count { $0.name == "setDiscoveryFilter" } == filters + 1)
        #expect(bench.count { $0.name == "removeDevice" } == 1)
    }

    /// 19
    @Test func strapOfAnotherHostIsNamed() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].isHeld = true
        bench.run(2 * minute)
        #expect(bench.reports.count { $0 == .heldElsewhere(sensor: 0) } == 1)
        #expect(
            bench.reports.contains {
                if case .climbed(0, _, .heldElsewhere) = $0 { true } else { false }
            })
    }

    /// 21
    @Test func discoveryIsOffWhenAllAreConnected() {
        let bench = Bench(sensors: 5)
        bench.settle()
        bench.run(10 * minute)
        #expect(!bench.blueZ.isDiscovering)
        bench.blueZ.leave(2)
        bench.run(10 * second)
        #expect(bench.blueZ.isDiscovering)
    }

    /// 21
    @Test func lossesWhileDiscoveringMakeItGentle() {
        let bench = Bench(sensors: 3)
        bench.settle()
        bench.blueZ.leave(2)
        bench.run(minute)
        for _ in 0..<2 {
            bench.blueZ.drop(0)
            bench.run(minute)
        }
        #expect(bench.reports.contains(.discoveryGentle(true)))
        var on = 0
        for _ in 0..<200 {
            bench.run(second)
            if bench.blueZ.isDiscovering { on += 1 }
        }
        #expect((30...70).contains(on), "5 s of 20")
        bench.blueZ.appear(2)
        #expect(seconds(bench.recovery(2)) < 21)
        bench.expectRules()
    }

    /// One radio for all: those that fail do not starve the others.
    @Test func failingSensorsLetOthersHaveTheirTurn() {
        let bench = Bench(sensors: 12)
        for strap in 0..<6 { bench.blueZ.straps[strap].isHeld = true }
        let time = bench.run(10 * minute) { (6..<12).allSatisfy { bench.valueCounts[$0] > 0 } }
        #expect(seconds(time) < 15)
        for _ in 0..<10 {
            bench.blueZ.drop(11)
            #expect(seconds(bench.recovery(11)) < 20)
            bench.run(30 * second)
        }
        bench.expectRules()
    }
}
