import Bytes
public import Gateway
public import Time

/// Time as the loop has it: the sensor sends once a second, from a fixed day on, and the machine
/// sees a notification every millisecond, as in a replay.
public struct LoopClock {
    /// The sensor's time.
    public private(set) var sensor = Moment(
        monotonicNanoseconds: 0, wallMicroseconds: 1_752_599_433_123_456)
    /// The machine's monotonic time, nanoseconds.
    public private(set) var now: Int64 = 0

    public init() {}

    public mutating func tick() {
        sensor = sensor.advanced(byNanoseconds: 1_000_000_000)
        now += 1_000_000
    }
}

/// What a strap sends: contact, a heart rate that rises and falls through the alarm's limits,
/// and one RR interval of the same length, as in most notifications.
public struct Notifications: ~Copyable {
    /// Each takes this many bytes: flags, value, one interval.
    private static let length = 4
    public let count = 1_024
    private var text: FixedBuffer

    public init() {
        text = FixedBuffer(capacity: count * Self.length)
        for index in 0..<count {
            let phase = index % 256
            let rate = 60 + (phase < 128 ? phase : 255 - phase)
            let interval = 60 * 1_024 / rate
            text.append(0b1_0110)
            text.append(UInt8(rate))
            text.append(UInt8(interval & 0xFF))
            text.append(UInt8(interval >> 8))
        }
    }

    @_lifetime(borrow self)
    public borrowing func bytes(_ index: Int) -> Span<UInt8> {
        text.bytes.extracting(index * Self.length..<(index + 1) * Self.length)
    }
}

/// What the service says when it has taken everything in a request.
public struct AnswerText: ~Copyable {
    private var text: FixedBuffer
    /// Entries of the answer that is there.
    private var filled = -1

    /// An answer with room for `entries` entries.
    public init(entries: Int) { text = FixedBuffer(capacity: 64 + 192 * entries) }

    /// The answer to a request with so many entries.
    public mutating func fill(entries: Int, for kind: SinkSettings.Kind) {
        // A service's work is no part of what is measured: the same answer is made once.
        guard entries != filled else { return }
        filled = entries
        text.removeAll()
        switch kind {
        case .kinesis, .aggregated: fillPutRecords(entries)
        case .firehose: fillPutRecordBatch(entries)
        case .openSearch: fillBulk(entries)
        case .http, .file: break
        }
        precondition(!text.overflowed, "an entry takes less than 192 bytes")
    }

    private mutating func fillPutRecordBatch(_ entries: Int) {
        text.append("{\"FailedPutCount\":0,\"RequestResponses\":[")
        for index in 0..<entries {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append("{\"RecordId\":\"pXr8N0NfSLvQ4r4oMvbOEaE1Q8n7W8U3")
            text.append(decimal: UInt64(index), digits: 18)
            text.append("\"}")
        }
        text.append("]}")
    }

    private mutating func fillBulk(_ entries: Int) {
        text.append("{\"took\":3,\"errors\":false,\"items\":[")
        for index in 0..<entries {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append("{\"create\":{\"_index\":\"heart_rate\",\"_id\":\"gym-7:b1946ac9:")
            text.append(decimal: UInt64(index))
            text.append("\",\"_version\":1,\"result\":\"created\",\"_shards\":")
            text.append("{\"total\":2,\"successful\":1,\"failed\":0},\"status\":201}}")
        }
        text.append("]}")
    }

    private mutating func fillPutRecords(_ entries: Int) {
        text.append("{\"FailedRecordCount\":0,\"Records\":[")
        for index in 0..<entries {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append("{\"SequenceNumber\":\"49590338271490256608559692538361571095")
            text.append(decimal: UInt64(index), digits: 18)
            text.append("\",\"ShardId\":\"shardId-000000000000\"}")
        }
        text.append("]}")
    }

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.bytes }
    }
}
