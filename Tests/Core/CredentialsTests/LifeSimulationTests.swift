import Credentials
import TestSupport
import Testing
import Time

private let second: Int64 = 1_000_000_000

/// Days of a gateway whose source fails, whose clock is wrong and is set, whose services refuse.
@Suite struct LifeSimulationTests {
    /// What happened in a life.
    private struct Score {
        var fetches = 0
        var failures = 0
        var keyless: Int64 = 0
        /// Turns without a key although one is good or the source would give one.
        var keylessWithoutCause = 0
        var versions: Set<UInt64> = []
    }

    /// Half of the time good weather, half of it outages of up to two hours.
    private struct Weather {
        var isDown = false
        var until: Int64 = 0
        var since: Int64 = 0

        mutating func advance(to now: Int64, _ random: inout SeededRandom) {
            guard now >= until else { return }
            isDown.toggle()
            since = now
            until = now + Int64.random(in: 1...(isDown ? 7_200 : 14_400), using: &random) * second
        }
    }

    @Test func daysWithAFailingSourceKeepEveryPromise() {
        var random = SeededRandom()
        var lives = 0
        var outagesRidden = 0
        for _ in 0..<60 {
            let hasServerTime = Bool.random(using: &random)
            let life = Int64.random(in: 900...43_200, using: &random)
            let score = simulate(
                days: 3, life: life, server: hasServerTime, &random, &outagesRidden)
            lives += 1
            #expect(score.keylessWithoutCause == 0)
            #expect(score.versions.count > 3)
            // Three days: not more than one attempt a second, and in outages one in some seconds.
            #expect(score.fetches < 3 * 86_400 / 10, "\(score)")
        }
        #expect(lives == 60 && outagesRidden > 100, "\(outagesRidden) failures with a key at hand")
    }

    /// The rules: while the source works there is a key; while it fails, the last key is used to
    /// its true end; and no key is put aside before.
    private func simulate(
        days: Int64, life: Int64, server: Bool, _ random: inout SeededRandom,
        _ outagesRidden: inout Int
    ) -> Score {
        var bench = LifeBench(seed: random.next())
        var weather = Weather(isDown: true)
        var score = Score()
        var number = 0
        var end: Int64 = 0
        bench.clock = server && Bool.random(using: &random) ? .unsynced : .synced
        if bench.clock == .unsynced { bench.error = -1_700_000_000 }
        let stop = bench.monotonic + days * 86_400 * second
        while bench.monotonic < stop {
            weather.advance(to: bench.monotonic, &random)
            switch bench.action() {
            case .fetch:
                score.fetches += 1
                bench.monotonic += Int64.random(in: 0...2 * second, using: &random)
                if weather.isDown {
                    score.failures += 1
                    if bench.usable != nil { outagesRidden += 1 }
                    bench.fail("\(Int.random(in: 0...2, using: &random))")
                } else {
                    number += 1
                    end = bench.monotonic + life * second
                    bench.give(bench.key("K\(number)", endsIn: life), server: server)
                }
            case .look: Issue.record("there is no file to look at")
            case nil: break
            }
            _ = bench.reports()
            let usable = bench.life.usable(now: bench.now, clock: bench.clock)
            if let usable { score.versions.insert(usable.version) }
            // Times on the wall are whole seconds.
            let isGood = number > 0 && bench.monotonic < end - second
            if isGood && usable == nil { score.keylessWithoutCause += 1 }
            if usable == nil { score.keyless += 1 }
            // A minute of back-off, a second between attempts, two for the answer.
            let isLate = !weather.isDown && bench.monotonic > weather.since + 65 * second
            if isLate && usable == nil { score.keylessWithoutCause += 1 }
            let due = bench.life.deadline(now: bench.now, clock: bench.clock)
            let step = min(due ?? weather.until, weather.until)
            bench.monotonic = max(bench.monotonic + second / 10, step)
            if bench.clock == .unsynced && Int.random(in: 0..<500, using: &random) == 0 {
                bench.clock = .synced
                bench.error = 0
            }
        }
        return score
    }

    @Test func randomInputsNeverTrapAndNeverStandStill() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var bench = LifeBench(seed: random.next())
            for _ in 0..<400 {
                bench.monotonic += Int64.random(in: 0...100 * second, using: &random)
                bench.error = Int64.random(in: -4_000_000_000...4_000_000_000, using: &random)
                bench.clock = Bool.random(using: &random) ? .synced : .unsynced
                let stamp = FileStamp(
                    device: 1, node: UInt64.random(in: 0...1, using: &random),
                    modifiedNanoseconds: 0, byteCount: 0)
                switch bench.action() {
                case .fetch where Bool.random(using: &random): bench.fail(stamps: [stamp])
                case .fetch:
                    let life = Int64.random(in: -100...5_000, using: &random)
                    bench.give(
                        bench.key("K", endsIn: Bool.random(using: &random) ? life : nil),
                        server: Bool.random(using: &random), stamps: [stamp])
                case .look: bench.life.looked([stamp], now: bench.now, clock: bench.clock)
                case nil:
                    if let version = bench.life.usable(
                        now: bench.now, clock: bench.clock)?.version
                    {
                        if Bool.random(using: &random) {
                            bench.life.refused(version: version, now: bench.now)
                        } else {
                            bench.life.accepted(version: version)
                        }
                    }
                }
                #expect(bench.reports().count <= 4)
                // Its files are looked at, so there is always something to come.
                #expect(bench.life.deadline(now: bench.now, clock: bench.clock) != nil)
            }
        }
    }
}
