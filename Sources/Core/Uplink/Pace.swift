/// How fast a sink is sent to after its service has asked to go slower: additive increase,
/// multiplicative decrease (D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms
/// for Congestion Avoidance", 1989), in records and in bytes a second.
///
/// Nobody tells which limit was met: a shard of Kinesis takes 1,000 records and 1 MiB a second,
/// and shares them among its writers. So what has been accepted lately is measured, and a part of
/// that is the new rate; after it each success adds a little, and more the longer nothing was
/// refused. A service that has never asked is not held back.
///
/// The best of the last minute counts, so that refusals that have nothing to do with the rate do
/// not wear it down one after the other. Only where most of what was sent has been refused, as when
/// another writer has come, is it the last second's.
public struct Pace: Sendable {
    /// A cut leaves this part of what was accepted lately.
    public static let cut = 0.85
    /// Never slower than this, records a second: what sensors measure is no burst, and the
    /// back-off holds whoever is refused altogether.
    public static let slowest = 50.0
    /// Added each second of successes at first: this part of the rate after the cut. It doubles
    /// with every `doublingSeconds` without a refusal.
    private static let step = 0.08
    private static let doublingSeconds = 10.0
    /// Without a refusal for so long, nothing is held back any more.
    private static let liftSeconds = 120.0
    /// What is accepted is measured over about this time. Two cuts are as far apart: answers that
    /// come before it tell of the rate before the cut.
    private static let memorySeconds = 1.0
    /// The best measure is worth half of itself after so many seconds in which answers came.
    private static let bestHalvingSeconds = 60.0

    /// Records and bytes of them, of a second or of a request.
    private struct Amount {
        var records = 0.0
        var bytes = 0.0

        static func * (amount: Amount, factor: Double) -> Amount {
            Amount(records: amount.records * factor, bytes: amount.bytes * factor)
        }

        static func + (one: Amount, other: Amount) -> Amount {
            Amount(records: one.records + other.records, bytes: one.bytes + other.bytes)
        }

        func largest(_ other: Amount) -> Amount {
            Amount(records: max(records, other.records), bytes: max(bytes, other.bytes))
        }

        func smallest(_ other: Amount) -> Amount {
            Amount(records: min(records, other.records), bytes: min(bytes, other.bytes))
        }
    }

    /// A second's worth; nil: unlimited.
    private var rate: Amount?
    /// Just after the last cut.
    private var cutRate = Amount()
    private var cutAt: Int64?
    /// Seconds of success since.
    private var goodSeconds = 0.0
    /// Accepted and refused since.
    private var accepted = 0.0
    private var refused = 0.0
    /// Accepted a second, lately, and the best of it.
    private var measured = Amount()
    private var best = Amount()
    private var measuredAt: Int64?
    /// The request under way.
    private var request = Amount(records: 1, bytes: 1)
    private var beganAt: Int64 = 0
    /// Before this, no request is begun, monotonic nanoseconds.
    public private(set) var nextAt: Int64 = 0
    /// Times the rate was cut.
    public private(set) var cuts: UInt64 = 0

    public init() {}

    /// nil: unlimited.
    public var recordsPerSecond: Double? { rate?.records }

    /// Records that one request should have at most: a second's worth.
    public func portion(of limit: Int) -> Int {
        guard let rate else { return limit }
        return max(1, min(limit, Int(min(rate.records, 1e9))))
    }

    /// A request of so many records and bytes begins.
    public mutating func begin(records: Int, bytes: Int, now: Int64) {
        request = Amount(records: Double(max(1, records)), bytes: Double(max(1, bytes)))
        beganAt = now
    }

    /// The request was answered: `accepted` of its records were taken, and the service asked to go
    /// slower, or did not.
    public mutating func end(accepted count: Int, isThrottled: Bool, now: Int64) {
        let seconds = measuredAt.map { Double(max(0, now - $0)) / 1e9 } ?? Self.memorySeconds
        measuredAt = now
        let taken = request * (Double(count) / request.records)
        accepted += taken.records
        refused += request.records - taken.records
        measured = (measured * Self.memorySeconds + taken) * (1 / (Self.memorySeconds + seconds))
        let age = Self.bestHalvingSeconds / (Self.bestHalvingSeconds + min(seconds, 1))
        best = measured.largest(best * age)
        if isThrottled { slowDown(now: now) } else { speedUp(seconds) }
        guard let rate else { return }
        // What was refused has used nothing up: how long it waits, the back-off says.
        let worth = max(taken.records / rate.records, taken.bytes / rate.bytes)
        nextAt = max(nextAt, beganAt) + Int64(worth * 1e9)
    }

    private mutating func slowDown(now: Int64) {
        if let cutAt, Double(now - cutAt) < Self.memorySeconds * 1e9 { return }
        let isMostRefused = refused > accepted
        let known = rate ?? measured.largest(request)
        // At most to a half at once, whatever was measured.
        let wanted = ((isMostRefused ? measured : best) * Self.cut).largest(known * 0.5)
        let floor = request * (Self.slowest / request.records)
        cutRate = wanted.smallest(known).largest(floor)
        rate = cutRate
        cutAt = now
        cuts += 1
        goodSeconds = 0
        accepted = 0
        refused = 0
    }

    private mutating func speedUp(_ elapsed: Double) {
        guard let rate else { return }
        // Time in which nothing was sent proves nothing.
        let seconds = min(elapsed, 1)
        goodSeconds += seconds
        guard goodSeconds < Self.liftSeconds else {
            self.rate = nil
            return
        }
        var growth = seconds * Self.step
        for _ in 0..<Int(goodSeconds / Self.doublingSeconds) { growth *= 2 }
        self.rate = rate + cutRate * growth
    }
}
