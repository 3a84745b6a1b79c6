import Testing
import Time

@testable import Credentials

private let second: Int64 = 1_000_000_000
private let minute = 60 * second

/// A life and a clock beside it. The wall clock is right unless a test says otherwise.
struct LifeBench {
    var life: CredentialLife
    var monotonic: Int64 = 1_000 * second
    /// What the wall clock adds to the truth, seconds.
    var error: Int64 = 0
    var clock = ClockState.synced
    private static let origin: Int64 = 1_752_000_000

    init(seed: UInt64 = 1) { life = CredentialLife(seed: seed) }

    /// The true time, wall seconds.
    var truth: Int64 { Self.origin + monotonic / second }

    var now: Moment {
        Moment(
            monotonicNanoseconds: monotonic, wallMicroseconds: (truth + error) * 1_000_000)
    }

    /// A key that ends in so many seconds of the truth.
    func key(_ name: String, endsIn seconds: Int64? = nil) -> AccessKey {
        AccessKey(
            accessKeyID: name, secretAccessKey: "s",
            expiryWallMicroseconds: seconds.map { (truth + $0) * 1_000_000 })
    }

    mutating func action() -> CredentialLife.Action? { life.nextAction(now: now, clock: clock) }

    mutating func give(_ key: AccessKey, server: Bool = false, stamps: [FileStamp] = []) {
        life.obtained(
            ObtainedKey(
                key: key, place: "test",
                serverWallMicroseconds: server ? truth * 1_000_000 : nil),
            stamps: stamps, now: now, clock: clock)
    }

    mutating func fail(_ text: String = "down", stamps: [FileStamp] = []) {
        var walk = Walk()
        walk.settings.process = "x"
        walk.process = .notStarted(text)
        guard let error = walk.run().error else { return }
        life.failed(error, stamps: stamps, now: now, clock: clock)
    }

    mutating func reports() -> [CredentialReport] {
        var reports: [CredentialReport] = []
        while let report = life.nextReport() { reports.append(report) }
        return reports
    }

    /// Moves on to when the life wants to be called; the seconds that it took.
    mutating func sleep() -> Int64? {
        guard let due = life.deadline(now: now, clock: clock) else { return nil }
        let wait = max(0, due - monotonic)
        monotonic += wait
        return wait / second
    }

    var usable: String? { life.usable(now: now, clock: clock)?.key.accessKeyID }
}

/// When a source is asked, and which key is used.
@Suite struct CredentialLifeTests {
    @Test func theSourceIsAskedAtOnceAndOnceOnly() {
        var bench = LifeBench()
        #expect(bench.usable == nil)
        #expect(bench.action() == .fetch)
        #expect(bench.action() == nil)
        bench.monotonic += 3_600 * second
        #expect(bench.action() == nil)
        #expect(bench.life.deadline(now: bench.now, clock: .synced) == nil)
    }

    @Test func aKeyWithoutEndOrFileIsNeverAskedForAgain() {
        var bench = LifeBench()
        _ = bench.action()
        bench.give(bench.key("A"))
        #expect(bench.usable == "A")
        #expect(bench.sleep() == nil)
        #expect(
            bench.reports()
                == [.obtained(key: bench.key("A"), place: "test", lifeNanoseconds: nil)])
    }

    @Test(arguments: [6, 60, 900, 3_600, 43_200] as [Int64])
    func aKeyIsReplacedWellAheadOfItsEnd(life seconds: Int64) throws {
        var aheads: Set<Int64> = []
        for seed in 0..<50 as Range<UInt64> {
            var bench = LifeBench(seed: seed)
            _ = bench.action()
            let end = bench.monotonic + seconds * second
            bench.give(bench.key("A", endsIn: seconds), server: true)
            #expect(bench.action() == nil)
            let wait = bench.sleep()
            _ = try #require(wait)
            #expect(bench.action() == .fetch)
            let ahead = end - bench.monotonic
            let whole = min(900 * second, seconds * second / 3)
            #expect(ahead >= whole - second && ahead <= whole + whole / 4)
            aheads.insert(ahead)
        }
        #expect(aheads.count > 10, "a hundred gateways must not ask together")
    }

    @Test func aFailedRenewalKeepsTheKeyUntilItsEndAndSaysUntilWhen() throws {
        var bench = LifeBench()
        _ = bench.action()
        let key = bench.key("A", endsIn: 900)
        let end = bench.monotonic + 900 * second
        bench.give(key, server: true)
        _ = bench.reports()
        var fetches = 0
        while bench.monotonic < end {
            #expect(bench.usable == "A")
            let wait = bench.sleep()
            _ = try #require(wait)
            guard bench.action() == .fetch else { continue }
            fetches += 1
            bench.monotonic += second
            bench.fail()
            let reports = bench.reports()
            if fetches == 1 {
                guard case .notRenewed(_, key, let life?) = reports.first else {
                    Issue.record("\(reports)")
                    return
                }
                #expect(life == end - bench.monotonic)
            } else if !reports.isEmpty {
                // Said once; then only that the key has ended.
                #expect(reports == [.ended(key: key)])
            }
        }
        #expect(fetches >= 5 && fetches < 60, "\(fetches) attempts in five minutes")
        #expect(bench.usable == nil)
        if bench.life.nextReport() == nil { _ = bench.action() }
        // It is asked for on and on, and taken when it is there.
        for _ in 0..<20 {
            _ = bench.sleep()
            if bench.action() == .fetch { bench.fail() }
        }
        _ = bench.sleep()
        while bench.action() != .fetch { _ = bench.sleep() }
        bench.give(bench.key("B", endsIn: 900), server: true)
        #expect(bench.usable == "B")
    }

    @Test func attemptsComeAtGrowingIntervalsUpToAMinute() throws {
        var bench = LifeBench()
        var waits: [Int64] = []
        for _ in 0..<60 {
            let wait = bench.sleep()
            waits.append(try #require(wait))
            #expect(bench.action() == .fetch)
            bench.fail()
        }
        #expect(waits.dropFirst().allSatisfy { $0 >= 1 && $0 <= 60 })
        #expect(waits.suffix(40).reduce(0, +) > 40 * 15)
        #expect(waits.prefix(4).reduce(0, +) <= 16)
    }

    @Test func theSameFailureIsSaidOnceAndAnotherOneAnew() {
        var bench = LifeBench()
        for text in ["down", "down", "down", "else", "down"] {
            _ = bench.sleep()
            #expect(bench.action() == .fetch)
            bench.fail(text)
        }
        #expect(bench.reports().count == 3)
    }

    @Test func theSameCauseInOtherWordsIsNoNews() {
        var bench = LifeBench()
        for milliseconds in [1_001, 1_003, 1_002] {
            _ = bench.sleep()
            #expect(bench.action() == .fetch)
            let finding = CredentialError.Finding(
                place: "AWS IoT", text: "timed out after \(milliseconds) ms", cause: "timeOut")
            bench.life.failed(
                CredentialError(kind: .failed, findings: [finding], remedy: ""), stamps: [],
                now: bench.now, clock: .synced)
        }
        #expect(bench.reports().count == 1)
    }

    @Test func anEndedKeyThatAFileStillHasIsNotTakenAgain() {
        var bench = LifeBench()
        _ = bench.action()
        let key = bench.key("A", endsIn: 60)
        bench.give(key)
        bench.monotonic += 70 * second
        var fetches = 0
        let end = bench.monotonic + 3_600 * second
        while bench.monotonic < end {
            if bench.action() == .fetch {
                fetches += 1
                bench.give(key)
            }
            #expect(bench.usable == nil)
            bench.monotonic += second
        }
        #expect(fetches > 60 && fetches < 240, "\(fetches) fetches in an hour")
        #expect(bench.reports().count == 2)
        // A provider that gives it again with its own time says that it works on.
        while bench.action() != .fetch { _ = bench.sleep() }
        bench.give(key, server: true)
        #expect(bench.usable == "A")
    }

    @Test func aRefusedKeyIsAskedForAtOnceAndUsedMeanwhile() {
        var bench = LifeBench()
        _ = bench.action()
        bench.give(bench.key("A", endsIn: 3_600), server: true)
        bench.monotonic += 60 * second
        guard let version = bench.life.usable(now: bench.now, clock: .synced)?.version else {
            Issue.record("no key")
            return
        }
        bench.life.refused(version: version, now: bench.now)
        #expect(bench.usable == "A")
        #expect(bench.action() == .fetch)
        // What comes late of the old key is no news.
        bench.life.refused(version: version, now: bench.now)
        bench.give(bench.key("B", endsIn: 3_600), server: true)
        bench.life.refused(version: version, now: bench.now)
        #expect(bench.usable == "B")
        #expect(bench.action() == nil)
        #expect(bench.reports().count == 3)
    }

    @Test func keysThatAreAllRefusedAreNotAskedForWithoutEnd() {
        var bench = LifeBench()
        var fetches = 0
        let end = bench.monotonic + 3_600 * second
        while bench.monotonic < end {
            if bench.action() == .fetch {
                fetches += 1
                bench.give(bench.key("K\(fetches)", endsIn: 3_600), server: true)
            }
            if let version = bench.life.usable(now: bench.now, clock: .synced)?.version {
                bench.life.refused(version: version, now: bench.now)
            }
            bench.monotonic += second / 4
        }
        #expect(fetches > 60 && fetches < 240, "\(fetches) fetches in an hour")
        // One that is taken ends the back-off.
        guard let version = bench.life.usable(now: bench.now, clock: .synced)?.version else {
            Issue.record("no key")
            return
        }
        bench.life.accepted(version: version)
        _ = bench.sleep()
        if bench.action() == .fetch { bench.give(bench.key("L", endsIn: 3_600), server: true) }
        bench.monotonic += 10 * second
        if let version = bench.life.usable(now: bench.now, clock: .synced)?.version {
            bench.life.accepted(version: version)
            bench.life.refused(version: version, now: bench.now)
        }
        #expect(bench.action() == .fetch)
    }

    @Test func aChangedFileIsReadWithoutARestart() {
        var bench = LifeBench()
        let old = FileStamp(device: 1, node: 1, modifiedNanoseconds: 1, byteCount: 1)
        let new = FileStamp(device: 1, node: 2, modifiedNanoseconds: 2, byteCount: 2)
        _ = bench.action()
        bench.give(bench.key("A"), stamps: [old])
        #expect(bench.sleep() == 5)
        #expect(bench.action() == .look)
        bench.life.looked([old], now: bench.now, clock: .synced)
        #expect(bench.sleep() == 5)
        #expect(bench.action() == .look)
        bench.life.looked([new], now: bench.now, clock: .synced)
        #expect(bench.usable == "A")
        #expect(bench.sleep() == 1)
        #expect(bench.action() == .look)
        bench.life.looked([new], now: bench.now, clock: .synced)
        #expect(bench.action() == .fetch)
        // It is written by halves: the old key stays, and the next change counts again.
        bench.fail(stamps: [new])
        #expect(bench.usable == "A")
        while bench.action() != .fetch { _ = bench.sleep() }
        bench.give(bench.key("B"), stamps: [new])
        #expect(bench.usable == "B")
    }

    @Test func aFileThatAppearsIsReadAtTheNextLook() {
        var bench = LifeBench()
        let there = FileStamp(device: 1, node: 1, modifiedNanoseconds: 1, byteCount: 1)
        for _ in 0..<12 {
            while bench.action() != .fetch {
                _ = bench.sleep()
                if bench.life.isFetching { break }
                if bench.action() == .look {
                    bench.life.looked([.absent], now: bench.now, clock: .synced)
                }
            }
            bench.fail(stamps: [.absent])
        }
        let asked = bench.monotonic
        while true {
            _ = bench.sleep()
            switch bench.action() {
            case .look: bench.life.looked([there], now: bench.now, clock: .synced)
            case .fetch:
                #expect(bench.monotonic - asked <= 6 * second)
                return
            case nil: break
            }
        }
    }

    @Test(arguments: [-400 * 86_400, -3_600, 3_600, 400 * 86_400] as [Int64])
    func goodKeysSurviveAWrongClock(error: Int64) {
        for (clock, server) in [
            (ClockState.unsynced, false), (.unsynced, true), (.synced, true),
        ] {
            var bench = LifeBench()
            bench.error = error
            bench.clock = clock
            _ = bench.action()
            bench.give(bench.key("A", endsIn: 1_800), server: server)
            #expect(bench.usable == "A")
            // The clock is set while the key is in use.
            bench.monotonic += 60 * second
            bench.error = 0
            bench.clock = .synced
            #expect(bench.usable == "A")
            bench.monotonic += 1_700 * second
            #expect(bench.usable == "A")
        }
    }

    @Test func aKeyThatSeemsToHaveEndedIsUsedAndReplacedSoon() {
        var bench = LifeBench()
        _ = bench.action()
        bench.give(bench.key("A", endsIn: -100), server: true)
        #expect(bench.usable == "A")
        #expect(bench.sleep() == 300)
        #expect(bench.action() == .fetch)
        #expect(bench.usable == "A")
    }
}
