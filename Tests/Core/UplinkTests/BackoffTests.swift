import TestSupport
import Testing
import Uplink

/// The waits between attempts: bounded by the exponential ceiling and by nothing else.
struct BackoffTests {
    private static let base: Int64 = 500
    private static let cap: Int64 = 60_000

    @Test func waitLiesBetweenZeroAndTheCeilingAndFillsThatRange() {
        let seeds = SeededRandom()
        var random = RandomSource(seed: seeds.seed)
        for failures in 0..<12 {
            let ceiling = min(Self.cap, Self.base << Int64(failures))
            var lowest = Int64.max
            var highest = Int64.min
            for _ in 0..<400 {
                var backoff = Backoff(baseNanoseconds: Self.base, capNanoseconds: Self.cap)
                for _ in 0..<failures { _ = backoff.fail(random: &random) }
                let wait = backoff.fail(random: &random)
                lowest = min(lowest, wait)
                highest = max(highest, wait)
            }
            #expect(lowest >= 0 && highest <= ceiling)
            // 400 draws miss the lowest or highest tenth once in 10^18 runs.
            #expect(lowest <= ceiling / 10, "jitter is full: it begins at 0")
            #expect(highest >= ceiling - ceiling / 10, "jitter is full: it reaches the ceiling")
        }
    }

    @Test func successBeginsAgainAtTheBase() {
        var random = RandomSource(seed: 1)
        var backoff = Backoff(baseNanoseconds: Self.base, capNanoseconds: Self.cap)
        for _ in 0..<10 { _ = backoff.fail(random: &random) }
        #expect(backoff.failures == 10)
        backoff.succeed()
        #expect(backoff.failures == 0)
        for _ in 0..<200 {
            #expect(backoff.fail(random: &random) <= Self.base)
            backoff.succeed()
        }
    }

    @Test func serviceMayAskForMoreThanTheCap() {
        var random = RandomSource(seed: 1)
        var backoff = Backoff(baseNanoseconds: Self.base, capNanoseconds: Self.cap)
        #expect(backoff.fail(atLeast: 10 * Self.cap, random: &random) == 10 * Self.cap)
        for _ in 0..<100 {
            let wait = backoff.fail(atLeast: 40_000, random: &random)
            #expect(wait >= 40_000 && wait <= Self.cap)
        }
        #expect(backoff.fail(atLeast: .max, random: &random) == .max)
        #expect(backoff.fail(atLeast: .min, random: &random) >= 0)
    }

    @Test func anyNumberOfFailuresStaysBelowTheCap() {
        var random = RandomSource(seed: 1)
        let extremes: [(base: Int64, cap: Int64)] = [
            (1, 1), (1, .max), (.max, .max), (500_000_000, 60_000_000_000), (1 << 62, .max),
        ]
        for (base, cap) in extremes {
            var backoff = Backoff(baseNanoseconds: base, capNanoseconds: cap)
            for _ in 0..<2_000 {
                let wait = backoff.fail(random: &random)
                #expect(wait >= 0 && wait <= cap)
            }
            #expect(backoff.failures == 2_000)
        }
    }
}
