import TestSupport
import Testing
import Uplink

/// How fast a service that has asked to go slower is sent to.
struct PaceTests {
    private static let second: Int64 = 1_000_000_000

    @Test func serviceThatNeverAskedIsNotHeldBack() {
        var pace = Pace()
        for round in 0..<50 as Range<Int64> {
            pace.begin(records: 500, bytes: 100_000, now: round * 1_000_000)
            pace.end(accepted: 500, isThrottled: false, now: round * 1_000_000 + 500_000)
        }
        #expect(pace.recordsPerSecond == nil && pace.nextAt == 0)
        #expect(pace.portion(of: 500) == 500)
    }

    /// 400 of 500 records a second were taken.
    private func cutPace(at start: Int64 = 0) -> Pace {
        var pace = Pace()
        for round in 0..<20 as Range<Int64> {
            let now = start + round * Self.second
            pace.begin(records: 500, bytes: 100_000, now: now)
            pace.end(accepted: 400, isThrottled: round == 19, now: now + Self.second / 10)
        }
        return pace
    }

    @Test func throttlingCutsWhatWasTakenLately() {
        let pace = cutPace()
        guard let rate = pace.recordsPerSecond else {
            Issue.record("a throttled pace has a rate")
            return
        }
        #expect(rate > 400 * Pace.cut * 0.9 && rate < 400 * Pace.cut * 1.1)
        #expect(pace.cuts == 1)
        #expect(pace.portion(of: 500) == Int(rate) && pace.portion(of: 7) == 7)
        let wait = Double(pace.nextAt - 19 * Self.second) / 1e9
        #expect(abs(wait - 400 / rate) < 0.01, "what was taken, at the new rate")
    }

    @Test func answersSoonAfterACutAreNoReasonForAnother() {
        var pace = cutPace()
        let rate = pace.recordsPerSecond
        let cutAt = 19 * Self.second + Self.second / 10
        pace.begin(records: 100, bytes: 20_000, now: cutAt)
        pace.end(accepted: 50, isThrottled: true, now: cutAt + Self.second - 1)
        #expect(pace.recordsPerSecond == rate && pace.cuts == 1)
        pace.begin(records: 100, bytes: 20_000, now: cutAt + Self.second)
        pace.end(accepted: 50, isThrottled: true, now: cutAt + Self.second)
        #expect(pace.cuts == 2)
    }

    @Test func refusalAsAWholeCostsNoTimeOfItsOwn() {
        var pace = Pace()
        pace.begin(records: 500, bytes: 100_000, now: 7)
        pace.end(accepted: 0, isThrottled: true, now: 9)
        #expect(pace.nextAt <= 9, "how long it waits, the back-off says")
        for round in 1..<60 as Range<Int64> {
            pace.begin(records: 500, bytes: 100_000, now: 2 * round * Self.second)
            pace.end(accepted: 0, isThrottled: true, now: 2 * round * Self.second)
        }
        #expect(pace.recordsPerSecond == Pace.slowest)
    }

    @Test func successesAddALittleEachSecondAndInTheEndLiftTheRate() {
        var pace = cutPace()
        var now = 20 * Self.second
        var rates = [pace.recordsPerSecond ?? 0]
        while let rate = pace.recordsPerSecond, rates.count < 200 {
            if rates.count < 10, let last = rates.last {
                #expect(rate >= last && rate - last < 40, "additive")
            }
            rates.append(rate)
            pace.begin(records: Int(rate), bytes: Int(rate) * 200, now: now)
            now += Self.second
            pace.end(accepted: Int(rate), isThrottled: false, now: now)
        }
        #expect(pace.recordsPerSecond == nil)
        #expect((100...140).contains(rates.count), "seconds: \(rates.count)")
    }

    @Test func idleTimeIsNoSuccess() {
        var pace = cutPace()
        let rate = pace.recordsPerSecond ?? 0
        let later = 100_000 * Self.second
        pace.begin(records: 1, bytes: 200, now: later)
        pace.end(accepted: 1, isThrottled: false, now: later)
        let risen = pace.recordsPerSecond ?? 0
        #expect(risen - rate < rate / 10)
        #expect(pace.nextAt >= later, "nor is it made up for")
    }

    /// One request in five is refused in part or as a whole, however slow it goes.
    @Test func refusalsThatAreNotForTheRateDoNotWearItDown() {
        var random = SeededRandom()
        var pace = Pace()
        var now: Int64 = 0
        var accepted = 0
        while now < 600 * Self.second {
            let count = pace.portion(of: 500)
            let part = Int.random(in: 0..<5, using: &random) > 0 ? 1 : [0, 0.7].randomElement()
            let taken = Int(Double(count) * (part ?? 0))
            pace.begin(records: count, bytes: count * 200, now: now)
            now += Self.second / 16
            pace.end(accepted: taken, isThrottled: taken < count, now: now)
            accepted += taken
            now = max(now, pace.nextAt)
        }
        #expect(accepted / 600 > 250, "\(accepted / 600) a second")
    }

    /// A shard takes 1,000 records and 1 MiB a second ("Quotas and limits", Kinesis Data Streams
    /// Developer Guide). With pace nearly all of it is used, and little is refused.
    @Test(arguments: [250, 4_000])
    func backlogGoesThroughAShardAtItsLimit(_ recordBytes: Int) {
        var random = SeededRandom(test: "backlogGoesThroughAShardAtItsLimit(\(recordBytes))")
        let limit = min(1_000, Double(1 << 20) / Double(recordBytes))
        let seed = random.next()
        let plain = Shard.run(recordBytes: recordBytes, isPaced: false, seed: seed)
        let paced = Shard.run(recordBytes: recordBytes, isPaced: true, seed: seed)
        for (name, run) in [("full jitter alone", plain), ("with pace", paced)] {
            print(
                "shard, records of \(recordBytes) B, \(name): \(Int(run.rate)) of \(Int(limit)) "
                    + "accepted a second, \(run.refused) entries refused of \(run.accepted), in "
                    + "\(run.throttledRequests) of \(run.requests) requests")
        }
        #expect(paced.rate > 0.9 * limit)
        #expect(paced.refused * 5 < plain.refused)
        #expect(paced.throttledRequests * 4 < plain.throttledRequests)
    }
}

/// A shard with two token buckets of one second each, and a backlog of ten minutes for it.
private struct Shard {
    var records = 1_000.0
    var bytes = Double(1 << 20)
    var filledAt = 0.0

    struct Run {
        var accepted = 0
        var refused = 0
        var requests = 0
        var throttledRequests = 0
        var rate = 0.0
    }

    mutating func take(_ count: Int, of recordBytes: Int, at time: Double) -> Int {
        records = min(1_000, records + (time - filledAt) * 1_000)
        bytes = min(Double(1 << 20), bytes + (time - filledAt) * Double(1 << 20))
        filledAt = time
        let fit = min(count, Int(records), Int(bytes / Double(recordBytes)))
        records -= Double(fit)
        bytes -= Double(fit * recordBytes)
        return fit
    }

    /// Ten minutes of sending as fast as is allowed, 60 ms a round trip.
    static func run(recordBytes: Int, isPaced: Bool, seed: UInt64) -> Run {
        var shard = Shard()
        var run = Run()
        var pace = Pace()
        var backoff = Backoff()
        var random = RandomSource(seed: seed)
        let fitting = min(500, (512 << 10) / recordBytes)
        var now: Int64 = 0
        while now < 600_000_000_000 {
            let count = isPaced ? pace.portion(of: fitting) : fitting
            pace.begin(records: count, bytes: count * recordBytes, now: now)
            let accepted = shard.take(count, of: recordBytes, at: Double(now + 30_000_000) / 1e9)
            now += 60_000_000
            let isThrottled = accepted < count
            run.requests += 1
            run.accepted += accepted
            run.refused += count - accepted
            pace.end(accepted: accepted, isThrottled: isThrottled, now: now)
            if accepted > 0 { backoff.succeed() }
            if isThrottled {
                run.throttledRequests += 1
                now += backoff.fail(random: &random)
            }
            if isPaced { now = max(now, pace.nextAt) }
        }
        run.rate = Double(run.accepted) / (Double(now) / 1e9)
        return run
    }
}
