/// How long a card lasts if it goes on as it did: a projection, not a promise.
public struct CardLife: Equatable, Sendable {
    /// Bytes that the card takes a day.
    public let bytesPerDay: Double
    /// Years until all of the endurance is used, from the day the ring was made.
    public let years: Double
    /// How much of the endurance the ring has used, 0 to 1 and more.
    public let used: Double

    /// Terabytes (10^12 bytes) that a card is good for unless the user says better: a 32 GB card
    /// made for dash cameras is rated for 2,500 hours of 26 Mbit/s video, 29 TB (SanDisk High
    /// Endurance: 10,000 hours at 128 GB); a TLC card of that size reaches as much with 1,000
    /// erase cycles.
    public static let terabytesWritten = 30.0
    /// A shorter life says nothing about a day.
    public static let secondsMin: Int64 = 3_600

    /// Bytes that reached the card. The kernel writes whole pages, so each sync costs about one
    /// more page of slots and one more for the head record than the bytes handed over.
    public static func bytesOnCard(_ wear: WearStatistics) -> Double {
        Double(wear.bytesWritten) + Double(wear.syncs) * Double(2 * RingGeometry.pageBytes)
    }

    /// nil when the ring is too young to tell, or has not been written yet.
    public init?(wear: WearStatistics, seconds: Int64, terabytesWritten: Double) {
        precondition(terabytesWritten > 0, "a card takes something")
        let bytes = Self.bytesOnCard(wear)
        guard seconds >= Self.secondsMin, bytes > 0 else { return nil }
        let endurance = terabytesWritten * 1e12
        bytesPerDay = bytes * 86_400 / Double(seconds)
        years = endurance / bytesPerDay / 365.25
        used = bytes / endurance
    }
}

extension RingGeometry {
    /// How long the ring reaches back, in seconds, with `sensors` sensors that send one
    /// measurement a second each.
    public func capacitySeconds(sensors: UInt64) -> UInt64 {
        precondition(sensors > 0, "somebody fills the ring")
        return slotCount / sensors
    }
}
