import Bytes

/// How far one sink has come, by the sink's name in the configuration.
public struct SinkTail: Equatable, Sendable {
    public var sink: SensorName
    /// The oldest record that the sink has not acknowledged.
    public var tail: UInt64

    public init(sink: SensorName, tail: UInt64) {
        self.sink = sink
        self.tail = tail
    }
}

/// The head record: what cannot be read off the slots, the sinks' tails above all.
///
/// ```
///   0  4  CRC-32C of bytes 4 to 511
///   4  4  layout version, 1
///   8  8  generation, one more at every write
///  16  8  head when it was written (a hint; the slots decide)
///  24  8  number of sinks, 0 to 8
///  32  8 × 32  per sink: 1 length of the name, 23 the name, 8 tail
/// ```
///
/// It fills one 512-byte sector, and two copies are written in turn, so a power cut leaves the
/// younger or the older one whole. An old tail repeats records; it never loses one.
public struct RingHead: Equatable, Sendable {
    public static let byteCount = 512
    /// Sinks that a ring can keep tails for.
    public static let sinkLimit = 8
    private static let layoutVersion: UInt32 = 1

    public var generation: UInt64
    public var head: UInt64
    private var tails = InlineArray<8, SinkTail?>(repeating: nil)
    public private(set) var sinkCount = 0

    public init(generation: UInt64, head: UInt64) {
        self.generation = generation
        self.head = head
    }

    public subscript(index: Int) -> SinkTail {
        guard index >= 0, index < sinkCount, let tail = tails[index] else {
            preconditionFailure("a tail is asked for that is there")
        }
        return tail
    }

    public mutating func append(_ tail: SinkTail) {
        precondition(sinkCount < Self.sinkLimit, "a ring keeps the tails of 8 sinks at most")
        tails[sinkCount] = tail
        sinkCount += 1
    }

    /// The tail that was kept under this name.
    public func tail(of sink: SensorName) -> UInt64? {
        for index in 0..<sinkCount where self[index].sink == sink { return self[index].tail }
        return nil
    }

    public static func == (one: RingHead, other: RingHead) -> Bool {
        guard one.generation == other.generation, one.head == other.head,
            one.sinkCount == other.sinkCount
        else { return false }
        for index in 0..<one.sinkCount where one[index] != other[index] { return false }
        return true
    }

    /// Writes the record into `sector`, 512 bytes.
    @_lifetime(sector: copy sector)
    public func encode(into sector: inout MutableSpan<UInt8>) {
        precondition(sector.count == Self.byteCount, "a head record fills a sector")
        for index in sector.indices { sector[index] = 0 }
        sector.store(Self.layoutVersion, at: 4)
        sector.store(generation, at: 8)
        sector.store(head, at: 16)
        sector.store(UInt64(sinkCount), at: 24)
        for index in 0..<sinkCount {
            let place = 32 + 32 * index
            let name = self[index].sink
            sector[place] = UInt8(name.count)
            for offset in 0..<name.count { sector[place + 1 + offset] = name.bytes[offset] }
            sector.store(self[index].tail, at: place + 24)
        }
        sector.store(CRC32C.checksum(sector.span.extracting(4..<Self.byteCount)), at: 0)
    }

    /// Reads a sector; nil when it holds no whole head record of this version, or one with a
    /// number from which nothing could be counted on.
    public init?(decoding sector: Span<UInt8>) {
        precondition(sector.count == Self.byteCount, "a head record fills a sector")
        guard CRC32C.checksum(sector.extracting(4..<Self.byteCount)) == sector.loadUInt32(at: 0),
            sector.loadUInt32(at: 4) == Self.layoutVersion,
            sector.loadUInt64(at: 24) <= UInt64(Self.sinkLimit)
        else { return nil }
        generation = sector.loadUInt64(at: 8)
        head = sector.loadUInt64(at: 16)
        guard generation <= RingCursor.sequenceLimit, head <= RingCursor.sequenceLimit else {
            return nil
        }
        for index in 0..<Int(sector.loadUInt64(at: 24)) {
            let place = 32 + 32 * index
            let length = Int(sector[place])
            guard length <= SensorName.limit,
                let name = SensorName(sector.extracting(place + 1..<place + 1 + length))
            else { return nil }
            let tail = sector.loadUInt64(at: place + 24)
            guard tail <= RingCursor.sequenceLimit else { return nil }
            append(SinkTail(sink: name, tail: tail))
        }
    }
}
