/// How long the card took for its fdatasyncs, in steps that double: coarse, and small enough to
/// be kept in the head record, so that it covers the ring's whole life.
public struct SyncTimes: Equatable, Sendable {
    public static let bucketCount = 16
    /// The upper edge of the first bucket, microseconds. Each next one is twice as far; the last
    /// bucket has none, and begins at 2.1 s.
    private static let firstEdgeMicroseconds: UInt64 = 128

    private var counts = InlineArray<16, UInt64>(repeating: 0)

    public init() {}

    /// Syncs in this bucket.
    public subscript(bucket: Int) -> UInt64 {
        get {
            precondition(bucket >= 0 && bucket < Self.bucketCount, "a bucket is one of 16")
            return counts[bucket]
        }
        set {
            precondition(bucket >= 0 && bucket < Self.bucketCount, "a bucket is one of 16")
            counts[bucket] = newValue
        }
    }

    /// Syncs in this bucket took less; nil for the last one.
    public static func edgeMicroseconds(of bucket: Int) -> UInt64? {
        precondition(bucket >= 0 && bucket < bucketCount, "a bucket is one of 16")
        return bucket < bucketCount - 1 ? firstEdgeMicroseconds << UInt64(bucket) : nil
    }

    public mutating func record(microseconds: UInt64) {
        let steps = microseconds / Self.firstEdgeMicroseconds
        let bucket = min(Self.bucketCount - 1, UInt64.bitWidth - steps.leadingZeroBitCount)
        counts[bucket] += 1
    }

    public var count: UInt64 {
        var sum: UInt64 = 0
        for bucket in 0..<Self.bucketCount { sum += counts[bucket] }
        return sum
    }

    /// The bucket that the sync lies in which `percent` of all do not outlast; nil without any.
    public func bucket(ofPercent percent: Double) -> Int? {
        let all = count
        let rank = max(1, UInt64((Double(all) * percent / 100).rounded(.up)))
        var seen: UInt64 = 0
        for bucket in 0..<Self.bucketCount {
            seen += counts[bucket]
            if seen >= rank { return bucket }
        }
        return nil
    }

    public static func == (one: SyncTimes, other: SyncTimes) -> Bool {
        for bucket in 0..<bucketCount where one.counts[bucket] != other.counts[bucket] {
            return false
        }
        return true
    }
}
