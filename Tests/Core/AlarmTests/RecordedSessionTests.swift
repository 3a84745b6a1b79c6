import Alarm
import TestSupport
import Testing

/// The alarm over real sessions: what a filter on raw values shows, and what is raised.
struct RecordedSessionTests {
    struct Session: Sendable, CustomTestStringConvertible {
        let name: String
        /// Times that the raw value goes from at most 150 to above.
        let rawSteps: Int
        let raises: Int
        let clears: Int

        var testDescription: String { name }
    }

    /// One alarm fewer cleared than raised: the session ended in the alarm.
    static let sessions = [
        Session(name: "run-47min", rawSteps: 8, raises: 3, clears: 3),
        Session(name: "ride-78min", rawSteps: 12, raises: 8, clears: 8),
        Session(name: "wrist-sensor-28min", rawSteps: 4, raises: 4, clears: 3),
        Session(name: "indoor-trainer-38min", rawSteps: 3, raises: 2, clears: 2),
        Session(name: "multisport-7h", rawSteps: 61, raises: 13, clears: 12),
    ]

    @Test func everyRecordingHasAnExpectation() {
        #expect(Self.sessions.map(\.name).sorted() == Recording.names)
    }

    private func beats(_ name: String) throws -> [Beat] {
        try Recording(name: name).rows.compactMap { row in
            row.beatsPerMinute.map { Beat(row.seconds * 1_000, $0) }
        }
    }

    @Test(arguments: sessions)
    func stepsAndAlarmsOfARecordingAreKnown(_ session: Session) throws {
        let beats = try beats(session.name)
        var rawSteps = 0
        var wasAbove = false
        for beat in beats {
            if beat.beatsPerMinute > 150, !wasAbove { rawSteps += 1 }
            wasAbove = beat.beatsPerMinute > 150
        }
        let answered = edges(beats)
        #expect(rawSteps == session.rawSteps)
        #expect(answered.count { $0.edge == .raise } == session.raises)
        #expect(answered.count { $0.edge == .clear } == session.clears)
    }

    @Test func runIsThreeLongAlarms() throws {
        #expect(
            edges(try beats("run-47min")) == [
                .raise(322_000), .clear(2_001_000), .raise(2_403_000), .clear(2_473_000),
                .raise(2_523_000), .clear(2_666_000),
            ])
    }

    @Test func noAlarmOfARecordingIsShorterThanTenSeconds() throws {
        for session in Self.sessions {
            let answered = edges(try beats(session.name))
            for (raise, clear) in zip(answered, answered.dropFirst()) where raise.edge == .raise {
                #expect(clear.milliseconds - raise.milliseconds >= 10_000, "\(session.name)")
            }
        }
    }

    /// The whole panel, sounds and lost sensors included: no more alarms than the heart rate has,
    /// each raised when it has been above the limit for the delay. Prints what a reader asks for.
    @Test(arguments: sessions)
    func panelRaisesWhatTheHeartRateRaises(_ session: Session) throws {
        var panel = AlarmPanel(limits: [RateLimits()], sinkCount: 0)
        var times: [String] = []
        var (raises, clears) = (0, 0)
        for beat in try beats(session.name) {
            let now = beat.milliseconds * 1_000_000
            while let due = panel.deadline, due <= now { panel.advance(to: due) }
            panel.judge(beat.beatsPerMinute, sensor: 0, measuredAt: now, now: now)
            while let change = panel.nextChange() {
                guard change.condition == .highRate else { continue }
                let time = "\(beat.milliseconds / 1_000) s"
                if change.edge == .raise {
                    raises += 1
                    times.append(time)
                    panel.acknowledge(now: now)
                } else if change.edge == .clear {
                    clears += 1
                    times[times.count - 1] += " to \(time)"
                }
            }
            #expect((panel.lamp == .dark) == !panel.entries.contains { $0.isRaised })
        }
        #expect(raises == session.raises && clears == session.clears)
        print(
            "\(session.name): \(session.rawSteps) raw steps over 150, \(raises) alarms: "
                + times.joined(separator: ", "))
    }
}
