import TestSupport
import Testing

/// The checks themselves: each defect that a shell or a recovery could have is seen by them.
struct ShellFaultTests {
    /// Which promise is broken first depends on chance, within these.
    private func expected(_ fault: ShellFault) -> Set<Violation.Kind> {
        switch fault {
        case .skipsTheSync, .hidesTheFailedSync, .opensWithoutASync, .opensFromTheCache:
            [.wrongHead, .syncedRecordMissing, .notSent, .sentAgain, .lostSilently]
        case .writesTheHeadInPlace, .syncsBeforeTheHead: [.wrongHead, .sentAgain]
        case .keepsTheTailTooEarly: [.notSent, .lostSilently]
        }
    }

    /// Faults that show only when a process dies or the power goes at the right moment take a few
    /// thousand states: too many for a debug build.
    private static var faults: [ShellFault] {
        let rare: Set<ShellFault> = [.opensWithoutASync, .opensFromTheCache]
        return ShellFault.allCases.filter { !CrashTests.isDebug || !rare.contains($0) }
    }

    private static var openings: [(Opening, Set<Violation.Kind>)] {
        let rare: [(Opening, Set<Violation.Kind>)] = [
            (.believesThePointer, [.wrongHead, .wrongRecord, .syncedRecordMissing, .notSent])
        ]
        // What is read where no record lies is a line that nobody wrote, or a record of no kind.
        let always: [(Opening, Set<Violation.Kind>)] = [
            (.believesEverySlot, [.wrongLine, .wrongReason])
        ]
        return always + (CrashTests.isDebug ? [] : rare)
    }

    @Test(arguments: faults)
    func faultOfTheShellIsSeen(_ fault: ShellFault) {
        let random = SeededRandom(test: "faultOfTheShellIsSeen(\(fault))")
        var run = CrashRun(
            Machine.Settings(failureOdds: 4, fault: fault), random: random)
        run.run(states: 60_000)
        print("\(fault): after \(run.states) states, \(run.violation?.description ?? "nothing")")
        let kind = run.violation?.kind
        #expect(kind.map(expected(fault).contains) == true, "\(fault), seed \(random.seed)")
    }

    @Test(arguments: openings)
    func faultOfTheRecoveryIsSeen(_ opening: Opening, _ expected: Set<Violation.Kind>) {
        let random = SeededRandom(test: "faultOfTheRecoveryIsSeen(\(opening))")
        var run = CrashRun(Machine.Settings(), opening: opening, random: random)
        run.run(states: 60_000)
        print("\(opening): after \(run.states) states, \(run.violation?.description ?? "nothing")")
        let kind = run.violation?.kind
        #expect(kind.map(expected.contains) == true, "seed \(random.seed)")
    }
}
