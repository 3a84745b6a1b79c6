import Alarm
import TestSupport
import Testing

/// What holds for every sequence of measurements.
struct RateAlarmPropertyTests {
    /// Measurements that linger around the limits, with pauses up to twice the silence.
    private func walk(_ random: inout SeededRandom) -> [Beat] {
        var beats: [Beat] = []
        var milliseconds: Int64 = 0
        var rate = 148
        for _ in 0..<Int.random(in: 1...120, using: &random) {
            let isPause = Int.random(in: 0..<20, using: &random) == 0
            milliseconds += Int64.random(in: isPause ? 5_000...20_000 : 100...1_500, using: &random)
            if Int.random(in: 0..<6, using: &random) == 0 {
                rate = Int.random(in: 138...158, using: &random)
            }
            let value = rate + Int.random(in: -1...1, using: &random)
            beats.append(Beat(milliseconds, UInt16(value)))
        }
        return beats
    }

    /// For how long the values up to and including `index` have been above the limit, without a
    /// silence in between; nil when the last one is not above.
    private func heldAbove(_ beats: [Beat], upTo index: Int, limits: RateLimits) -> Int64? {
        guard beats[index].beatsPerMinute > limits.highBeatsPerMinute else { return nil }
        var first = index
        while first > 0, beats[first - 1].beatsPerMinute > limits.highBeatsPerMinute,
            (beats[first].milliseconds - beats[first - 1].milliseconds) * 1_000_000
                <= limits.silenceNanoseconds
        {
            first -= 1
        }
        return (beats[index].milliseconds - beats[first].milliseconds) * 1_000_000
    }

    private func randomLimits(_ random: inout SeededRandom) -> RateLimits {
        let high = UInt16.random(in: 146...152, using: &random)
        return RateLimits(
            highBeatsPerMinute: high,
            clearBeatsPerMinute: UInt16.random(in: high - 6...high, using: &random),
            onsetDelayNanoseconds: Int64.random(in: 0...5_000, using: &random) * 1_000_000,
            silenceNanoseconds: Int64.random(in: 1_000...12_000, using: &random) * 1_000_000)
    }

    /// What must be answered, from the whole history and no state but raised or not.
    private func expected(_ beats: [Beat], _ limits: RateLimits) -> [Edge] {
        var edges: [Edge] = []
        var isRaised = false
        var searchFrom = 0
        for index in beats.indices {
            let since = [Beat](beats[searchFrom...index])
            if isRaised {
                if beats[index].beatsPerMinute < limits.clearBeatsPerMinute {
                    edges.append(.clear(beats[index].milliseconds))
                    isRaised = false
                    searchFrom = index
                }
            } else if let held = heldAbove(since, upTo: since.count - 1, limits: limits),
                held >= limits.onsetDelayNanoseconds
            {
                edges.append(.raise(beats[index].milliseconds))
                isRaised = true
            }
        }
        return edges
    }

    @Test func edgesFollowFromTheHistoryAlone() {
        var random = SeededRandom()
        var raises = 0
        for _ in 0..<2_000 {
            let limits = randomLimits(&random)
            let beats = walk(&random)
            let answered = edges(beats, limits: limits)
            raises += answered.count { $0.edge == .raise }
            if answered != expected(beats, limits) {
                Issue.record("\(limits) \(beats): \(answered), seed \(random.seed)")
                return
            }
        }
        #expect(raises > 500, "the walk must reach alarms, seed \(random.seed)")
    }

    @Test func conditionHeldForTheDelayIsRaisedByThatMeasurement() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let limits = randomLimits(&random)
            let beats = walk(&random)
            var alarm = RateAlarm(limits: limits)
            for (index, beat) in beats.enumerated() {
                _ = alarm.judge(
                    beatsPerMinute: beat.beatsPerMinute, at: beat.milliseconds * 1_000_000)
                let held = heldAbove(beats, upTo: index, limits: limits)
                if let held, held >= limits.onsetDelayNanoseconds, !alarm.isRaised {
                    Issue.record("not raised at \(index) of \(beats), seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test func nothingIsRaisedThatWasNotHeldForTheDelay() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let limits = randomLimits(&random)
            let beats = walk(&random)
            for edge in edges(beats, limits: limits) where edge.edge == .raise {
                let index = beats.firstIndex { $0.milliseconds == edge.milliseconds } ?? 0
                let held = heldAbove(beats, upTo: index, limits: limits) ?? -1
                if held < limits.onsetDelayNanoseconds {
                    Issue.record("raised at \(index) of \(beats), seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test func raisesAndClearsComeInTurnBeginningWithARaise() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let kinds = edges(walk(&random), limits: randomLimits(&random)).map(\.edge)
            for (index, kind) in kinds.enumerated()
            where kind != (index % 2 == 0 ? .raise : .clear) {
                Issue.record("\(kinds), seed \(random.seed)")
                return
            }
        }
    }
}
