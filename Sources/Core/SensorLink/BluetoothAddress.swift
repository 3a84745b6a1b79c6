public import Bytes

/// A Bluetooth device address, 48 bits: `C0:00:00:00:00:01` is 0xC000_0000_0001.
///
/// BlueZ names a device's object by the address that it was found with and keeps that name when
/// a bonded sensor turns out to have another identity address. So an address in this room that
/// names an object is the one of the path; the identity is a fact about the device.
public struct BluetoothAddress: Hashable, Sendable {
    public let bits: UInt64

    /// The upper 16 bits are dropped.
    public init(_ bits: UInt64) { self.bits = bits & 0xFFFF_FFFF_FFFF }

    /// Six two-digit hexadecimal numbers with `separator` between them, as in `Address`
    /// properties (":") and object paths ("_"); nil for anything else.
    public init?(_ text: Span<UInt8>, separator: UInt8 = UInt8(ascii: ":")) {
        guard text.count == 17 else { return nil }
        var bits: UInt64 = 0
        for index in text.indices {
            if index % 3 == 2 {
                guard text[index] == separator else { return nil }
            } else {
                guard let digit = Self.digit(text[index]) else { return nil }
                bits = bits << 4 | UInt64(digit)
            }
        }
        self.bits = bits
    }

    /// Appends the 17 characters `C0:00:00:00:00:01`.
    public func append(to buffer: inout FixedBuffer, separator: UInt8 = UInt8(ascii: ":")) {
        for byte in (0..<6).reversed() {
            let value = UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))
            buffer.append(Self.character(value >> 4))
            buffer.append(Self.character(value & 15))
            if byte > 0 { buffer.append(separator) }
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func character(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }
}

/// How an address came to be (Core Specification 5.4, volume 6, part B, section 1.3).
public enum AddressKind: UInt8, Sendable {
    case `public`
    /// Random; whether it is static or resolvable (it changes, every 15 minutes as a rule) is
    /// told by its two highest bits.
    case random
}
