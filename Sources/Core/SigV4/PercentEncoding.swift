internal import Bytes

extension FixedBuffer {
    /// Appends `bytes` percent-encoded: everything but the unreserved characters of RFC 3986
    /// section 2.3, with upper-case digits, as Signature Version 4 defines "UriEncode".
    mutating func append(percentEncoding bytes: Span<UInt8>) {
        for index in bytes.indices {
            let byte = bytes[index]
            if isUnreserved(byte) {
                append(byte)
            } else {
                append(UInt8(ascii: "%"))
                append(upperHexDigit(byte >> 4))
                append(upperHexDigit(byte & 15))
            }
        }
    }
}

/// ALPHA / DIGIT / "-" / "." / "_" / "~"
@_noAllocation
func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        true
    default: false
    }
}

/// A byte of a header's name: "tchar" of RFC 9110 section 5.6.2.
@_noAllocation
func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"),
        UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
        true
    default: isUnreserved(byte)
    }
}

/// A control character of ASCII or DEL: it would end a line or a field of the request.
@_noAllocation
func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

/// Printable ASCII without the blank.
@_noAllocation
func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

@_noAllocation
func lowerCased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

@_noAllocation
private func upperHexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}

extension Span<UInt8> {
    /// Every byte is visible ASCII, and there is one.
    @_noAllocation
    func isVisibleText() -> Bool {
        for index in indices where !isVisible(self[index]) { return false }
        return count > 0
    }

    /// Byte order, as `memcmp` has it: -1, 0 or 1. For UTF-8 it is the order of code points.
    @_noAllocation
    func order(against other: Span<UInt8>) -> Int {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] < other[index] ? -1 : 1
        }
        return count == other.count ? 0 : count < other.count ? -1 : 1
    }
}
