import Vitals

/// Notices a value that is repeated and repeated: a sensor whose processor hangs behind a radio
/// that lives.
///
/// A notification counts as a repetition when every byte is the same: heart rate, contact, energy
/// and RR intervals. So a strap with RR intervals, which no two beats share for long, is as good
/// as never taken for frozen; a sensor with the heart rate alone is after `limit` without any
/// change. That must be longer than a steady pulse: recorded sessions hold one value for up to
/// 66 s at one value a second.
struct FrozenWatch {
    private(set) var isFrozen = false
    private var hash: UInt64 = 0
    private var since: Int64 = 0
    private var last: Int64?

    /// A longer pause proves nothing about the value before it.
    private static let pause = 10 * second

    /// Takes a heart rate notification; answers true when `isFrozen` has changed.
    mutating func take(_ value: Span<UInt8>, now: Int64, limit: Int64) -> Bool {
        let hash = Self.hash(value)
        defer {
            self.hash = hash
            last = now
        }
        guard let last, hash == self.hash else {
            since = now
            defer { isFrozen = false }
            return isFrozen
        }
        if isFrozen { return false }
        if now - last > Self.pause { since = now }
        guard now - since >= limit, Self.isHeartRate(value) else { return false }
        isFrozen = true
        return true
    }

    /// No heart rate at all (off-skin, implausible, malformed) is not a frozen one.
    private static func isHeartRate(_ value: Span<UInt8>) -> Bool {
        do throws(HeartRateError) {
            let measurement = try HeartRateMeasurement(decoding: value)
            if case .heartRate = HeartRateState(measurement) { return true }
            return false
        } catch {
            return false
        }
    }

    /// FNV-1a, 64 bits (draft-eastlake-fnv): two values in a row that differ have the same with
    /// a chance of 2^-64.
    private static func hash(_ value: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in value.indices { hash = (hash ^ UInt64(value[index])) &* 0x0100_0000_01b3 }
        return hash
    }
}
