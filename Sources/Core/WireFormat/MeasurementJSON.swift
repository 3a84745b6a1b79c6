public import Bytes
public import RecordRing
import Time
public import Vitals

extension FixedBuffer {
    /// Appends one record as one line of JSON, the form in which every sink gets it:
    ///
    /// ```
    /// {"timestamp":"2025-07-15T17:10:33.123456Z","heart_rate":89,"device_id":"gym-7",
    ///  "sensor":"D4:4A:C4:B0:24:03","seq":18446,"session_id":"b1946ac9","contact":true,
    ///  "rr_ms":[671.9,668.0],"energy_kj":12,"clock":"synced","schema":1}\n
    /// ```
    ///
    /// `timestamp` is the arrival in UTC; `heart_rate` is in beats per minute; `rr_ms` in
    /// milliseconds, oldest first; `energy_kj` in kilojoules. A field that the sensor did not
    /// send is left out. `device_id`, `session_id` and `seq` together name the record for ever.
    /// The line feed is part of the record, because Firehose puts none between records.
    ///
    /// What is no heart rate has no `heart_rate` and says what it is: `measurement` for the other
    /// sensors at the bedside (drawn in VitalJSON.swift), `event` for what the gateway notes
    /// (`gap`, and `alarm`, drawn in AlarmJSON.swift),
    /// `status_code` for what was refused for good (drawn in RejectionJSON.swift and
    /// PostJSON.swift). So an index or a query of heart rates takes the lines that have
    /// `heart_rate`, and nothing else gets in: a posted form, which has one too (`patient`, drawn
    /// in PatientJSON.swift), goes to sinks of its own.
    public mutating func append(json record: Record, device: Span<UInt8>) {
        append("{\"timestamp\":\"")
        append(timestamp: record.time.wallMicroseconds)
        switch record.payload {
        case .heartRate(let measurement):
            append("\",\"heart_rate\":")
            append(decimal: UInt64(measurement.beatsPerMinute))
            appendIdentity(of: record, device: device)
            append(details: measurement)
        case .vital(let measurement):
            append("\",\"measurement\":\"")
            append(measurement.kind.name)
            append(UInt8(ascii: "\""))
            append(values: measurement)
            appendIdentity(of: record, device: device)
            append(details: measurement)
        case .gap(let gap):
            append("\",\"event\":\"gap\"")
            appendIdentity(of: record, device: device)
            append(details: gap)
        case .rejection(let rejection):
            append(rejected: rejection, in: record, device: device)
            appendIdentity(of: record, device: device)
            append(details: rejection)
        case .alarm(let note):
            append("\",\"event\":\"alarm\"")
            append(words: note)
            appendIdentity(of: record, device: device)
            append(details: note)
        case .patientStats(let stats):
            append(form: stats, in: record)
            appendIdentity(of: record, device: device)
        case .refusedPost(let post):
            append(refused: post, in: record)
            appendIdentity(of: record, device: device)
            append(details: post)
        case .postedError(let error):
            append(posted: error, in: record)
            appendIdentity(of: record, device: device)
            append(details: error, in: record)
        }
        append(record.clock == .synced ? ",\"clock\":\"synced\"" : ",\"clock\":\"unsynced\"")
        append(",\"schema\":1}\n")
    }

    private mutating func appendIdentity(of record: Record, device: Span<UInt8>) {
        append(",\"device_id\":")
        append(jsonString: device)
        if record.sensor.count > 0, !record.payload.isPosted,
            !record.isRejection || !record.isAboutSink
        {
            append(record.isAboutSink ? ",\"sink\":" : ",\"sensor\":")
            append(jsonString: record.sensor.bytes)
        }
        append(",\"seq\":")
        append(decimal: record.sequence)
        append(",\"session_id\":\"")
        append(hex: UInt64(record.session), digits: 8)
        append(UInt8(ascii: "\""))
    }

    /// Appends what is missing: how many records, from which sequence to which, taken when (at
    /// the latest from, at the earliest until; left out when nobody saw them), and why.
    private mutating func append(details gap: Gap) {
        switch gap.reason {
        case .overwritten: append(",\"reason\":\"overwritten\"")
        case .unreadable: append(",\"reason\":\"unreadable\"")
        case .refused: append(",\"reason\":\"refused\"")
        case .unknown: append(",\"reason\":\"unknown\"")
        }
        append(",\"count\":")
        append(decimal: gap.count)
        if gap.reason != .refused {
            append(",\"first_seq\":")
            append(decimal: gap.firstSequence)
            append(",\"last_seq\":")
            append(decimal: gap.lastSequence)
        }
        if let first = gap.firstMicroseconds, let last = gap.lastMicroseconds {
            append(",\"first_timestamp\":\"")
            append(timestamp: first)
            append("\",\"last_timestamp\":\"")
            append(timestamp: last)
            append(UInt8(ascii: "\""))
        }
    }

    /// Appends what a notification may carry beside the heart rate, each with a comma in front.
    public mutating func append(details measurement: HeartRateMeasurement) {
        switch measurement.contact {
        case .notSupported: break
        case .notDetected: append(",\"contact\":false")
        case .detected: append(",\"contact\":true")
        }
        if measurement.rrIntervals.count > 0 {
            append(",\"rr_ms\":[")
            for index in 0..<measurement.rrIntervals.count {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(tenths: measurement.rrIntervals.tenthsOfMilliseconds(at: index))
            }
            append(UInt8(ascii: "]"))
        }
        if let energy = measurement.energyKilojoules {
            append(",\"energy_kj\":")
            append(decimal: UInt64(energy))
        }
    }
}
