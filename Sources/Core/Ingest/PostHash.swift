import Bytes

/// A 64-bit hash of what was posted: it tells a repeated post from another one. The mixing is
/// SplitMix64's (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators",
/// 2014). It is no secret: whoever makes two keys collide harms his own posts.
struct PostHash {
    private(set) var value: UInt64 = 0

    mutating func mix(_ word: UInt64) {
        var mixed = (value ^ word) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        value = mixed ^ (mixed >> 31)
    }

    /// The length is mixed in too: "ab" and "c" are not "a" and "bc".
    mutating func mix(_ bytes: Span<UInt8>) {
        mix(UInt64(bytes.count))
        var index = 0
        while index + 8 <= bytes.count {
            mix(bytes.loadUInt64(at: index))
            index += 8
        }
        var last: UInt64 = 0
        for place in index..<bytes.count { last = last << 8 | UInt64(bytes[place]) }
        mix(last)
    }
}
