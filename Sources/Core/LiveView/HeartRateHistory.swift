/// The last minutes of heart rate in buckets of equal length: what the chart draws.
///
/// A bucket without a value is a gap in the line, so silence is seen and nothing is made up.
/// The memory is fixed at the start: bucket `n` of the session lives in slot `n % bucketCount`.
public struct HeartRateHistory: Equatable, Sendable {
    /// The values of one bucket, beats per minute.
    public struct Bucket: Equatable, Sendable {
        public var min: UInt16
        public var max: UInt16
        public var last: UInt16

        public init(min: UInt16, max: UInt16, last: UInt16) {
            self.min = min
            self.max = max
            self.last = last
        }
    }

    /// Length of a bucket, seconds.
    public let bucketSeconds: UInt64
    private var slots: [Bucket?]
    /// The number of the newest bucket, counted from the start of the session.
    private var newest: UInt64 = 0

    /// Ten minutes by default, one second a bucket.
    public init(bucketSeconds: UInt64 = 1, bucketCount: Int = 600) {
        precondition(bucketSeconds > 0 && bucketCount > 0, "a history has a length")
        self.bucketSeconds = bucketSeconds
        slots = Array(repeating: nil, count: bucketCount)
    }

    public var bucketCount: Int { slots.count }

    /// Moves the right edge to `seconds` of the session; what the session passed without a
    /// value stays a gap. Time that goes back is ignored.
    public mutating func advance(toSeconds seconds: UInt64) {
        let bucket = seconds / bucketSeconds
        guard bucket > newest else { return }
        let empty = Swift.min(bucket - newest, UInt64(bucketCount))
        for offset in 0..<empty { slots[slot(of: bucket - offset)] = nil }
        newest = bucket
    }

    /// Adds a value that arrived at `seconds` of the session.
    public mutating func record(beatsPerMinute: UInt16, atSeconds seconds: UInt64) {
        advance(toSeconds: seconds)
        let index = slot(of: newest)
        let bucket = slots[index]
        slots[index] = Bucket(
            min: Swift.min(bucket?.min ?? beatsPerMinute, beatsPerMinute),
            max: Swift.max(bucket?.max ?? beatsPerMinute, beatsPerMinute),
            last: beatsPerMinute)
    }

    /// How many buckets make one point of a chart that is `points` wide: the fewest that show
    /// the whole session, so that a young session is drawn large; later what the memory holds.
    func bucketsPerPoint(of points: Int) -> Int {
        let held = Swift.min(newest, UInt64(bucketCount - 1)) + 1
        let needed = (Int(held) + points - 1) / points
        return Swift.max(1, Swift.min(needed, bucketCount / points))
    }

    /// The values at the `index`-th of `points` points, 0 the oldest; nil is a gap. Points begin
    /// at multiples of their length, so a line moves to the left without changing its shape.
    func point(_ index: Int, of points: Int) -> Bucket? {
        let length = UInt64(bucketsPerPoint(of: points))
        let age = UInt64(points - 1 - index)
        guard age <= newest / length else { return nil }
        let first = (newest / length - age) * length
        var joined: Bucket?
        for number in first...first + Swift.min(length - 1, newest - first) {
            guard let bucket = bucket(number) else { continue }
            joined = Bucket(
                min: Swift.min(joined?.min ?? bucket.min, bucket.min),
                max: Swift.max(joined?.max ?? bucket.max, bucket.max), last: bucket.last)
        }
        return joined
    }

    /// A bucket by its number; nil when it is empty or no longer held.
    private func bucket(_ number: UInt64) -> Bucket? {
        newest - number < UInt64(bucketCount) ? slots[slot(of: number)] : nil
    }

    private func slot(of bucket: UInt64) -> Int {
        Int(bucket % UInt64(bucketCount))
    }
}
