import Ingest
import TestSupport
import Testing

/// So many a second, and a while's worth at once.
struct TokenBucketTests {
    @Test func aFullBucketGivesABurstAndThenTheRate() {
        var bucket = TokenBucket(perSecond: 10, burst: 20)
        #expect(bucket.take(20, now: 0) == 0)
        #expect(bucket.take(1, now: 0) == second / 10)
        #expect(bucket.take(1, now: second / 10 - 1) > 0)
        #expect(bucket.take(1, now: second / 10) == 0)
        #expect(bucket.take(20, now: second) == second + second / 10)
    }

    @Test func aPauseOfAnyLengthFillsItOnce() {
        var bucket = TokenBucket(perSecond: 1_000_000, burst: 1_000_000)
        #expect(bucket.take(1_000_000, now: 0) == 0)
        #expect(bucket.take(1_000_000, now: .max) == 0)
        #expect(bucket.take(1, now: .max) > 0)
        #expect(bucket.take(1, now: 0) > 0, "a time that goes back gives nothing")
    }

    @Test func overAnyWhileNoMoreIsGivenThanTheRateAndABurst() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let rate = Int.random(in: 1...5_000, using: &random)
            let burst = Int.random(in: 1...5_000, using: &random)
            var bucket = TokenBucket(perSecond: rate, burst: burst)
            var now: Int64 = 0
            var given = 0
            for _ in 0..<200 {
                now += Int64.random(in: 0...second / 10, using: &random)
                let wanted = Int.random(in: 0...burst, using: &random)
                let wait = bucket.take(wanted, now: now)
                if wait == 0 { given += wanted }
                // It is there after the wait, and not before.
                if wait > 0 {
                    var later = bucket
                    #expect(later.take(wanted, now: now + wait) == 0)
                    var earlier = bucket
                    #expect(earlier.take(wanted, now: now + wait - 1) > 0)
                }
            }
            #expect(Double(given) <= Double(burst) + Double(rate) * Double(now) / 1e9 + 1)
        }
    }
}
