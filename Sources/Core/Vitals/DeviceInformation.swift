/// A text by which a sensor says what it is: model number 0x2A24, serial number 0x2A25, firmware
/// revision 0x2A26, manufacturer name 0x2A29 (Device Information Service 1.1, section 3).
///
/// UTF-8, checked; 64 bytes are kept, which holds what devices send, and a longer one is cut at a
/// character. A string may end in zeros, as sensors written in C have it; they are no part of it.
public struct DeviceInformation: Equatable, Sendable {
    public static let limit = 64

    private var text = InlineArray<64, UInt8>(repeating: 0)
    /// Bytes that are used.
    public private(set) var count = 0

    public init() {}

    public init(decoding value: Span<UInt8>) throws(MeasurementError) {
        var end = value.count
        while end > 0 && value[end - 1] == 0 { end -= 1 }
        let whole = value.extracting(0..<end)
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: whole)
        } catch {
            throw .notUTF8(offset: error.byteOffsets.lowerBound)
        }
        if end > Self.limit {
            end = Self.limit
            // 10xxxxxx goes on with a character (RFC 3629, section 3).
            while end > 0 && whole[end] & 0xC0 == 0x80 { end -= 1 }
        }
        for index in 0..<end { text[index] = whole[index] }
        count = end
    }

    /// UTF-8, without zeros at the end: also what a sensor would send.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(0..<count) }
    }

    public static func == (one: DeviceInformation, other: DeviceInformation) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one.text[index] != other.text[index] { return false }
        return true
    }
}
