/// Reads little-endian fields (Bluetooth, the ring file) from the front of borrowed bytes.
///
/// Every read says nil when the bytes run out and then moves nothing, so a truncated packet
/// is an ordinary outcome.
public struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    /// Offset of the next byte to be read.
    public private(set) var position: Int = 0

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// Bytes not read yet.
    public var remaining: Int { bytes.count - position }

    @_lifetime(self: copy self)
    public mutating func readUInt8() -> UInt8? {
        guard remaining >= 1 else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    @_lifetime(self: copy self)
    public mutating func readUInt16() -> UInt16? {
        guard remaining >= 2 else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
    }

    @_lifetime(self: copy self)
    public mutating func readUInt32() -> UInt32? {
        guard remaining >= 4 else { return nil }
        defer { position += 4 }
        return bytes.loadUInt32(at: position)
    }

    @_lifetime(self: copy self)
    public mutating func readUInt64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        defer { position += 8 }
        return bytes.loadUInt64(at: position)
    }
}

extension Span<UInt8> {
    /// The little-endian number at `offset`; a bound that is passed is the caller's bug.
    @inlinable
    public func loadUInt16(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && offset <= count - 2, "a number lies within the bytes")
        return unsafe withUnsafeBytes { bytes in
            unsafe UInt16(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
    }

    @inlinable
    public func loadUInt32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4, "a number lies within the bytes")
        return unsafe withUnsafeBytes { bytes in
            unsafe UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
    }

    @inlinable
    public func loadUInt64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "a number lies within the bytes")
        return unsafe withUnsafeBytes { bytes in
            unsafe UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }

    /// Byte for byte the same.
    public func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// The text of `literal`, byte for byte.
    public func isEqual(to literal: StaticString) -> Bool {
        isEqual(to: literal.utf8Span)
    }

    /// The bytes are text in UTF-8 (RFC 3629 section 4).
    public var isUTF8: Bool {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: self)
            return true
        } catch {
            return false
        }
    }

    /// Where `literal` begins for the first time, if it does.
    public func firstIndex(of literal: StaticString) -> Int? {
        firstIndex(of: literal.utf8Span)
    }

    /// Where the bytes `wanted` begin for the first time, if they do.
    public func firstIndex(of wanted: Span<UInt8>) -> Int? {
        guard wanted.count <= count else { return nil }
        for start in 0...(count - wanted.count)
        where extracting(start..<start + wanted.count).isEqual(to: wanted) {
            return start
        }
        return nil
    }
}

extension MutableSpan<UInt8> {
    /// Stores `value` at `offset`, least significant byte first. Inlinable, or other modules
    /// would go through the generic form, which is a hundred times slower.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func store(_ value: some FixedWidthInteger & UnsignedInteger, at offset: Int) {
        let length = value.bitWidth / 8
        precondition(offset >= 0 && offset <= count - length, "a number lies within the bytes")
        unsafe withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(
                of: value.littleEndian, toByteOffset: offset, as: type(of: value))
        }
    }
}

extension StaticString {
    /// The bytes of a literal, which live as long as the program.
    public var utf8Span: Span<UInt8> {
        @_lifetime(immortal)
        get {
            precondition(hasPointerRepresentation, "a literal of one scalar is not text here")
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, borrowing: ())
        }
    }
}
