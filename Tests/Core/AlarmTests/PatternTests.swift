import Alarm
import Foundation
import Testing

/// The patterns as data: what IEC 60601-1-8 asks of them, and what a technician needs.
struct PatternTests {
    @Test func noTwoLampPatternsAreTheSame() {
        for one in LampPattern.allCases {
            for other in LampPattern.allCases where one != other {
                #expect(one.pattern != other.pattern, "\(one) and \(other)")
            }
        }
    }

    @Test func alarmLampsFlashAsTheStandardHasIt() {
        let high = LampPattern.highAlarm.pattern
        let medium = LampPattern.mediumAlarm.pattern
        #expect((1.4...2.8).contains(1_000 / Double(high.periodMilliseconds)))
        #expect((0.4...0.8).contains(1_000 / Double(medium.periodMilliseconds)))
        for pattern in [high, medium] {
            #expect((0.2...0.6).contains(Double(pattern[0]) / Double(pattern.periodMilliseconds)))
        }
        #expect(LampPattern.lowAlarm.pattern == Pattern(steady: true))
    }

    @Test func burstsAreThoseOfTheStandard() {
        let pulses = SoundPattern.allCases.map(\.pattern.pulseCount)
        #expect(pulses == [0, 2, 3, 10])
        let high = SoundPattern.high.pattern
        for step in stride(from: 0, to: 20, by: 2) { #expect((75...200).contains(high[step])) }
        for step in [1, 3, 7, 11, 13, 17] { #expect((50...125).contains(high[step])) }
        // Between the groups: two spacings and a pulse; between the halves 0.35 to 1.3 s.
        #expect(high[5] == 2 * high[1] + high[0] && high[15] == high[5])
        #expect((350...1_300).contains(high[9]))
        #expect((2_500...15_000).contains(high[19]))
        let medium = SoundPattern.medium.pattern
        for step in 0..<5 { #expect((125...250).contains(medium[step])) }
        #expect((2_500...30_000).contains(medium[5]))
        #expect(SoundPattern.low.pattern[3] > 15_000)
    }

    @Test func patternIsOnAndOffAsItsStepsSay() {
        let pattern = Pattern([100, 50, 200, 650])
        let expected: [(Int64, Bool, Int64)] = [
            (0, true, 100), (99, true, 1), (100, false, 50), (150, true, 200), (349, true, 1),
            (350, false, 650), (999, false, 1), (1_000, true, 100), (10_100, false, 50),
        ]
        for (milliseconds, isOn, left) in expected {
            let level = pattern.level(at: milliseconds * 1_000_000)
            #expect(level.isOn == isOn && level.nanoseconds == left * 1_000_000, "\(milliseconds)")
        }
        #expect(pattern.burstNanoseconds == 350_000_000)
    }

    @Test func playerGoesOnWithThePatternThatItPlays() {
        var player = PatternPlayer()
        #expect(player.level(at: 0) == (false, nil))
        player.play(LampPattern.highAlarm.pattern, from: 1_000)
        #expect(player.level(at: 1_000) == (true, 250_001_000))
        player.play(LampPattern.highAlarm.pattern, from: 300_000_000)
        #expect(player.level(at: 300_000_000) == (false, 500_001_000))
        player.play(LampPattern.lowAlarm.pattern, from: 400_000_000)
        #expect(player.level(at: 400_000_000) == (true, nil))
    }

    @Test func onePressOfABouncingContactCountsOnce() {
        var button = Debouncer(quietNanoseconds: 20_000_000)
        let edges: [(Int64, Bool)] = [
            (0, true), (2, false), (3, true), (9, false), (10, true), (200, false), (203, true),
            (204, false), (500, true),
        ]
        let presses = edges.filter { button.note(isPress: $0.1, at: $0.0 * 1_000_000) }.map(\.0)
        #expect(presses == [0, 500])
    }

    /// The tables in the README are those that the outputs play.
    @Test func readmeHasTheTablesOfThePatterns() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        for row in PatternTable.text.split(separator: "\n") {
            let isThere = readme.contains(row)
            #expect(isThere, "README.md lacks: \(row)")
        }
    }
}
