import Alarm
import TestSupport
import Testing

/// The zone of one record, beside the alarm that sees them all.
struct AlarmZoneTests {
    @Test(
        arguments: [
            (144, AlarmZone.normal), (145, .clearing), (150, .clearing), (151, .high), (0, .normal),
            (65_535, .high),
        ] as [(UInt16, AlarmZone)])
    func limitsBelongToClearing(_ beatsPerMinute: UInt16, _ zone: AlarmZone) {
        #expect(RateLimits().zone(of: beatsPerMinute) == zone)
    }

    /// Over every recording, without the onset delay: a raise is in the zone `high`, a clear in the
    /// zone `normal`, and between them the zone never is what would have ended the state.
    @Test(arguments: Recording.names)
    func zoneAndAlarmAgreeOverARecording(_ name: String) throws {
        for (high, clear) in [(150, 145), (150, 150), (120, 90), (100, 100)] as [(UInt16, UInt16)] {
            let limits = RateLimits(
                highBeatsPerMinute: high, clearBeatsPerMinute: clear, onsetDelayNanoseconds: 0)
            var alarm = RateAlarm(limits: limits)
            for row in try Recording(name: name).rows {
                guard let beatsPerMinute = row.beatsPerMinute else { continue }
                let edge = alarm.judge(
                    beatsPerMinute: beatsPerMinute, at: row.seconds * 1_000_000_000)
                let zone = limits.zone(of: beatsPerMinute)
                if edge == .raise { #expect(zone == .high) }
                if edge == .clear { #expect(zone == .normal) }
                #expect(zone == .clearing || alarm.isRaised == (zone == .high))
            }
        }
    }
}
