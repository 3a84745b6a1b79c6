public import Bytes
public import RecordRing
import Time
import Vitals

extension FixedBuffer {
    /// Appends the names of the columns that `append(csv:device:)` fills.
    public mutating func appendCSVHeader() {
        append("timestamp,heart_rate,device_id,sensor,seq,session_id,contact,rr_ms,energy_kj,")
        append("clock\n")
    }

    /// Appends one record as one line of CSV (RFC 4180, with a line feed alone at its end), with
    /// the fields of the JSON form:
    ///
    /// ```
    /// 2025-07-15T17:10:33.123456Z,89,gym-7,strap-1,18446,b1946ac9,true,671.9 668.0,12,synced
    /// ```
    ///
    /// What the sensor did not send is an empty field; intervals are separated by blanks.
    public mutating func append(csv record: Record, device: Span<UInt8>) {
        let comma = UInt8(ascii: ",")
        let measurement: HeartRateMeasurement
        switch record.payload {
        case .heartRate(let value): measurement = value
        }
        append(timestamp: record.time.wallMicroseconds)
        append(comma)
        append(decimal: UInt64(measurement.beatsPerMinute))
        append(comma)
        append(csvText: device)
        append(comma)
        append(csvText: record.sensor.bytes)
        append(comma)
        append(decimal: record.sequence)
        append(comma)
        append(hex: UInt64(record.session), digits: 8)
        switch measurement.contact {
        case .notSupported: append(comma)
        case .notDetected: append(",false")
        case .detected: append(",true")
        }
        append(comma)
        for index in 0..<measurement.rrIntervals.count {
            if index > 0 { append(UInt8(ascii: " ")) }
            append(tenths: measurement.rrIntervals.tenthsOfMilliseconds(at: index))
        }
        append(comma)
        if let energy = measurement.energyKilojoules { append(decimal: UInt64(energy)) }
        append(record.clock == .synced ? ",synced\n" : ",unsynced\n")
    }

    /// Text as a field: in quotes when it holds a comma, a quote or a line break (RFC 4180
    /// section 2, rules 6 and 7).
    private mutating func append(csvText text: Span<UInt8>) {
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
