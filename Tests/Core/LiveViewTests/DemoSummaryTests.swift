import Bytes
import LiveView
import Testing

@Suite struct DemoSummaryTests {
    private func text(
        _ summary: DemoSummary, symbols: LiveScreen.Symbols = .unicode
    ) -> String {
        var buffer = FixedBuffer(capacity: 32_768)
        buffer.append(summary: summary, symbols: symbols)
        return String(decoding: buffer.bytes)
    }

    private var session: DemoSummary {
        var summary = DemoSummary()
        summary.recording = "interval-session"
        summary.elapsedSeconds = 719
        summary.measurements = 691
        summary.silences = 1
        summary.silentSeconds = 30
        summary.alarms = [
            DemoSummary.Alarm(
                raisedSeconds: 23, clearedSeconds: 92, highestBeatsPerMinute: 152),
            DemoSummary.Alarm(
                raisedSeconds: 708, clearedSeconds: nil, highestBeatsPerMinute: 152),
        ]
        summary.stored = 691
        summary.sinks = Samples.failingSinks.sinks
        summary.alarmLatency = Samples.normal.alarmLatency
        summary.durableLatency = Samples.normal.durableLatency
        summary.syncLatency = LiveLatency(
            p50Microseconds: 310, p99Microseconds: 4_100, maxMicroseconds: 12_000)
        summary.files = [
            DemoSummary.File(role: "ring", path: "/var/tmp/demo/ring"),
            DemoSummary.File(role: "records", path: "/var/tmp/demo/records.ndjson"),
        ]
        return summary
    }

    @Test func sessionWithAlarmsAndFailingSinks() {
        let expected = """
            Session interval-session, 00:11:59 played

              measurements  691, 1 silence (30 s)
              alarms        2 above 150 bpm
                            raised 00:00:23  cleared 00:01:32  up to 152 bpm
                            raised 00:11:48  still raised      up to 152 bpm
              records       691 stored on this board
              sinks                  delivered   waiting      lost  state
                            file           191         0         0  ok
                            kinesis        180        11         0  retry in 4 s: HTTP 503
                            search           0 1,234,567       191  FAILED: access denied
              latency                      p50       p99       max  from a notification's arrival
                            alarm        42 µs    180 µs    1.1 ms  until the alarm is decided and handed on
                            durable     1.2 ms    8.4 ms     23 ms  until its record is synced or delivered
                            sync        310 µs    4.1 ms     12 ms  the card alone, for each fdatasync of the ring
              files         ring      /var/tmp/demo/ring
                            records   /var/tmp/demo/records.ndjson

            Not a medical device.

            """
        #expect(text(session) == expected)
    }

    @Test func sessionWithoutAnything() {
        let expected = """
            Session, 00:00:00 played

              measurements  0, no silence
              alarms        none above 150 bpm
              records       0 stored on this board
              sinks         none
              latency                      p50       p99       max  from a notification's arrival
                            alarm            -         -         -  until the alarm is decided and handed on
                            durable          -         -         -  until its record is synced or delivered
                            sync             -         -         -  the card alone, for each fdatasync of the ring

            Not a medical device.

            """
        #expect(text(DemoSummary()) == expected)
    }

    @Test func serialConsoleGetsASCIIAlone() {
        #expect(text(session, symbols: .ascii).utf8.allSatisfy { $0 < 0x7F })
        #expect(text(session, symbols: .ascii).contains("42 us"))
    }

    @Test func extremeValuesNeitherTrapNorReachTheTerminal() {
        var summary = session
        let hostile = Samples.extreme
        summary.recording = hostile.recording
        summary.elapsedSeconds = .max
        summary.measurements = .max
        summary.silences = .max
        summary.silentSeconds = .max
        summary.stored = .max
        summary.sinks = hostile.sinks
        summary.alarmLatency = hostile.alarmLatency
        summary.files = [DemoSummary.File(role: hostile.device, path: hostile.device)]
        let shown = text(summary)
        #expect(!shown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(shown.contains("18,446,744,073,709,551,615"))
    }
}
