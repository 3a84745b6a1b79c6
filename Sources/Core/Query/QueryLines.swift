import Bytes
import RecordRing
import Time
import Vitals
import WireFormat

/// What a query answers, line by line.
///
/// ```
/// records  as every sink gets them           (MeasurementJSON.swift, MeasurementCSV.swift)
/// buckets  {"time":"2025-07-15T17:10:30.000000Z","sensor":"strap-1","last":72,"max":75,"min":70,
///           "count":5}
/// losses   {"event":"gap","reason":"overwritten","count":12,"first_seq":100,"last_seq":111}
/// ```
///
/// A loss stands where its records would, and only where a record beside them is in the range: the
/// answer has begun by then, so no header can say it. It is no record: it has no `seq` of its own
/// and no time. Of the lines of buckets, those with `last` are buckets. In CSV it fills the columns
/// that gap records have, and for buckets the last three.
struct QueryLines: ~Copyable {
    /// Records of one kind that are missing.
    struct Missing: Equatable {
        var count: UInt64
        var first: UInt64
        var last: UInt64
        /// A record beside them is in the range: it is said for certain.
        var isCertain: Bool
    }

    /// Bytes of the longest line of a record or a loss.
    static let lineBytesMax = 4_096
    /// Bytes of the longest line of a bucket: two times, 23 bytes of a name that may take six each
    /// as \u00XX, and four numbers.
    static let cellBytesMax = 256
    /// What one record may bring about at most: every open bucket and three losses.
    static let stepBytesMax = 2 * BucketTable.sensorsMax * cellBytesMax + lineBytesMax

    private var query = RecordQuery()
    private var device: [UInt8] = []
    private var table = BucketTable()
    private var linesLeft: UInt64 = 0
    private var overwritten: Missing?
    private var unreadable: Missing?
    private var unknown: Missing?
    /// Whether the record before was in the range; nil: there was none.
    private var isPreviousIn: Bool?

    init() {}

    mutating func begin(_ query: RecordQuery, device: [UInt8], into out: inout FixedBuffer) {
        self.query = query
        self.device = device
        linesLeft = query.limit
        overwritten = nil
        unreadable = nil
        unknown = nil
        isPreviousIn = nil
        if let length = query.bucketMicroseconds { table.begin(lengthMicroseconds: length) }
        guard query.format == .csv else { return }
        if query.bucketMicroseconds == nil { return out.appendCSVHeader() }
        out.append("time,sensor,last,max,min,count,gap_reason,gap_count,gap_first_seq\n")
    }

    /// Bytes that `take` may need: every bucket that is open, or a record, and losses before it.
    var stepBytes: Int {
        query.bucketMicroseconds == nil ? 2 * Self.lineBytesMax : Self.stepBytesMax
    }

    /// As many lines are written as were asked for.
    var isFull: Bool { linesLeft == 0 }

    /// A record has been read; its time is the one that is known now.
    mutating func take(_ record: Record, into out: inout FixedBuffer) {
        let time = record.time.wallMicroseconds
        let isIn = query.takes(wallMicroseconds: time)
        settle(isBesideIn: isIn, into: &out)
        isPreviousIn = isIn
        guard isIn, query.takes(sensorOf: record) else { return }
        guard query.bucketMicroseconds != nil else {
            switch query.format {
            case .ndjson: out.append(json: record, device: device.span)
            case .csv: out.append(csv: record, device: device.span)
            }
            linesLeft -= 1
            return
        }
        guard case .heartRate(let measurement) = record.payload else { return }
        let format = query.format
        var left = linesLeft
        table.add(measurement.beatsPerMinute, of: record.sensor, at: time) { cell in
            Self.append(cell, format, &left, into: &out)
        }
        linesLeft = left
    }

    /// Records that the search has passed over: none of them is in the range.
    mutating func pass() {
        if let missing = overwritten, !missing.isCertain { overwritten = nil }
        if let missing = unreadable, !missing.isCertain { unreadable = nil }
        if let missing = unknown, !missing.isCertain { unknown = nil }
        isPreviousIn = false
    }

    /// These records cannot be read any more, or never could.
    mutating func miss(_ reason: GapReason, _ sequences: Range<UInt64>) {
        guard !sequences.isEmpty else { return }
        var all = Missing(
            count: UInt64(sequences.count), first: sequences.lowerBound,
            last: sequences.upperBound - 1, isCertain: isPreviousIn == true)
        func joined(to earlier: Missing?) -> Missing {
            guard let earlier else { return all }
            all.count += earlier.count
            all.first = min(all.first, earlier.first)
            all.isCertain = all.isCertain || earlier.isCertain
            return all
        }
        switch reason {
        case .overwritten: overwritten = joined(to: overwritten)
        case .unreadable: unreadable = joined(to: unreadable)
        case .unknown: unknown = joined(to: unknown)
        case .refused: preconditionFailure("what was never in the ring is not read from it")
        }
    }

    /// Everything has been read.
    mutating func finish(into out: inout FixedBuffer) {
        settle(isBesideIn: isPreviousIn ?? true, into: &out)
        guard query.bucketMicroseconds != nil else { return }
        let format = query.format
        var left = linesLeft
        table.closeAll { cell in Self.append(cell, format, &left, into: &out) }
        linesLeft = left
        let leftOut = table.takeLeftOut()
        if leftOut > 0 { appendLeftOut(leftOut, into: &out) }
    }

    /// Says what is missing, if the record beside it is in the range, and forgets it.
    private mutating func settle(isBesideIn: Bool, into out: inout FixedBuffer) {
        if let missing = overwritten {
            if missing.isCertain || isBesideIn { append(missing, "overwritten", into: &out) }
            overwritten = nil
        }
        if let missing = unreadable {
            if missing.isCertain || isBesideIn { append(missing, "unreadable", into: &out) }
            unreadable = nil
        }
        if let missing = unknown {
            if missing.isCertain || isBesideIn { append(missing, "unknown", into: &out) }
            unknown = nil
        }
    }

    private func append(
        _ missing: Missing, _ reason: StaticString, into out: inout FixedBuffer
    ) {
        guard query.format == .ndjson else {
            if query.bucketMicroseconds == nil {
                out.appendCSVGap(
                    reason, count: missing.count, first: missing.first, last: missing.last,
                    device: device.span)
            } else {
                out.append(",,,,,,")
                out.append(reason)
                out.append(",")
                out.append(decimal: missing.count)
                out.append(",")
                out.append(decimal: missing.first)
                out.append("\n")
            }
            return
        }
        out.append("{\"event\":\"gap\",\"reason\":\"")
        out.append(reason)
        out.append("\",\"count\":")
        out.append(decimal: missing.count)
        out.append(",\"first_seq\":")
        out.append(decimal: missing.first)
        out.append(",\"last_seq\":")
        out.append(decimal: missing.last)
        out.append("}\n")
    }

    /// Heart rates of more sensors than the table holds.
    private func appendLeftOut(_ count: UInt64, into out: inout FixedBuffer) {
        if query.format == .csv {
            out.append(",,,,,,too_many_sensors,")
            out.append(decimal: count)
            out.append(",\n")
        } else {
            out.append("{\"event\":\"gap\",\"reason\":\"too_many_sensors\",\"count\":")
            out.append(decimal: count)
            out.append("}\n")
        }
    }

    private static func append(
        _ cell: BucketTable.Cell, _ format: RecordQuery.Format, _ left: inout UInt64,
        into out: inout FixedBuffer
    ) {
        guard left > 0 else { return }
        left -= 1
        if format == .csv {
            out.append(timestamp: cell.begin)
            out.append(",")
            out.append(csvText: cell.sensor.bytes)
            out.append(",")
        } else {
            out.append("{\"time\":\"")
            out.append(timestamp: cell.begin)
            out.append("\",\"sensor\":")
            out.append(jsonString: cell.sensor.bytes)
            out.append(",\"last\":")
        }
        out.append(decimal: UInt64(cell.last))
        out.append(format == .csv ? "," : ",\"max\":")
        out.append(decimal: UInt64(cell.max))
        out.append(format == .csv ? "," : ",\"min\":")
        out.append(decimal: UInt64(cell.min))
        out.append(format == .csv ? "," : ",\"count\":")
        out.append(decimal: cell.count)
        out.append(format == .csv ? ",,,\n" : "}\n")
    }
}
