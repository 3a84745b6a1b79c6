import Alarm
import Testing

/// A measurement: its time in milliseconds and its value.
struct Beat: Sendable {
    let milliseconds: Int64
    let beatsPerMinute: UInt16

    init(_ milliseconds: Int64, _ beatsPerMinute: UInt16) {
        self.milliseconds = milliseconds
        self.beatsPerMinute = beatsPerMinute
    }
}

/// An edge with the time at which it was answered.
struct Edge: Equatable, Sendable {
    let milliseconds: Int64
    let edge: AlarmEdge

    static func raise(_ milliseconds: Int64) -> Edge {
        Edge(milliseconds: milliseconds, edge: .raise)
    }

    static func clear(_ milliseconds: Int64) -> Edge {
        Edge(milliseconds: milliseconds, edge: .clear)
    }
}

/// The edges that a new alarm answers to these measurements.
func edges(_ beats: [Beat], limits: RateLimits = RateLimits()) -> [Edge] {
    var alarm = RateAlarm(limits: limits)
    return beats.compactMap { beat in
        alarm.judge(beatsPerMinute: beat.beatsPerMinute, at: beat.milliseconds * 1_000_000)
            .map { Edge(milliseconds: beat.milliseconds, edge: $0) }
    }
}

/// One value a second, from the first second on.
func everySecond(_ values: [UInt16]) -> [Beat] {
    values.enumerated().map { Beat(Int64($0.offset) * 1_000, $0.element) }
}

/// Measurements in, edges out.
struct RateAlarmTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let beats: [Beat]
        let edges: [Edge]

        init(_ description: String, _ beats: [Beat], _ edges: [Edge]) {
            testDescription = description
            self.beats = beats
            self.edges = edges
        }
    }

    static let cases = onset + clearing + silence

    private static let onset = [
        Case("no measurement, no edge", [], []),
        Case("never above", everySecond([60, 150, 150, 150, 150, 150]), []),
        Case("strictly above", everySecond([151, 151, 151, 151]), [.raise(3_000)]),
        Case("delay exactly met", [Beat(0, 151), Beat(3_000, 151)], [.raise(3_000)]),
        Case("a millisecond too early", [Beat(0, 151), Beat(2_999, 151)], []),
        Case(
            "raised by the next one", [Beat(0, 151), Beat(2_999, 151), Beat(3_600, 151)],
            [.raise(3_600)]),
        Case("raised once", everySecond([180, 180, 180, 180, 180, 180, 180]), [.raise(3_000)]),
        Case("one lone spike", everySecond([80, 250, 80, 80, 80]), []),
        Case(
            "the limit itself ends the condition",
            everySecond([151, 151, 151, 150, 151, 151, 151]), []),
        Case(
            "and the delay begins anew",
            everySecond([151, 151, 151, 150, 151, 151, 151, 151]), [.raise(7_000)]),
        Case("any start time", [Beat(-500, 160), Beat(2_500, 160)], [.raise(2_500)]),
    ]

    private static let clearing = [
        Case(
            "clears strictly below", everySecond([151, 151, 151, 151, 145, 144]),
            [.raise(3_000), .clear(5_000)]),
        Case(
            "does not clear at 145", everySecond([151, 151, 151, 151, 145, 145, 145]),
            [.raise(3_000)]),
        Case(
            "does not clear between the limits",
            everySecond([151, 151, 151, 151, 150, 146, 149]), [.raise(3_000)]),
        Case(
            "does not raise again between the limits",
            everySecond([151, 151, 151, 151, 144, 149, 150, 150, 150, 150]),
            [.raise(3_000), .clear(4_000)]),
        Case(
            "raises again with the whole delay",
            everySecond([151, 151, 151, 151, 144, 151, 151, 151, 151]),
            [.raise(3_000), .clear(4_000), .raise(8_000)]),
        Case(
            "clears without a delay", everySecond([200, 200, 200, 200, 60, 60]),
            [.raise(3_000), .clear(4_000)]),
        Case("dances on the limit before", everySecond([150, 151, 150, 151, 150, 151, 150]), []),
        Case(
            "dances on the limit after",
            everySecond([151, 151, 151, 151, 150, 151, 149, 152, 148, 151, 146, 151]),
            [.raise(3_000)]),
    ]

    private static let silence = [
        Case("silence of 10 s is none", [Beat(0, 160), Beat(10_000, 160)], [.raise(10_000)]),
        Case(
            "longer silence begins the delay anew",
            [Beat(0, 160), Beat(10_001, 160), Beat(13_000, 160)], []),
        Case(
            "and is counted from the measurement after it",
            [Beat(0, 160), Beat(10_001, 160), Beat(13_001, 160)], [.raise(13_001)]),
        Case(
            "silence again and again",
            [Beat(0, 160), Beat(11_000, 160), Beat(22_000, 160), Beat(33_000, 160)], []),
        Case(
            "silence does not clear",
            [
                Beat(0, 160), Beat(3_000, 160), Beat(3_600_000, 160), Beat(3_601_000, 140),
            ], [.raise(3_000), .clear(3_601_000)]),
        Case(
            "silence in the normal state is nothing",
            [Beat(0, 80), Beat(60_000, 160), Beat(63_000, 160)], [.raise(63_000)]),
    ]

    @Test(arguments: cases)
    func measurementsGiveTheirEdges(_ known: Case) {
        #expect(edges(known.beats) == known.edges)
    }

    @Test func withoutADelayTheFirstValueAboveRaises() {
        let limits = RateLimits(onsetDelayNanoseconds: 0)
        #expect(edges([Beat(7, 151)], limits: limits) == [.raise(7)])
    }

    @Test func equalLimitsHaveNoHysteresis() {
        let limits = RateLimits(
            highBeatsPerMinute: 150, clearBeatsPerMinute: 150, onsetDelayNanoseconds: 0)
        let beats = everySecond([151, 150, 149, 151])
        #expect(edges(beats, limits: limits) == [.raise(0), .clear(2_000), .raise(3_000)])
    }

    @Test func everyValueMayBeJudged() {
        let limits = RateLimits(onsetDelayNanoseconds: 0)
        let beats = everySecond([UInt16.max, 0, UInt16.max])
        #expect(edges(beats, limits: limits) == [.raise(0), .clear(1_000), .raise(2_000)])
    }

    @Test func stateIsNormalThenPendingThenRaisedAndKnowsSinceWhen() {
        var alarm = RateAlarm(limits: RateLimits())
        var states: [[Int64?]] = []
        for beat in everySecond([150, 151, 151, 151, 151, 145, 144]) {
            _ = alarm.judge(
                beatsPerMinute: beat.beatsPerMinute, at: beat.milliseconds * 1_000_000)
            states.append([alarm.pendingSince, alarm.raisedSince])
            #expect(alarm.isRaised == (alarm.raisedSince != nil))
        }
        let normal: [Int64?] = [nil, nil]
        let pending: [Int64?] = [1_000_000_000, nil]
        let raised: [Int64?] = [nil, 4_000_000_000]
        #expect(states == [normal, pending, pending, pending, raised, raised, normal])
    }

    @Test func silenceMovesTheBeginningOfAPendingCondition() {
        var alarm = RateAlarm(limits: RateLimits())
        _ = alarm.judge(beatsPerMinute: 160, at: 0)
        _ = alarm.judge(beatsPerMinute: 160, at: 10_000_000_001)
        #expect(alarm.pendingSince == 10_000_000_001)
    }

    @Test func defaultLimitsAreThoseOfTheDocumentation() {
        let limits = RateLimits()
        #expect(limits.highBeatsPerMinute == 150)
        #expect(limits.clearBeatsPerMinute == 145)
        #expect(limits.onsetDelayNanoseconds == 3_000_000_000)
        #expect(limits.silenceNanoseconds == 10_000_000_000)
    }

    @Test func limitBelowItsClearValueIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            _ = RateLimits(highBeatsPerMinute: 150, clearBeatsPerMinute: 151)
        }
    }
}
