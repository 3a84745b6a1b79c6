import ModelBlueZ
import SensorLink
import Testing

/// What BLE does in the field, one test a failure: links, silence, error answers, services.
struct FieldTests {
    private func climbed(_ bench: Bench) -> [Rung] {
        bench.reports.compactMap { if case .climbed(_, let rung, _) = $0 { rung } else { nil } }
    }

    private func names(_ bench: Bench, from start: Int) -> [String] {
        bench.blueZ.calls[start...].map(\.name)
    }

    /// 1: the kernel refuses the strap's connection parameters.
    @Test func lossesAfterTheSameTimeAreNamed() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].hangsUpAfter = 30 * second
        bench.run(5 * minute)
        let periodic = bench.reports.compactMap { report -> Int64? in
            if case .periodicLoss(0, let time) = report { time } else { nil }
        }
        #expect(periodic.count == 1)
        #expect(periodic.allSatisfy { (29_900...30_200).contains($0) })
        #expect(bench.status().counters.linkLosses >= 8)
        #expect(climbed(bench) == [], "a lost link is no trouble of the strap")
        bench.expectRules()
    }

    @Test func lossesAfterDifferentTimesAreNotNamed() {
        let bench = Bench(sensors: 1)
        for time in [20, 40, 30, 60, 25] as [Int64] {
            bench.run(time * second)
            bench.blueZ.drop(0)
            bench.run(3 * second)
        }
        #expect(!bench.reports.contains { if case .periodicLoss = $0 { true } else { false } })
    }

    /// 2
    @Test func silenceIsNoticedWithinFiveSeconds() {
        for seed in 1...20 {
            let bench = Bench(sensors: 1, seed: UInt64(seed))
            bench.settle()
            bench.blueZ.straps[0].mute = .init(cure: .reconnect)
            let start = bench.values[0] ?? 0
            bench.run(minute) { bench.state(0) == .silent }
            #expect((2.9...5).contains(seconds(bench.now - start)))
        }
    }

    /// 2: the usual interval of a slow sensor is learned.
    @Test func slowSensorIsGivenThreeOfItsIntervals() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].intervalNanoseconds = 4 * second
        bench.run(10 * minute)
        bench.settle()
        let silences = bench.status().counters.silences
        bench.run(60 * minute)
        #expect(bench.status().counters.silences == silences)
        #expect((3.5...4.5).contains(seconds(bench.status().intervalNanoseconds)))
    }

    /// 2: every rung in its order, those that need a new link twice.
    @Test func ladderIsClimbedFromTheBottomToTheTop() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].mute = .init(cure: .resetRadio)
        #expect(bench.recovery() != nil)
        #expect(
            climbed(bench) == [
                .resubscribe, .reconnect, .reconnect, .removeDevice, .removeDevice, .powerCycle,
                .restartDaemon, .resetRadio,
            ])
        for rung in Rung.allCases { #expect(bench.status().counters.rungs[rung] > 0) }
        bench.run(minute)
        #expect(bench.status().rung == nil, "a good stream brings it back to the floor")
        bench.expectRules()
    }

    /// 2: what is forbidden is left out.
    @Test func forbiddenRungsAreNotClimbed() {
        var settings = Bench.settings(1)
        settings.permissions = [.power]
        let bench = Bench(settings, straps: 1)
        bench.settle()
        bench.blueZ.straps[0].mute = .init(cure: .resetRadio)
        bench.run(60 * minute)
        #expect(Set(climbed(bench)) == [.resubscribe, .reconnect, .powerCycle])
        #expect(bench.count { $0.name == "removeDevice" || $0.name == "restartDaemon" } == 0)
    }

    /// 2: a strap that hangs for good costs the others nothing, and says so.
    @Test func sharedRungsAreWithheldWhileOthersStream() {
        let bench = Bench(sensors: 3)
        bench.settle()
        bench.blueZ.straps[0].mute = .init(cure: .resetRadio)
        let before = bench.status(1).counters.linkLosses
        bench.run(180 * minute)
        #expect(climbed(bench).allSatisfy { !$0.isShared })
        #expect(bench.status(1).counters.linkLosses == before)
        #expect(bench.status(2).counters.silences == 0)
        #expect(
            bench.reports.contains {
                if case .withheld(0, .powerCycle, healthy: 2) = $0 { true } else { false }
            })
        // The others go: now it may.
        bench.blueZ.leave(1)
        bench.blueZ.leave(2)
        let time = bench.recovery(0, within: 10 * minute)
        #expect(seconds(time) < 300)
        bench.expectRules()
    }

    /// 2: what does not help is tried less and less.
    @Test func sharedRungsAreRateLimited() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].refusesSignals = true
        bench.blueZ.straps[0].stale = .init(cure: .resetRadio)
        bench.blueZ.straps[0].mute = .init(cure: .resetRadio)
        bench.run(10 * minute)
        bench.blueZ.straps[0].isHeld = true
        bench.blueZ.drop(0)
        bench.run(24 * 60 * minute)
        let rungs = bench.supervisor.counters.rungs
        #expect((3...55).contains(rungs[.powerCycle]))
        #expect((3...55).contains(rungs[.restartDaemon]))
        #expect((3...55).contains(rungs[.resetRadio]))
        bench.expectRules()
    }

    /// 3
    @Test func inProgressIsJoinedAndEndedByDisconnect() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].inProgressAnswers = 1
        bench.blueZ.straps[0].aborts = 0
        bench.blueZ.drop(0)
        bench.run(minute) { bench.blueZ.calls.last?.name == "connect" }
        bench.blueZ.leave(0)
        let start = bench.blueZ.calls.count
        let joined = bench.run(minute) { bench.blueZ.calls.count > start }
        #expect((14...16).contains(seconds(joined)), "joined until the deadline")
        #expect(names(bench, from: start).first == "disconnect")
        bench.blueZ.appear(0)
        bench.settle()
        bench.expectRules()
    }

    /// 4
    @Test func abortedAttemptIsEndedAfterAPause() {
        for seed in 1...10 {
            let bench = Bench(sensors: 1, seed: UInt64(seed))
            bench.settle()
            bench.blueZ.straps[0].aborts = 1
            bench.blueZ.drop(0)
            bench.run(minute) { bench.count { $0.name == "connect" } == 2 }
            let start = bench.now
            bench.run(minute) { bench.blueZ.calls.last?.name == "disconnect" }
            // 0.2 s until the abort, 0.1 to 0.5 s of waiting.
            #expect((0.3...0.71).contains(seconds(bench.now - start)))
            #expect(seconds(bench.recovery()) < 10)
            bench.expectRules()
        }
    }

    /// 5
    @Test func missingCharacteristicsAreReadForAgainOnce() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].bare = .init(cure: .reconnect)
        let start = bench.count { $0 == .enumerate }
        bench.run(minute) { bench.state(0) == .resolving }
        bench.run(minute) { bench.state(0) == .recovering }
        #expect(bench.count { $0 == .enumerate } == start + 2)
        #expect(bench.status().cause == .servicesMissing)
        #expect(bench.status().counters.resolveFailures == 1)
        bench.settle()
        bench.expectRules()
    }

    /// 6
    @Test func staleCacheIsRemovedWithTheDevice() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].stale = .init(cure: .removeDevice)
        bench.blueZ.drop(0)
        #expect(seconds(bench.recovery()) < 10)
        #expect(climbed(bench) == [.removeDevice])
        #expect(bench.status().counters.subscriptionFailures == 1)
    }

    /// 7
    @Test func refusedSignalsAreReplacedByASocketAndThatIsRemembered() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].refusesSignals = true
        bench.settle()
        #expect(bench.status().notifyMode == .socket)
        #expect(climbed(bench) == [])
        let refused = bench.count { $0.name == "startNotify" }
        bench.blueZ.drop(0)
        #expect(seconds(bench.recovery()) < 5)
        #expect(bench.count { $0.name == "startNotify" } == refused, "not asked again")
        bench.expectRules()
    }

    /// 7
    @Test func socketThatEndsAtOnceIsNotTriedAgain() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].isMuteBySignals = true
        bench.blueZ.straps[0].endsSockets = true
        bench.run(5 * minute)
        #expect(bench.status().notifyMode == .signals)
        let sockets = bench.count { $0.name == "acquireNotify" }
        #expect(sockets == 1)
        bench.blueZ.straps[0].isMuteBySignals = false
        bench.run(5 * minute)
        bench.settle()
        #expect(bench.count { $0.name == "acquireNotify" } == sockets)
        bench.expectRules()
    }

    /// 8
    @Test func twoMuteSubscriptionsAreEnoughForASocket() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].isMuteBySignals = true
        bench.settle()
        #expect(bench.status().notifyMode == .socket)
        #expect(bench.status().counters.silences == 2)
        bench.expectRules()
    }
}
