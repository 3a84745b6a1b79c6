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
}
