import Gateway
import RecordRing
import TestSupport
import Testing

/// After a power cut at any instant everything synced is read back, nothing wrong is ever read,
/// no repair is needed, and what is lost is counted.
struct CrashTests {
    /// What is run, and how many states of it in the release build.
    struct Plan: Sendable, CustomTestStringConvertible {
        let slotCount: UInt64
        let sinkCount: Int
        var isCardLying = false
        var isNewestFirst = false
        let states: Int

        var testDescription: String {
            "\(slotCount) slots, \(sinkCount) sinks\(isCardLying ? ", a lying card" : "")"
                + (isNewestFirst ? ", newest first" : "")
        }

        var settings: Machine.Settings {
            Machine.Settings(
                slotCount: slotCount, sinkCount: sinkCount, isNewestFirst: isNewestFirst,
                isCardLying: isCardLying)
        }
    }

    /// A debug build is slower: it takes a small share of the states.
    static let isDebug = _isDebugAssertConfiguration()
    static var share: Int { isDebug ? 100 : 1 }

    static let plans = [
        Plan(slotCount: 64, sinkCount: 2, states: 150_000),
        Plan(slotCount: 37, sinkCount: 2, states: 60_000),
        Plan(slotCount: 5, sinkCount: 1, states: 20_000),
        Plan(slotCount: 256, sinkCount: 1, states: 80_000),
        Plan(slotCount: 64, sinkCount: 2, isCardLying: true, states: 40_000),
        Plan(slotCount: 48, sinkCount: 8, states: 20_000),
        Plan(slotCount: 64, sinkCount: 2, isNewestFirst: true, states: 60_000),
    ]

    /// Small numbers for a small ring: pages of 32 slots, a window of 32 records.
    static func fastSearch(_ slotCount: UInt64) -> RingSearch.Settings? {
        guard slotCount >= 256 else { return nil }
        var settings = RingSearch.Settings()
        settings.fullScanSlots = 0
        settings.strideSlots = 64
        settings.writeRecords = 32
        settings.unsyncedRecords = 32
        settings.readSlots = 64
        return settings
    }

    @Test(arguments: plans)
    func cutAtAnyInstantKeepsThePromise(_ plan: Plan) {
        let random = SeededRandom(test: "cutAtAnyInstantKeepsThePromise, \(plan.testDescription)")
        var run = CrashRun(
            plan.settings, fastSearch: Self.fastSearch(plan.slotCount), random: random)
        run.run(states: plan.states / Self.share)
        print(
            "\(plan.testDescription): \(run.states) states, \(run.distinctCount) distinct, after "
                + "\(run.operations) writes and syncs in \(run.lives) lives, "
                + "\(run.machine.claimed / plan.slotCount) laps with \(run.machine.gapCount) gap "
                + "records and \(run.machine.errorCount) error records, "
                + "\(run.inspection.fastAnswers) found fast, "
                + "\(run.inspection.revived) with a dead record whole again, "
                + "\(run.inspection.runs) with a run before a backlog")
        #expect(run.violation == nil, "seed \(random.seed)")
        // A short run of few writes meets the same state again, above all where syncs do nothing.
        #expect(run.distinctCount > run.states / 4)
        if !Self.isDebug {
            #expect(run.machine.gapCount > 10, "losses are part of it")
            #expect(run.inspection.runs > 100 || !plan.isNewestFirst)
            #expect(run.machine.errorCount > 0, "so is what is refused for good")
        }
    }

    /// A bit that has turned over takes its record and no other, and is no torn write.
    @Test(arguments: [64, 256] as [UInt64])
    func bitThatTurnsOverTakesOneRecord(_ slotCount: UInt64) throws {
        let random = SeededRandom(test: "bitThatTurnsOverTakesOneRecord(\(slotCount))")
        var search = Self.fastSearch(slotCount)
        search?.fullScanSlots = slotCount
        var run = CrashRun(
            Machine.Settings(slotCount: slotCount), fastSearch: search, random: random)
        for laps: UInt64 in Self.isDebug ? [2] : [2, 4, 6] {
            try run.runToSync(laps: laps)
            try run.flip(bits: Self.isDebug ? 1 : 6_400 / Int(slotCount))
        }
        print("bits: \(run.states) states, \(run.distinctCount) distinct")
    }
}
