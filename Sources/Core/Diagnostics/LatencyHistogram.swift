/// Counts durations in buckets that grow with the value: 16 buckets an octave, so a percentile
/// is off by less than 1/16, in memory that is taken at start-up (the idea of HdrHistogram).
public struct LatencyHistogram: Sendable {
    private static let bucketsPerOctave = 16
    private var counts = [UInt64](repeating: 0, count: 61 * 16)
    public private(set) var count: UInt64 = 0
    /// All durations together, in nanoseconds: 2^64 are 584 years.
    public private(set) var sum: UInt64 = 0
    /// The longest duration, exact, in nanoseconds.
    public private(set) var maximum: UInt64 = 0

    public init() {}

    public mutating func record(nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        counts[Self.bucket(of: value)] += 1
        count += 1
        sum &+= value
        maximum = max(maximum, value)
    }

    /// The duration that `percent` of all lie at or below (the upper edge of its bucket), in
    /// nanoseconds; nil when nothing was recorded.
    public func percentile(_ percent: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let rank = max(1, UInt64((Double(count) * percent / 100).rounded(.up)))
        var seen: UInt64 = 0
        for bucket in counts.indices {
            seen += counts[bucket]
            if seen >= rank { return min(maximum, Self.upperEdge(of: bucket)) }
        }
        return maximum
    }

    /// Calls `body` for each of these octaves with the longest duration that is shorter than
    /// 2^(octave + 1) nanoseconds, and how many lie at or below it, exactly.
    public func forEachOctave(_ octaves: Range<Int>, _ body: (UInt64, UInt64) -> Void) {
        precondition(
            octaves.lowerBound >= 4 && octaves.upperBound < 63, "an octave has 16 buckets")
        var seen: UInt64 = 0
        var bucket = 0
        for octave in octaves {
            let end = (octave - 2) * Self.bucketsPerOctave
            while bucket < end {
                seen += counts[bucket]
                bucket += 1
            }
            body((1 << UInt64(octave + 1)) - 1, seen)
        }
    }

    /// Values below 16 have a bucket each; above, the top five bits choose it.
    private static func bucket(of value: UInt64) -> Int {
        guard value >= 16 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 3) * bucketsPerOctave + Int(value >> UInt64(exponent - 4)) - 16
    }

    private static func upperEdge(of bucket: Int) -> UInt64 {
        guard bucket >= 16 else { return UInt64(bucket) }
        let shift = UInt64(bucket / bucketsPerOctave - 1)
        let mantissa = UInt64(bucket % bucketsPerOctave + 16)
        return (mantissa << shift) + ((1 << shift) - 1)
    }
}
