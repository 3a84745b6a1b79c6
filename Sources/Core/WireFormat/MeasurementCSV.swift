public import Bytes
public import RecordRing
import Time
import Vitals

extension FixedBuffer {
    /// Appends the names of the columns that `append(csv:device:)` fills.
    public mutating func appendCSVHeader() {
        append("timestamp,heart_rate,device_id,sensor,seq,session_id,contact,rr_ms,energy_kj,")
        append("clock,gap_reason,gap_sink,gap_count,gap_first_seq,gap_last_seq,")
        appendCSVVitalHeader()
        append(",status_code,error_message,rejected_seq,payload")
        appendCSVAlarmHeader()
        appendCSVPatientHeader()
        append("\n")
    }

    /// Appends one record as one line of CSV (RFC 4180, with a line feed alone at its end), with
    /// the fields of the JSON form:
    ///
    /// ```
    /// 2025-07-15T17:10:33.123456Z,89,gym-7,strap-1,18446,b1946ac9,true,671.9 668.0,12,synced,,,,,…
    /// 2025-07-15T17:10:34.000000Z,,gym-7,,18447,b1946ac9,,,,synced,overwritten,cloud,7,11,17,…
    /// 2025-07-15T17:10:35.000000Z,,gym-7,cuff,18448,b1946ac9,,,,synced,,,,,,blood_pressure,…
    /// ```
    ///
    /// What the sensor did not send is an empty field; intervals and status words are separated by
    /// blanks. A gap record has no heart rate, and says in its columns what is missing; the other
    /// measurements have theirs behind them (`appendCSVVitalHeader`), and last come those of an
    /// error record (status, reason, and the sequence of the record that a sink refused or the
    /// notification in hexadecimal), of the alarm log, and of a posted form
    /// (`appendCSVPatientHeader`).
    public mutating func append(csv record: Record, device: Span<UInt8>) {
        append(timestamp: record.time.wallMicroseconds)
        append(Self.comma)
        switch record.payload {
        case .heartRate(let measurement):
            append(decimal: UInt64(measurement.beatsPerMinute))
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            append(csvText: record.sensor.bytes)
            appendNumbers(of: record)
            append(csvDetails: measurement)
            append(record.clock == .synced ? ",synced,,,,,," : ",unsynced,,,,,,")
            appendCSVNoVital()
        case .vital(let measurement):
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            append(csvText: record.sensor.bytes)
            appendNumbers(of: record)
            append(record.clock == .synced ? ",,,,synced,,,,,," : ",,,,unsynced,,,,,,")
            append(csv: measurement)
        case .gap(let gap):
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            appendNumbers(of: record)
            append(record.clock == .synced ? ",,,,synced," : ",,,,unsynced,")
            append(csv: gap, sink: record.sensor.bytes)
            append(Self.comma)
            appendCSVNoVital()
        case .rejection(let rejection):
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            if !record.isAboutSink { append(csvText: record.sensor.bytes) }
            appendNumbers(of: record)
            append(record.clock == .synced ? ",,,,synced,," : ",,,,unsynced,,")
            append(csvText: rejection.sink.bytes)
            append(",,,,")
            appendCSVNoVital()
            append(csv: rejection)
        case .alarm:
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            if !record.isAboutSink { append(csvText: record.sensor.bytes) }
            appendNumbers(of: record)
            append(record.clock == .synced ? ",,,,synced,," : ",,,,unsynced,,")
            if record.isAboutSink { append(csvText: record.sensor.bytes) }
            append(",,,,")
            appendCSVNoVital()
        case .patientStats, .refusedPost, .postedError:
            append(Self.comma)
            append(csvText: device)
            append(Self.comma)
            appendNumbers(of: record)
            append(record.clock == .synced ? ",,,,synced,,,,,," : ",,,,unsynced,,,,,,")
            append(csvPosted: record)
        }
        if !record.payload.isError { append(",,,,") }
        append(csvAlarm: record.alarmNote)
        append(csvPatient: record)
        append("\n")
    }

    /// Appends a line that says of records of the ring that they cannot be read: the columns of a
    /// gap record, without a time and a sequence of its own.
    public mutating func appendCSVGap(
        _ reason: StaticString, count: UInt64, first: UInt64, last: UInt64, device: Span<UInt8>
    ) {
        append(",,")
        append(csvText: device)
        append(",,,,,,,,")
        append(reason)
        append(",,")
        append(decimal: count)
        append(Self.comma)
        append(decimal: first)
        append(Self.comma)
        append(decimal: last)
        append(Self.comma)
        appendCSVNoVital()
        append(",,,,")
        append(csvAlarm: nil)
        append(csvPatient: nil)
        append("\n")
    }

    /// Appends the columns of an error record, each with a comma in front.
    private mutating func append(csv rejection: Rejection) {
        append(Self.comma)
        append(decimal: UInt64(rejection.status))
        append(Self.comma)
        append(rejection.message)
        append(Self.comma)
        switch rejection.origin {
        case .record(_, let sequence, _):
            append(decimal: sequence)
            append(Self.comma)
        case .notification:
            append(Self.comma)
            append(hex: rejection.bytes)
        }
    }

    private static var comma: UInt8 { UInt8(ascii: ",") }

    private mutating func appendNumbers(of record: Record) {
        append(Self.comma)
        append(decimal: record.sequence)
        append(Self.comma)
        append(hex: UInt64(record.session), digits: 8)
    }

    private mutating func append(csvDetails measurement: HeartRateMeasurement) {
        switch measurement.contact {
        case .notSupported: append(Self.comma)
        case .notDetected: append(",false")
        case .detected: append(",true")
        }
        append(Self.comma)
        for index in 0..<measurement.rrIntervals.count {
            if index > 0 { append(UInt8(ascii: " ")) }
            append(tenths: measurement.rrIntervals.tenthsOfMilliseconds(at: index))
        }
        append(Self.comma)
        if let energy = measurement.energyKilojoules { append(decimal: UInt64(energy)) }
    }

    /// Records that were refused had no sequences.
    private mutating func append(csv gap: Gap, sink: Span<UInt8>) {
        switch gap.reason {
        case .overwritten: append("overwritten,")
        case .unreadable: append("unreadable,")
        case .refused: append("refused,")
        case .unknown: append("unknown,")
        }
        append(csvText: sink)
        append(Self.comma)
        append(decimal: gap.count)
        append(Self.comma)
        if gap.reason != .refused { append(decimal: gap.firstSequence) }
        append(Self.comma)
        if gap.reason != .refused { append(decimal: gap.lastSequence) }
    }

    /// Text as a field: in quotes when it holds a comma, a quote or a line break (RFC 4180
    /// section 2, rules 6 and 7).
    public mutating func append(csvText text: Span<UInt8>) {
        var isPlain = true
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                isPlain = false
            default: break
            }
        }
        if isPlain { return append(text) }
        append(UInt8(ascii: "\""))
        for index in text.indices {
            if text[index] == UInt8(ascii: "\"") { append(UInt8(ascii: "\"")) }
            append(text[index])
        }
        append(UInt8(ascii: "\""))
    }
}
