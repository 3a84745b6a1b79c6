import Alarm
import Bytes
import Foundation
import Testing
import Time
import Vitals
import WireFormat

/// The status of the local API, field by field.
struct StatusJSONTests {
    private static func text(_ capacity: Int = 8_192, _ write: (inout FixedBuffer) -> Void)
        -> String
    {
        var buffer = FixedBuffer(capacity: capacity)
        write(&buffer)
        return String(decoding: buffer.bytes)
    }

    private static var full: LocalStatus {
        var status = LocalStatus()
        status.version = "0.1.0"
        status.device = "gym-7"
        status.wallMicroseconds = 1_752_599_433_123_456
        status.clock = .synced
        status.uptimeSeconds = 123
        var sensor = LocalStatus.SensorNow(name: "strap-1", state: .streaming)
        sensor.heartRate = 72
        sensor.ageMilliseconds = 412
        sensor.isStale = false
        sensor.contact = .detected
        sensor.intervals.append(832)
        sensor.intervals.append(840)
        sensor.batteryPercent = 87
        sensor.rssiDecibelMilliwatts = -61
        sensor.highBeatsPerMinute = 150
        sensor.alarm = .high
        status.sensors = [sensor, LocalStatus.SensorNow(name: "any 2", state: .absent)]
        var alarm = LocalStatus.AlarmNow(.highRate)
        alarm.sensor = "strap-1"
        alarm.isSounding = true
        alarm.sinceMicroseconds = 1_752_599_430_000_000
        alarm.text = "strap-1: 156 bpm, above 150"
        status.alarms = [alarm]
        status.sound = .high
        status.ring.slots = 100_000
        status.ring.records = 5_120
        status.ring.inMemory = 3
        status.ring.trouble = "No space left on device"
        var sink = LocalStatus.SinkNow(name: "kinesis", state: .waiting)
        sink.delivered = 5_100
        sink.waiting = 20
        sink.oldestUnsentMilliseconds = 4_200
        sink.refusal = "the key is refused"
        status.sinks = [sink]
        status.counters.notifications = 9
        status.counters.recorded = 5
        status.counters.malformed = 1
        status.counters.offSkin = 2
        status.counters.implausible = 1
        return status
    }

    @Test func everyFieldIsThere() {
        #expect(
            Self.text { $0.append(json: Self.full) }
                == #"{"schema":1,"version":"0.1.0","device_id":"gym-7","#
                + #""time":"2025-07-15T17:10:33.123456Z","clock":"synced","uptime_seconds":123,"#
                + #""safe_mode":false,"sensors":[{"sensor":"strap-1","state":"streaming","#
                + #""heart_rate":72,"age_seconds":0.412,"stale":false,"contact":"detected","#
                + #""rr_ms":[812.5,820.3],"battery_percent":87,"rssi_dbm":-61,"high":150,"#
                + #""low":null,"alarm":"high"},{"sensor":"any 2","state":"absent","#
                + #""heart_rate":null,"age_seconds":null,"stale":true,"contact":null,"rr_ms":[],"#
                + #""battery_percent":null,"rssi_dbm":null,"high":null,"low":null,"alarm":null}],"#
                + #""alarms":[{"condition":"high_heart_rate","priority":"high","#
                + #""sensor":"strap-1","sink":null,"raised":true,"sounding":true,"#
                + #""since":"2025-07-15T17:10:30.000000Z","text":"strap-1: 156 bpm, above 150"}],"#
                + #""sound":"high","pause_seconds":null,"ring":{"slots":100000,"records":5120,"#
                + #""in_memory":3,"fill":0.0512,"oldest":null,"#
                + #""trouble":"No space left on device"},"sinks":[{"sink":"kinesis","#
                + #""state":"waiting","delivered":5100,"waiting":20,"lost":0,"#
                + #""oldest_unsent_seconds":4.200,"refusal":"the key is refused"}],"#
                + #""counters":{"notifications":9,"recorded":5,"malformed":1,"off_skin":2,"#
                + #""implausible":1}}"#)
    }

    @Test func edgeOfAnAlarmSaysWhatHappenedFirst() {
        var alarm = LocalStatus.AlarmNow(.uplinkDown)
        alarm.sink = "kinesis"
        alarm.isRaised = false
        alarm.text = "kinesis: not reached"
        #expect(
            Self.text { $0.append(json: alarm, edge: .clear) }
                == #"{"edge":"cleared","condition":"uplink_down","priority":"low","sensor":null,"#
                + #""sink":"kinesis","raised":false,"sounding":false,"since":null,"#
                + #""text":"kinesis: not reached"}"#)
    }

    @Test func measurementIsOneLine() {
        var measurement = HeartRateMeasurement(beatsPerMinute: 72)
        measurement.rrIntervals.append(1_024)
        let line = Self.text {
            $0.append(
                jsonEvent: measurement, sequence: 18_447, sensor: "a\"b\n",
                wallMicroseconds: 1_752_599_433_123_456)
        }
        #expect(
            line == #"{"seq":18447,"sensor":"a\"b\u000a","time":"2025-07-15T17:10:33.123456Z","#
                + #""heart_rate":72,"rr_ms":[1000.0]}"#)
        let refused = Self.text {
            $0.append(
                jsonEvent: measurement, sequence: nil, sensor: "s", wallMicroseconds: 0)
        }
        #expect(refused.hasPrefix(#"{"seq":null,"#))
    }

    @Test func emptyStatusIsJSONToo() throws {
        let text = Self.text { $0.append(json: LocalStatus()) }
        _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
        #expect(text.contains(#""slots":0,"records":0,"in_memory":0,"fill":0.0000"#))
    }

    @Test(arguments: LocalStatus.SensorWord.allCases)
    func everyStateHasItsWord(_ state: LocalStatus.SensorWord) throws {
        var status = LocalStatus()
        status.sensors = [LocalStatus.SensorNow(name: "s", state: state)]
        let text = Self.text { $0.append(json: status) }
        #expect(text.contains(#""state":""#))
        #expect(!text.contains(#""state":"""#))
    }

    /// The worst that there may be: every name needs escapes, every alarm is raised.
    @Test(arguments: [(1, 1), (56, 8)])
    func longestStatusFitsIntoItsLimit(_ sensors: Int, _ sinks: Int) {
        var status = Self.full
        let name = String(repeating: "\u{1}", count: 23)
        var sensor = status.sensors[0]
        sensor.name = name
        while sensor.intervals.count < RRIntervals.limit { sensor.intervals.append(.max) }
        status.sensors = Array(repeating: sensor, count: sensors)
        var sink = status.sinks[0]
        sink.name = name
        sink.refusal = String(repeating: "r", count: 1_000)
        status.sinks = Array(repeating: sink, count: sinks)
        var alarm = status.alarms[0]
        alarm.sensor = name
        alarm.text = name + String(repeating: "t", count: 100)
        status.alarms = Array(repeating: alarm, count: 6 * sensors + sinks + 4)
        let limit = LocalStatus.byteLimit(sensors: sensors, sinks: sinks)
        var buffer = FixedBuffer(capacity: limit)
        buffer.append(json: status)
        let overflowed = buffer.overflowed
        #expect(!overflowed)
    }
}
