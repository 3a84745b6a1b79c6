/// Why text is not bytes in hexadecimal.
public enum HexError: Error, Equatable {
    /// A digit is missing at the end: bytes are pairs.
    case oddDigitCount(Int)
    /// The byte `value` at `offset` is no hexadecimal digit and no separator between bytes.
    case notADigit(value: UInt8, offset: Int)
    /// More bytes than the receiver takes.
    case tooLong(limit: Int)
}

extension FixedBuffer {
    /// Appends lower-case hexadecimal, two digits a byte: what SigV4 asks for.
    public mutating func append(hex bytes: Span<UInt8>) {
        for index in bytes.indices {
            append(hexDigit(bytes[index] >> 4))
            append(hexDigit(bytes[index] & 15))
        }
    }

    /// Appends `value` as `digits` hexadecimal digits, zeros in front.
    public mutating func append(hex value: UInt64, digits: Int) {
        guard digits <= room else {
            hasOverflowed = true
            return
        }
        var rest = value
        for place in stride(from: filled + digits - 1, through: filled, by: -1) {
            unsafe base[place] = hexDigit(UInt8(truncatingIfNeeded: rest & 15))
            rest >>= 4
        }
        filled += digits
    }

    /// Appends the bytes that `text` spells in hexadecimal. Blanks, colons and hyphens between
    /// bytes and a leading `0x` are taken, as bench tools print them.
    public mutating func append(decodingHex text: Span<UInt8>) throws(HexError) {
        var high: UInt8?
        var digits = 0
        for index in text.indices.dropFirst(hexPrefixLength(text)) {
            let byte = text[index]
            guard let digit = hexValue(byte) else {
                let separates = byte == 0x20 || byte == 0x3A || byte == 0x2D || byte == 0x09
                if separates && high == nil { continue }
                throw .notADigit(value: byte, offset: index)
            }
            digits += 1
            guard let upper = high else {
                high = digit
                continue
            }
            append(upper << 4 | digit)
            high = nil
        }
        guard high == nil else { throw .oddDigitCount(digits) }
        guard !overflowed else { throw .tooLong(limit: capacity) }
    }
}

private func hexPrefixLength(_ text: Span<UInt8>) -> Int {
    text.count >= 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x") ? 2 : 0
}

@_noAllocation
private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

@_noAllocation
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
