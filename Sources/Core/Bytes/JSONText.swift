extension FixedBuffer {
    /// Appends `text` as a JSON string with its quotes: quotes, backslashes and control
    /// characters escaped (RFC 8259 section 7), other UTF-8 as it is.
    public mutating func append(jsonString text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u")
                append(hex: UInt64(byte), digits: 4)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
