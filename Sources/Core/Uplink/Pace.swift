/// How fast a sink is sent to after its service has asked to go slower: additive increase,
/// multiplicative decrease (D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms
/// for Congestion Avoidance", 1989), in records and in bytes a second.
///
/// Nobody tells which limit was met: a shard of Kinesis takes 1,000 records and 1 MiB a second,
/// and shares them among its writers. So what has been accepted lately is measured, and that
/// measure is cut; after it each success adds a little, and more the longer nothing was
/// refused. A service that has never asked is not held back.
public struct Pace: Sendable {
    /// A cut leaves this part of what was accepted lately.
    public static let cut = 0.75
    /// Added each second of successes at first: this part of the rate after the cut. It doubles
    /// with every `doublingSeconds` without a refusal.
    private static let step = 0.04
    private static let doublingSeconds = 10.0
    /// Without a refusal for so long, nothing is held back any more.
    private static let liftSeconds = 120.0
    /// Never slower than ten records a second: what a few sensors measure is no burst, and the
    /// back-off holds whoever is refused altogether.
    private static let slowest = 10.0
    /// What is accepted is measured over about this time. Two cuts are as far apart: answers that
    /// come before it tell of the rate before the cut.
    private static let memorySeconds = 1.0

    /// nil: unlimited.
    public private(set) var recordsPerSecond: Double?
    private var bytesPerSecond = 0.0
    /// Before this, no request is begun, monotonic nanoseconds.
    public private(set) var nextAt: Int64 = 0
    /// Times the rate was cut.
    public private(set) var cuts: UInt64 = 0
    private var measuredRecords = 0.0
    private var measuredBytes = 0.0
    private var measuredAt: Int64?
    private var cutAt: Int64?
    /// Rates just after the last cut, and seconds of success since.
    private var cutRecords = 0.0
    private var cutBytes = 0.0
    private var goodSeconds = 0.0
    /// The request under way.
    private var records = 0.0
    private var bytes = 0.0
    private var beganAt: Int64 = 0

    public init() {}

    /// Records that one request should have at most: a second's worth.
    public func portion(of limit: Int) -> Int {
        guard let recordsPerSecond else { return limit }
        return max(1, min(limit, Int(min(recordsPerSecond, 1e9))))
    }

    /// A request of so many records and bytes begins.
    public mutating func begin(records: Int, bytes: Int, now: Int64) {
        self.records = Double(max(1, records))
        self.bytes = Double(max(1, bytes))
        beganAt = now
    }

    /// The request was answered: `accepted` of its records were taken, and the service asked to go
    /// slower, or did not.
    public mutating func end(accepted: Int, isThrottled: Bool, now: Int64) {
        let elapsed = measuredAt.map { Double(max(0, now - $0)) / 1e9 } ?? Self.memorySeconds
        measuredAt = now
        let weight = Self.memorySeconds + elapsed
        let part = Double(accepted) / records
        measuredRecords = (measuredRecords * Self.memorySeconds + Double(accepted)) / weight
        measuredBytes = (measuredBytes * Self.memorySeconds + bytes * part) / weight
        if isThrottled { slowDown(now: now) } else { speedUp(elapsed) }
        guard let recordsPerSecond else { return }
        // What was refused has used nothing up: how long it waits, the back-off says.
        let seconds = max(Double(accepted) / recordsPerSecond, bytes * part / bytesPerSecond)
        nextAt = max(nextAt, beganAt) + Int64(seconds * 1e9)
    }

    private mutating func slowDown(now: Int64) {
        if let cutAt, Double(now - cutAt) < Self.memorySeconds * 1e9 { return }
        cutAt = now
        cuts += 1
        goodSeconds = 0
        let size = bytes / records
        let known = recordsPerSecond ?? max(measuredRecords, records)
        let base = min(known, max(measuredRecords, known / 2))
        cutRecords = max(Self.slowest, base * Self.cut)
        let knownBytes = recordsPerSecond == nil ? max(measuredBytes, bytes) : bytesPerSecond
        let baseBytes = min(knownBytes, max(measuredBytes, knownBytes / 2))
        cutBytes = max(Self.slowest * size, baseBytes * Self.cut)
        recordsPerSecond = cutRecords
        bytesPerSecond = cutBytes
    }

    private mutating func speedUp(_ elapsed: Double) {
        guard let rate = recordsPerSecond else { return }
        // Time in which nothing was sent proves nothing.
        let seconds = min(elapsed, 1)
        goodSeconds += seconds
        guard goodSeconds < Self.liftSeconds else {
            recordsPerSecond = nil
            return
        }
        var growth = seconds * Self.step
        for _ in 0..<Int(goodSeconds / Self.doublingSeconds) { growth *= 2 }
        recordsPerSecond = rate + growth * cutRecords
        bytesPerSecond += growth * cutBytes
    }
}
