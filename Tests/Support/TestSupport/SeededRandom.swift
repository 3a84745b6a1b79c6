import Foundation

/// The one source of random numbers in tests: SplitMix64 (Steele, Lea and Flood, 2014), whose
/// seed is printed, so that a failure can be played again.
///
/// Every run draws a new seed; `PULSEGATE_TEST_SEED=123 swift test` sets it for all tests.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    /// What reproduces the run.
    public let seed: UInt64
    private var state: UInt64

    /// Prints the seed beside the name of the test that draws from it.
    public init(test: String = #function) {
        let wanted = ProcessInfo.processInfo.environment["PULSEGATE_TEST_SEED"]
        seed = wanted.flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
        state = seed
        print("\(test): PULSEGATE_TEST_SEED=\(seed)")
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// `count` random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) where bytes.count < count {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }
}
