extension String {
    /// The text of a JSON string from what stands between its quotes, as `JSONToken.string` names
    /// it: escapes are replaced (RFC 8259 section 7).
    ///
    /// nil when the bytes are not UTF-8, or when half of a surrogate pair stands alone: that is no
    /// character. It allocates: for answers that come now and then.
    public init?(jsonString body: Span<UInt8>) {
        var text: [UInt8] = []
        text.reserveCapacity(body.count)
        var index = 0
        while index < body.count {
            guard body[index] == UInt8(ascii: "\\") else {
                text.append(body[index])
                index += 1
                continue
            }
            guard let scalar = readEscape(body, at: &index) else { return nil }
            text.append(contentsOf: UTF8.encode(scalar)?.map { $0 } ?? [])
        }
        self.init(validating: text, as: UTF8.self)
    }
}

/// The character of the escape at `index`, which is moved behind it.
private func readEscape(_ body: Span<UInt8>, at index: inout Int) -> Unicode.Scalar? {
    guard index + 1 < body.count else { return nil }
    let letter = body[index + 1]
    if letter == UInt8(ascii: "u") { return readNumber(body, at: &index) }
    index += 2
    switch letter {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    default: return nil
    }
}

/// `\uXXXX`, or the two of a surrogate pair.
private func readNumber(_ body: Span<UInt8>, at index: inout Int) -> Unicode.Scalar? {
    guard let first = readUnit(body, at: index) else { return nil }
    index += 6
    guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
    guard let second = readUnit(body, at: index), UTF16.isTrailSurrogate(second) else {
        return nil
    }
    index += 6
    return Unicode.Scalar(0x1_0000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)))
}

private func readUnit(_ body: Span<UInt8>, at index: Int) -> UInt16? {
    guard index + 6 <= body.count, body[index] == UInt8(ascii: "\\"),
        body[index + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt16 = 0
    for place in index + 2..<index + 6 {
        guard let digit = hexValue(body[place]) else { return nil }
        unit = unit << 4 | UInt16(digit)
    }
    return unit
}
