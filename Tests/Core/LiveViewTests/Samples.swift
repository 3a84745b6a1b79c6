import Bytes
import LiveView

/// Statuses that the tests draw.
enum Samples {
    /// Four minutes of a session: a rise over the limit, a recovery and a second rise, with a
    /// silence of ten seconds.
    static var history: HeartRateHistory {
        var history = HeartRateHistory()
        for second in UInt64(0)...200 where !(90..<100).contains(second) {
            history.record(beatsPerMinute: heartRate(second), atSeconds: second)
        }
        return history
    }

    /// 120 to 165 and back in two minutes, as straight lines.
    private static func heartRate(_ second: UInt64) -> UInt16 {
        let phase = UInt16(second % 120)
        return phase < 60 ? 120 + phase * 3 / 4 : 165 - (phase - 60) * 3 / 4
    }

    static var normal: LiveStatus {
        var status = LiveStatus()
        status.device = "demo-gateway"
        status.sensor = "chest strap"
        status.recording = "interval-session"
        status.speed = "×10"
        status.hint = "Ctrl-C ends"
        status.elapsedSeconds = 200
        status.heartRate = .beatsPerMinute(135)
        status.contact = .detected
        status.intervalMilliseconds = 444
        status.alarm.count = 1
        status.alarm.edges = [
            LiveAlarm.Edge(isRaise: true, seconds: 44, beatsPerMinute: 153),
            LiveAlarm.Edge(isRaise: false, seconds: 88, beatsPerMinute: 144),
        ]
        status.ring.stored = 191
        status.ring.used = 191
        status.ring.capacity = 65_536
        var file = LiveSink(name: "file", type: "file")
        file.delivered = 191
        status.sinks = [file]
        status.alarmLatency = LiveLatency(
            p50Microseconds: 42, p99Microseconds: 180, maxMicroseconds: 1_130)
        status.durableLatency = LiveLatency(
            p50Microseconds: 1_240, p99Microseconds: 8_412, maxMicroseconds: 23_000)
        status.history = history
        return status
    }

    static var pending: LiveStatus {
        var status = normal
        status.heartRate = .beatsPerMinute(151)
        status.alarm.state = .pending(secondsLeft: 2)
        return status
    }

    static var raised: LiveStatus {
        var status = normal
        status.heartRate = .beatsPerMinute(156)
        status.alarm.state = .raised(sinceSeconds: 186)
        status.alarm.count = 2
        status.alarm.edges.append(
            LiveAlarm.Edge(isRaise: true, seconds: 186, beatsPerMinute: 153))
        return status
    }

    static var silent: LiveStatus {
        var status = normal
        status.elapsedSeconds = 275
        status.heartRate = .silent(seconds: 75)
        status.contact = .unknown
        status.intervalMilliseconds = nil
        status.history.advance(toSeconds: 275)
        return status
    }

    static var offSkin: LiveStatus {
        var status = raised
        status.heartRate = .offSkin
        status.contact = .notDetected
        return status
    }

    /// Before the first notification.
    static var young: LiveStatus {
        var status = LiveStatus()
        status.device = "demo-gateway"
        status.recording = "interval-session"
        return status
    }

    static var failingSinks: LiveStatus {
        var status = normal
        status.ring.unsynced = 3
        var stream = LiveSink(name: "kinesis", type: "kinesis")
        stream.delivered = 180
        stream.waiting = 11
        stream.oldestWaitingSeconds = 12
        stream.state = .retrying(inSeconds: 4, reason: "HTTP 503")
        var search = LiveSink(name: "search", type: "opensearch")
        search.lost = 191
        search.waiting = 1_234_567
        search.oldestWaitingSeconds = 4_000
        search.state = .failed(reason: "access denied")
        status.sinks += [stream, search]
        return status
    }

    /// The largest value of every field, and text that a terminal would obey.
    static var extreme: LiveStatus {
        let hostile = "\u{1B}[2J\u{1B}]0;x\u{7}\r\n日本語 e\u{301} \u{202E}" + name(300)
        var status = LiveStatus()
        status.device = hostile
        status.sensor = hostile
        status.recording = hostile
        status.speed = hostile
        status.hint = hostile
        status.elapsedSeconds = .max
        status.heartRate = .beatsPerMinute(.max)
        status.contact = .detected
        status.intervalMilliseconds = .max
        status.alarm.state = .raised(sinceSeconds: .max)
        status.alarm.limitBeatsPerMinute = .max
        status.alarm.clearBeatsPerMinute = .max
        status.alarm.count = .max
        status.alarm.edges = (0..<100).map { index in
            LiveAlarm.Edge(isRaise: index % 2 == 0, seconds: .max, beatsPerMinute: .max)
        }
        status.ring.stored = .max
        status.ring.used = .max
        status.ring.capacity = .max
        status.ring.unsynced = .max
        status.alarmLatency = LiveLatency(
            p50Microseconds: .max, p99Microseconds: .max, maxMicroseconds: .max)
        status.durableLatency = status.alarmLatency
        status.sinks = (0..<8).map { index in
            var sink = LiveSink(name: hostile, type: hostile)
            sink.delivered = .max
            sink.waiting = .max
            sink.lost = .max
            sink.oldestWaitingSeconds = .max
            sink.state =
                index % 2 == 0
                ? .failed(reason: hostile) : .retrying(inSeconds: .max, reason: hostile)
            return sink
        }
        for second in UInt64(0)..<700 {
            status.history.record(
                beatsPerMinute: second % 2 == 0 ? 0 : .max, atSeconds: UInt64.max - 700 + second)
        }
        return status
    }

    private static func name(_ length: Int) -> String { String(repeating: "x", count: length) }

    static var all: [LiveStatus] {
        [normal, pending, raised, silent, offSkin, young, failingSinks, extreme]
    }
}
