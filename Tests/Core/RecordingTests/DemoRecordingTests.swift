import Alarm
import Foundation
import Testing

@testable import Recording

/// The recording that the program carries tells the story that its README promises.
@Suite struct DemoRecordingTests {
    static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Sources/pulsegate/Recordings/interval-session.csv")

    @Test func itIsTwelveMinutesWithASilence() throws {
        let bytes = [UInt8](try Data(contentsOf: Self.file))
        let extent = try RecordingExtent(of: bytes.span)
        #expect(extent.rows == 720)
        #expect(extent.rowsWithoutValue == 29)
        #expect(extent.durationNanoseconds == 719_000_000_000)
    }

    @Test func threeAlarmsAreRaisedAndTwoClear() throws {
        let bytes = [UInt8](try Data(contentsOf: Self.file))
        var player = RecordingPlayer()
        var alarm = RateAlarm(limits: RateLimits())
        var raised: [Int64] = []
        var cleared: [Int64] = []
        while let row = try player.next(in: bytes.span) {
            guard let rate = row.beatsPerMinute else { continue }
            switch alarm.judge(beatsPerMinute: rate, at: row.timeNanoseconds) {
            case .raise: raised.append(row.timeNanoseconds / 1_000_000_000)
            case .clear: cleared.append(row.timeNanoseconds / 1_000_000_000)
            case .acknowledge, .resound, nil: break
            }
        }
        #expect(raised == [23, 145, 708])
        #expect(cleared == [92, 557])
    }
}
