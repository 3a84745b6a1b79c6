extension FixedBuffer {
    /// Characters that `count` bytes take in base64 with padding (RFC 4648 section 4).
    public static func base64Length(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends `bytes` in base64 with padding.
    public mutating func append(base64 bytes: Span<UInt8>) {
        let length = Self.base64Length(of: bytes.count)
        guard length <= room else {
            hasOverflowed = true
            return
        }
        unsafe appendBytes(atMost: length) { target in
            var output = unsafe target.mutableSpan
            encodeBase64(bytes, into: &output)
            return length
        }
    }
}

/// Twelve bytes a step as far as they go, then triples, then the one or two bytes that are left
/// over with their padding.
private func encodeBase64(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
    var read = 0
    var write = 0
    // Each of the two loads takes eight bytes, six of which are used.
    while read + 14 <= bytes.count {
        let letters = base64Letters(
            SIMD2(
                bytes.loadUInt64(at: read).byteSwapped >> 16,
                bytes.loadUInt64(at: read + 6).byteSwapped >> 16))
        output.store(letters[0], at: write)
        output.store(letters[1], at: write + 8)
        read += 12
        write += 16
    }
    encodeRest(bytes.extracting(droppingFirst: read), into: &output, at: write)
}

/// The eight letters of 48 bits, first one in the lowest byte; two groups of bits at a time.
///
/// A byte knows by additions that carry into its top bit which range of the alphabet it lies in:
/// no table, no branch.
@inline(__always)
private func base64Letters(_ groups: SIMD2<UInt64>) -> SIMD2<UInt64> {
    // 48 bits as 2 × 24, 4 × 12 and 8 × 6, each step with the high half in front.
    var sextets = (groups &>> 24) | ((groups & 0x0000_00FF_FFFF) &<< 32)
    sextets =
        ((sextets &>> 12) & 0x0000_0FFF_0000_0FFF) | ((sextets & 0x0000_0FFF_0000_0FFF) &<< 16)
    sextets =
        ((sextets &>> 6) & 0x003F_003F_003F_003F) | ((sextets & 0x003F_003F_003F_003F) &<< 8)
    // "A" to "Z", then 6 more to "a", then 75 fewer to "0", 15 fewer to "+", 3 more to "/".
    var letters = sextets &+ (0x0101_0101_0101_0101 &* UInt64(UInt8(ascii: "A")))
    letters &+= bytes(of: sextets, from: 26) & 0x0606_0606_0606_0606
    letters &+= bytes(of: sextets, from: 63) & 0x0303_0303_0303_0303
    letters &-= bytes(of: sextets, from: 52) & 0x4B4B_4B4B_4B4B_4B4B
    letters &-= bytes(of: sextets, from: 62) & 0x0F0F_0F0F_0F0F_0F0F
    return letters
}

/// 0xFF in every byte of `sextets` (each below 64) that is at least `floor`, else 0.
@inline(__always)
private func bytes(of sextets: SIMD2<UInt64>, from floor: UInt64) -> SIMD2<UInt64> {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let reached = ((sextets &+ ones &* (128 - floor)) &>> 7) & ones
    return (reached &<< 8) &- reached
}

private func encodeRest(
    _ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>, at start: Int
) {
    let alphabet = base64Alphabet.utf8Span
    var read = 0
    var write = start
    while read + 3 <= bytes.count {
        let triple =
            UInt32(bytes[read]) << 16 | UInt32(bytes[read + 1]) << 8 | UInt32(bytes[read + 2])
        output[write] = alphabet[Int(triple >> 18)]
        output[write + 1] = alphabet[Int(triple >> 12 & 63)]
        output[write + 2] = alphabet[Int(triple >> 6 & 63)]
        output[write + 3] = alphabet[Int(triple & 63)]
        read += 3
        write += 4
    }
    let left = bytes.count - read
    guard left > 0 else { return }
    let triple = UInt32(bytes[read]) << 16 | (left == 2 ? UInt32(bytes[read + 1]) << 8 : 0)
    output[write] = alphabet[Int(triple >> 18)]
    output[write + 1] = alphabet[Int(triple >> 12 & 63)]
    output[write + 2] = left == 2 ? alphabet[Int(triple >> 6 & 63)] : UInt8(ascii: "=")
    output[write + 3] = UInt8(ascii: "=")
}

private let base64Alphabet: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
