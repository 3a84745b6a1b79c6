extension FixedBuffer {
    /// Characters that `count` bytes take in base64 with padding (RFC 4648 section 4).
    public static func base64Length(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends `bytes` in base64 with padding.
    public mutating func append(base64 bytes: Span<UInt8>) {
        let length = Self.base64Length(of: bytes.count)
        guard length <= room else {
            overflowed = true
            return
        }
        unsafe appendBytes(atMost: length) { target in
            var output = unsafe target.mutableSpan
            encodeBase64(bytes, into: &output)
            return length
        }
    }
}

/// The whole triples first, then the one or two bytes that are left over with their padding.
private func encodeBase64(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
    let alphabet = base64Alphabet.utf8Span
    var read = 0
    var write = 0
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
