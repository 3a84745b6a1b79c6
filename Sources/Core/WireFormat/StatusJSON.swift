public import Alarm
public import Bytes
import Time
public import Vitals

// The status as one line of JSON, without a line feed:
//
// {"schema":1,"version":"0.1.0","device_id":"gym-7","time":"2025-07-15T17:10:33.123456Z",
//  "clock":"synced","uptime_seconds":123,"safe_mode":false,
//  "sensors":[{"sensor":"strap-1","state":"streaming","heart_rate":72,"age_seconds":0.412,
//    "stale":false,"contact":"detected","rr_ms":[812.0,820.3],"battery_percent":87,
//    "rssi_dbm":-61,"high":150,"low":null,"alarm":null}],
//  "alarms":[{"condition":"high_heart_rate","priority":"high","sensor":"strap-1","sink":null,
//    "raised":true,"sounding":true,"since":"2025-...Z","text":"strap-1: 156 bpm, above 150"}],
//  "sound":"high","pause_seconds":null,
//  "ring":{"slots":100000,"records":5120,"in_memory":3,"fill":0.0512,"oldest":null,
//    "trouble":null},
//  "sinks":[{"sink":"kinesis","state":"idle","delivered":5100,"waiting":20,"lost":0,
//    "oldest_unsent_seconds":4.2,"refusal":null}],
//  "counters":{"notifications":0,"recorded":0,"malformed":0,"off_skin":0,"implausible":0}}
//
// What is not there is `null`: every field is in every status. `contact` is detected,
// not_detected, not_supported, or null before the first notification.

extension FixedBuffer {
    /// Appends the status. A buffer of `LocalStatus.byteLimit` holds it.
    public mutating func append(json status: borrowing LocalStatus) {
        append("{\"schema\":1,\"version\":")
        append(quoted: status.version)
        append(",\"device_id\":")
        append(quoted: status.device)
        append(",\"time\":")
        append(time: status.wallMicroseconds)
        append(status.clock == .synced ? ",\"clock\":\"synced\"" : ",\"clock\":\"unsynced\"")
        append(",\"uptime_seconds\":")
        append(decimal: status.uptimeSeconds)
        append(",\"safe_mode\":")
        append(flag: status.isSafe)
        append(",\"sensors\":[")
        for index in status.sensors.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(json: status.sensors[index])
        }
        append("],\"alarms\":[")
        for index in status.alarms.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(UInt8(ascii: "{"))
            append(fields: status.alarms[index])
            append(UInt8(ascii: "}"))
        }
        append("],\"sound\":")
        append(priority: status.sound)
        append(",\"pause_seconds\":")
        append(optional: status.pauseSeconds.map { UInt64(max(0, $0)) })
        append(",\"ring\":")
        append(json: status.ring)
        append(",\"sinks\":[")
        for index in status.sinks.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(json: status.sinks[index])
        }
        append("],\"counters\":")
        append(json: status.counters)
        append(UInt8(ascii: "}"))
    }

    /// Appends an edge of an alarm: one of `alarms`, and what has happened to it.
    public mutating func append(json alarm: LocalStatus.AlarmNow, edge: AlarmEdge) {
        append("{\"edge\":\"")
        append(edge.word)
        append("\",")
        append(fields: alarm)
        append(UInt8(ascii: "}"))
    }

    /// Appends a measurement as it arrives. `sequence` is nil for one that the full ring refused.
    public mutating func append(
        jsonEvent measurement: HeartRateMeasurement, sequence: UInt64?, sensor: String,
        wallMicroseconds: Int64
    ) {
        append("{\"seq\":")
        append(optional: sequence)
        append(",\"sensor\":")
        append(quoted: sensor)
        append(",\"time\":")
        append(time: wallMicroseconds)
        append(",\"heart_rate\":")
        append(decimal: UInt64(measurement.beatsPerMinute))
        append(intervals: measurement.rrIntervals)
        append(UInt8(ascii: "}"))
    }

    private mutating func append(json sensor: LocalStatus.SensorNow) {
        append("{\"sensor\":")
        append(quoted: sensor.name)
        append(",\"state\":\"")
        append(sensor.state.word)
        append("\",\"heart_rate\":")
        append(optional: sensor.heartRate.map { UInt64($0) })
        append(",\"age_seconds\":")
        append(seconds: sensor.ageMilliseconds)
        append(",\"stale\":")
        append(flag: sensor.isStale)
        append(",\"contact\":")
        switch sensor.contact {
        case .notSupported: append("\"not_supported\"")
        case .notDetected: append("\"not_detected\"")
        case .detected: append("\"detected\"")
        case nil: append("null")
        }
        append(intervals: sensor.intervals)
        append(",\"battery_percent\":")
        append(optional: sensor.batteryPercent.map { UInt64($0) })
        append(",\"rssi_dbm\":")
        if let rssi = sensor.rssiDecibelMilliwatts {
            append(fixed: Int64(rssi), decimals: 0)
        } else {
            append("null")
        }
        append(",\"high\":")
        append(optional: sensor.highBeatsPerMinute.map { UInt64($0) })
        append(",\"low\":")
        append(optional: sensor.lowBeatsPerMinute.map { UInt64($0) })
        append(",\"alarm\":")
        append(priority: sensor.alarm)
        append(UInt8(ascii: "}"))
    }

    private mutating func append(fields alarm: LocalStatus.AlarmNow) {
        append("\"condition\":\"")
        append(alarm.condition.word)
        append("\",\"priority\":")
        append(priority: alarm.condition.rule.priority)
        append(",\"sensor\":")
        append(optional: alarm.sensor)
        append(",\"sink\":")
        append(optional: alarm.sink)
        append(",\"raised\":")
        append(flag: alarm.isRaised)
        append(",\"sounding\":")
        append(flag: alarm.isSounding)
        append(",\"since\":")
        if let since = alarm.sinceMicroseconds { append(time: since) } else { append("null") }
        append(",\"text\":")
        append(quoted: alarm.text)
    }

    private mutating func append(json ring: LocalStatus.RingNow) {
        append("{\"slots\":")
        append(decimal: ring.slots)
        append(",\"records\":")
        append(decimal: ring.records)
        append(",\"in_memory\":")
        append(decimal: ring.inMemory)
        append(",\"fill\":")
        // A ring has fewer than 2^32 slots.
        let fill = ring.slots == 0 ? 0 : ring.records &* 10_000 / ring.slots
        append(fixed: Int64(clamping: fill), decimals: 4)
        append(",\"oldest\":")
        if let oldest = ring.oldestMicroseconds { append(time: oldest) } else { append("null") }
        append(",\"trouble\":")
        append(optional: ring.trouble)
        append(UInt8(ascii: "}"))
    }

    private mutating func append(json sink: LocalStatus.SinkNow) {
        append("{\"sink\":")
        append(quoted: sink.name)
        append(",\"state\":\"")
        append(sink.state.word)
        append("\",\"delivered\":")
        append(decimal: sink.delivered)
        append(",\"waiting\":")
        append(decimal: sink.waiting)
        append(",\"lost\":")
        append(decimal: sink.lost)
        append(",\"oldest_unsent_seconds\":")
        append(seconds: sink.oldestUnsentMilliseconds)
        append(",\"refusal\":")
        append(optional: sink.refusal)
        append(UInt8(ascii: "}"))
    }

    private mutating func append(json tally: LocalStatus.Tally) {
        append("{\"notifications\":")
        append(decimal: tally.notifications)
        append(",\"recorded\":")
        append(decimal: tally.recorded)
        append(",\"malformed\":")
        append(decimal: tally.malformed)
        append(",\"off_skin\":")
        append(decimal: tally.offSkin)
        append(",\"implausible\":")
        append(decimal: tally.implausible)
        append(UInt8(ascii: "}"))
    }
}

extension FixedBuffer {
    private mutating func append(quoted text: String) { append(jsonString: text.utf8.span) }

    private mutating func append(optional text: String?) {
        if let text { append(quoted: text) } else { append("null") }
    }

    private mutating func append(optional number: UInt64?) {
        if let number { append(decimal: number) } else { append("null") }
    }

    private mutating func append(flag: Bool) { append(flag ? "true" : "false") }

    private mutating func append(time wallMicroseconds: Int64) {
        append(UInt8(ascii: "\""))
        append(timestamp: wallMicroseconds)
        append(UInt8(ascii: "\""))
    }

    /// Milliseconds as seconds with three decimals.
    private mutating func append(seconds milliseconds: UInt64?) {
        guard let milliseconds else { return append("null") }
        append(fixed: Int64(clamping: milliseconds), decimals: 3)
    }

    private mutating func append(priority: AlarmPriority?) {
        guard let priority else { return append("null") }
        append(UInt8(ascii: "\""))
        append(priority.word)
        append(UInt8(ascii: "\""))
    }

    private mutating func append(intervals: RRIntervals) {
        append(",\"rr_ms\":[")
        for index in 0..<intervals.count {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(tenths: intervals.tenthsOfMilliseconds(at: index))
        }
        append(UInt8(ascii: "]"))
    }
}

extension LocalStatus {
    /// Bytes that a status of so many sensors and sinks has at most: names of 23 bytes that all
    /// need escapes (six for one), every alarm of each raised, texts of 200 bytes.
    public static func byteLimit(sensors: Int, sinks: Int) -> Int {
        let alarm = 750
        return 4_096 + sensors * (700 + 6 * alarm) + sinks * (1_700 + alarm) + 4 * alarm
    }
}
