/// A PIN before commands that change something: five wrong ones lock it for a minute, so that
/// nobody tries all of them on an open serial line.
public struct PinLock: Sendable {
    /// What an attempt has come to.
    public enum Answer: Equatable, Sendable {
        case right
        case wrong(triesLeft: Int)
        /// Not even looked at, for so many seconds.
        case locked(seconds: Int64)
    }

    private static let triesMax = 5
    private static let lockNanoseconds: Int64 = 60_000_000_000

    private let pin: [UInt8]
    private var failures = 0
    private var lockedUntil: Int64?

    public init(_ pin: String) { self.pin = Array(pin.utf8) }

    public mutating func take(_ attempt: String, now: Int64) -> Answer {
        if let until = lockedUntil {
            if now < until { return .locked(seconds: (until - now + 999_999_999) / 1_000_000_000) }
            lockedUntil = nil
            failures = 0
        }
        let bytes = Array(attempt.utf8)
        // Every byte is compared, so that the time says nothing of how many were right.
        var difference = bytes.count == pin.count ? UInt8(0) : 1
        for (index, byte) in bytes.prefix(pin.count).enumerated() {
            difference |= byte ^ pin[index]
        }
        if difference == 0 {
            failures = 0
            return .right
        }
        failures += 1
        if failures >= Self.triesMax {
            lockedUntil = now + Self.lockNanoseconds
            return .locked(seconds: Self.lockNanoseconds / 1_000_000_000)
        }
        return .wrong(triesLeft: Self.triesMax - failures)
    }
}
