import Bytes

/// How far one sink has come, by the sink's name in the configuration.
public struct SinkTail: Equatable, Sendable {
    public var sink: SensorName
    /// The oldest record that the sink has not acknowledged.
    public var tail: UInt64
    /// Those behind it that the sink has all the same.
    public var acknowledged: AcknowledgedSet
    /// A row of records that the sink has too, further behind than the set reached: what was
    /// sent before a long backlog. None of them is in the set.
    public var run: Range<UInt64>

    public init(
        sink: SensorName, tail: UInt64, acknowledged: AcknowledgedSet = AcknowledgedSet(),
        run: Range<UInt64> = 0..<0
    ) {
        self.sink = sink
        self.tail = tail
        self.acknowledged = acknowledged
        self.run = run
    }

    /// The sink has this record. One that is further behind the tail than the set reaches, and
    /// neither begins the run nor makes it longer, is not remembered.
    public mutating func acknowledge(_ sequence: UInt64) {
        guard sequence >= tail else { return }
        if sequence - tail < UInt64(AcknowledgedSet.limit) {
            acknowledged[Int(sequence - tail)] = true
        } else if run.isEmpty {
            run = sequence..<sequence + 1
        } else if sequence == run.upperBound {
            run = run.lowerBound..<sequence + 1
        } else if sequence + 1 == run.lowerBound {
            run = sequence..<run.upperBound
        }
        advance()
    }

    /// The tail moves on over what is acknowledged.
    private mutating func advance() {
        while true {
            var count = UInt64(acknowledged.leadingCount)
            if count == 0, run.contains(tail) { count = run.upperBound - tail }
            guard count > 0 else { break }
            acknowledged.advance(by: Int(count))
            tail += count
        }
        if run.upperBound <= tail { run = 0..<0 }
    }

    /// Whether the sink has this record, which lies at or behind the tail.
    public func hasBehindTail(_ sequence: UInt64) -> Bool {
        run.contains(sequence)
            || sequence - tail < UInt64(AcknowledgedSet.limit)
                && acknowledged[Int(sequence - tail)]
    }

    /// Records behind the tail and below `end` that the sink has.
    public func acknowledgedCount(below end: UInt64) -> UInt64 {
        var count: UInt64 = run.lowerBound < end ? min(run.upperBound, end) - run.lowerBound : 0
        for distance in 0..<AcknowledgedSet.limit
        where tail + UInt64(distance) < end && acknowledged[distance] {
            count += 1
        }
        return count
    }
}

/// What the card has been asked to do in the ring's whole life.
public struct WearStatistics: Equatable, Sendable {
    /// Bytes handed to the kernel for the ring file.
    public var bytesWritten: UInt64 = 0
    /// Calls of fdatasync that succeeded.
    public var syncs: UInt64 = 0
    /// The longest of them, in microseconds.
    public var longestSyncMicroseconds: UInt64 = 0
    /// All of them by how long they took; rings of earlier versions begin to count late.
    public var syncTimes = SyncTimes()

    public init() {}

    /// A sync has ended that took so long.
    public mutating func noteSync(nanoseconds: Int64) {
        let microseconds = UInt64(max(0, nanoseconds)) / 1_000
        syncs += 1
        longestSyncMicroseconds = max(longestSyncMicroseconds, microseconds)
        syncTimes.record(microseconds: microseconds)
    }

    /// Bytes and syncs since `earlier`; the longest sync stays that of the whole life.
    public func since(_ earlier: WearStatistics) -> WearStatistics {
        var part = self
        part.bytesWritten -= min(earlier.bytesWritten, bytesWritten)
        part.syncs -= min(earlier.syncs, syncs)
        return part
    }
}

/// The head record: what cannot be read off the slots, the sinks' tails above all.
///
/// ```
///    0  4  CRC-32C of bytes 4 to 1023
///    4  4  layout version, 1
///    8  8  generation, greater at every write; odd in copy A, even in copy B
///   16  8  head when it was written (a hint; the slots decide)
///   24  4  number of sinks, 0 to 8
///   28  4  0
///   32  8  bytes written in the ring's life
///   40  8  fdatasyncs in the ring's life
///   48  8  the longest fdatasync, microseconds
///   56  8  records below this one had been synced when it was written
///   64  8 × 96  per sink: 1 length of the name, 23 the name, 8 tail,
///              64 which of the 512 records from the tail on are acknowledged
///  832  16 × 8  fdatasyncs by their time: under 128 µs, under 256 µs, … any longer
///  960  8 × 8   per sink: a run of acknowledged records further behind: 4 its distance from the
///               tail, 4 how many, 0 for no run (earlier versions write 0, and do not look)
/// ```
///
/// Two copies, each on a page of its own. A sync lies between the last write of one and the first
/// of the other, so a power cut leaves the younger or the older one whole. An old tail repeats
/// records; it never loses one.
public struct RingHead: Equatable, Sendable {
    public static let byteCount = 1_024
    /// Sinks that a ring can keep tails for.
    public static let sinkLimit = 8
    private static let layoutVersion: UInt32 = 1
    private static let firstSinkOffset = 64
    private static let sinkBytes = 96
    private static let syncTimesOffset = 832
    private static let runsOffset = 960

    public var generation: UInt64
    public var head: UInt64
    /// Records below this one had been synced: damage among them is no torn write.
    public var synced: UInt64
    public var wear = WearStatistics()
    private var tails = InlineArray<8, SinkTail?>(repeating: nil)
    public private(set) var sinkCount = 0

    public init(generation: UInt64, head: UInt64, synced: UInt64 = 0) {
        precondition(synced <= head, "only what has a sequence can have been synced")
        self.generation = generation
        self.head = head
        self.synced = synced
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

    /// What was kept under this name.
    public func sinkTail(of sink: SensorName) -> SinkTail? {
        for index in 0..<sinkCount where self[index].sink == sink { return self[index] }
        return nil
    }

    /// The tail that was kept under this name.
    public func tail(of sink: SensorName) -> UInt64? { sinkTail(of: sink)?.tail }

    public static func == (one: RingHead, other: RingHead) -> Bool {
        guard one.generation == other.generation, one.head == other.head,
            one.synced == other.synced, one.wear == other.wear, one.sinkCount == other.sinkCount
        else { return false }
        for index in 0..<one.sinkCount where one[index] != other[index] { return false }
        return true
    }

    /// The younger of two copies, either of which may be torn or never have been written.
    public static func youngest(_ one: RingHead?, _ other: RingHead?) -> RingHead? {
        guard let one else { return other }
        guard let other else { return one }
        return other.generation > one.generation ? other : one
    }

    /// Writes the record into `page`, 1,024 bytes.
    @_lifetime(page: copy page)
    public func encode(into page: inout MutableSpan<UInt8>) {
        precondition(page.count == Self.byteCount, "a head record has 1,024 bytes")
        for index in page.indices { page[index] = 0 }
        page.store(Self.layoutVersion, at: 4)
        page.store(generation, at: 8)
        page.store(head, at: 16)
        page.store(UInt32(sinkCount), at: 24)
        page.store(wear.bytesWritten, at: 32)
        page.store(wear.syncs, at: 40)
        page.store(wear.longestSyncMicroseconds, at: 48)
        page.store(synced, at: 56)
        for index in 0..<sinkCount {
            let place = Self.firstSinkOffset + Self.sinkBytes * index
            let name = self[index].sink
            page[place] = UInt8(name.count)
            for offset in 0..<name.count { page[place + 1 + offset] = name.bytes[offset] }
            page.store(self[index].tail, at: place + 24)
            self[index].acknowledged.encode(into: &page, at: place + 32)
            encodeRun(of: self[index], into: &page, at: Self.runsOffset + 8 * index)
        }
        for bucket in 0..<SyncTimes.bucketCount {
            page.store(wear.syncTimes[bucket], at: Self.syncTimesOffset + 8 * bucket)
        }
        page.store(CRC32C.checksum(page.span.extracting(4..<Self.byteCount)), at: 0)
    }

    /// A run that is too far behind for its distance is not kept, and sent again.
    @_lifetime(page: copy page)
    private func encodeRun(
        of tail: SinkTail, into page: inout MutableSpan<UInt8>, at offset: Int
    ) {
        guard !tail.run.isEmpty,
            let distance = UInt32(exactly: tail.run.lowerBound - tail.tail)
        else { return }
        page.store(distance, at: offset)
        page.store(UInt32(clamping: tail.run.count), at: offset + 4)
    }

    /// nil for one that reaches further than sequences do, or that begins at the tail.
    private static func run(
        behind tail: UInt64, in page: Span<UInt8>, at offset: Int
    ) -> Range<UInt64>? {
        let distance = UInt64(page.loadUInt32(at: offset))
        let count = UInt64(page.loadUInt32(at: offset + 4))
        guard count > 0 else { return 0..<0 }
        let first = tail + distance
        guard distance > 0, first + count <= RingCursor.sequenceLimit else { return nil }
        return first..<first + count
    }

    /// Reads 1,024 bytes; nil when they hold no whole head record of this version, or one with a
    /// number from which nothing could be counted on.
    public init?(decoding page: Span<UInt8>) {
        precondition(page.count == Self.byteCount, "a head record has 1,024 bytes")
        guard CRC32C.checksum(page.extracting(4..<Self.byteCount)) == page.loadUInt32(at: 0),
            page.loadUInt32(at: 4) == Self.layoutVersion,
            page.loadUInt32(at: 24) <= UInt32(Self.sinkLimit)
        else { return nil }
        generation = page.loadUInt64(at: 8)
        head = page.loadUInt64(at: 16)
        synced = page.loadUInt64(at: 56)
        guard generation <= RingCursor.sequenceLimit, head <= RingCursor.sequenceLimit,
            synced <= head
        else { return nil }
        wear.bytesWritten = page.loadUInt64(at: 32)
        wear.syncs = page.loadUInt64(at: 40)
        wear.longestSyncMicroseconds = page.loadUInt64(at: 48)
        guard wear.bytesWritten <= RingCursor.sequenceLimit,
            wear.syncs <= RingCursor.sequenceLimit
        else { return nil }
        for bucket in 0..<SyncTimes.bucketCount {
            let count = page.loadUInt64(at: Self.syncTimesOffset + 8 * bucket)
            guard count <= RingCursor.sequenceLimit / UInt64(SyncTimes.bucketCount) else {
                return nil
            }
            wear.syncTimes[bucket] = count
        }
        for index in 0..<Int(page.loadUInt32(at: 24)) {
            let place = Self.firstSinkOffset + Self.sinkBytes * index
            let length = Int(page[place])
            guard length <= SensorName.limit,
                let name = SensorName(page.extracting(place + 1..<place + 1 + length))
            else { return nil }
            let tail = page.loadUInt64(at: place + 24)
            let acknowledged = AcknowledgedSet(decoding: page, at: place + 32)
            guard tail <= RingCursor.sequenceLimit, !acknowledged[0],
                let run = Self.run(behind: tail, in: page, at: Self.runsOffset + 8 * index)
            else { return nil }
            append(SinkTail(sink: name, tail: tail, acknowledged: acknowledged, run: run))
        }
    }
}
