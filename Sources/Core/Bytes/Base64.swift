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

/// Why a text is not base64.
public enum Base64Error: Error, Equatable, Sendable {
    /// A whole text has groups of four characters.
    case badLength(Int)
    /// A byte outside the alphabet, or padding in another place than the end.
    case badCharacter(value: UInt8, offset: Int)
    /// The last character has bits that belong to no byte: two texts would mean the same bytes.
    case looseBits
    /// More bytes than the buffer has room for.
    case tooLong(room: Int)
}

extension FixedBuffer {
    /// Appends the bytes that `text` spells in base64 with padding (RFC 4648 section 4), or
    /// nothing.
    public mutating func append(decodingBase64 text: Span<UInt8>) throws(Base64Error) {
        guard text.count % 4 == 0 else { throw .badLength(text.count) }
        guard text.count > 0 else { return }
        var padding = 0
        while padding < 2, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        let length = text.count / 4 * 3 - padding
        guard length <= room else { throw .tooLong(room: room) }
        let mark = count
        resize(to: mark + length)
        do throws(Base64Error) {
            var output = mutableBytes(in: mark..<mark + length)
            try decodeBase64(text.extracting(0..<text.count - padding), into: &output)
        } catch {
            truncate(to: mark)
            throw error
        }
    }
}

/// Decodes characters without their padding into as many bytes as they spell.
private func decodeBase64(
    _ text: Span<UInt8>, into output: inout MutableSpan<UInt8>
) throws(Base64Error) {
    let values = base64Values
    var read = 0
    var write = 0
    while read + 4 <= text.count {
        let group =
            UInt32(values[Int(text[read])]) << 24 | UInt32(values[Int(text[read + 1])]) << 16
            | UInt32(values[Int(text[read + 2])]) << 8 | UInt32(values[Int(text[read + 3])])
        // No value has its top bits but the one of a byte outside the alphabet.
        guard group & 0xC0C0_C0C0 == 0 else { throw badCharacter(text, from: read) }
        let triple =
            group >> 6 & 0xFC_0000 | group >> 4 & 0x3_F000 | group >> 2 & 0xFC0 | group & 0x3F
        output[write] = UInt8(truncatingIfNeeded: triple >> 16)
        output[write + 1] = UInt8(truncatingIfNeeded: triple >> 8)
        output[write + 2] = UInt8(truncatingIfNeeded: triple)
        read += 4
        write += 3
    }
    guard read < text.count else { return }
    // Two or three characters are left: 12 bits for one byte, 18 for two.
    var bits: UInt32 = 0
    for index in read..<text.count {
        let value = values[Int(text[index])]
        guard value < 64 else { throw badCharacter(text, from: read) }
        bits = bits << 6 | UInt32(value)
    }
    let isPair = text.count - read == 3
    guard bits & (isPair ? 0x3 : 0xF) == 0 else { throw .looseBits }
    output[write] = UInt8(truncatingIfNeeded: bits >> (isPair ? 10 : 4))
    if isPair { output[write + 1] = UInt8(truncatingIfNeeded: bits >> 2) }
}

private func badCharacter(_ text: Span<UInt8>, from start: Int) -> Base64Error {
    for index in start..<text.count where base64Values[Int(text[index])] > 63 {
        return .badCharacter(value: text[index], offset: index)
    }
    preconditionFailure("a group that is refused has a character that is none")
}

/// The six bits of each character; 0xFF for what is not in the alphabet.
private let base64Values: InlineArray<256, UInt8> = {
    var values = InlineArray<256, UInt8>(repeating: 0xFF)
    let alphabet = base64Alphabet.utf8Span
    for index in alphabet.indices { values[Int(alphabet[index])] = UInt8(index) }
    return values
}()
