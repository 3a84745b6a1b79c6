import Bytes
import Vitals

/// A `patient_stats` post that was refused, so that it can be written out again as JSON: every
/// field that the form knows, with the value that it had.
///
/// ```
///   0  3  two bits a field, in the order of `PostField` from the patient on, lowest first:
///         0 not there, 1 as below, 2 null, 3 other JSON text
///   3     the values, in that order
///
/// patient   length, and what of the name does not fit into the place of the record's
/// time      8 bytes, microseconds since 1970
/// number    bits 0 to 2: decimals; from bit 3 on: the number without its point, zigzag (as in
///           Protocol Buffers, "Encoding"); in groups of seven bits, lowest first, the top bit of
///           a byte saying that another one follows
/// other     length, JSON text
/// ```
///
/// A number keeps up to four decimals: 36.65 is 3665 with 2. So a form of ordinary numbers takes
/// about 30 bytes, and has room for a name of 36 and for what is wrong with it.
public struct KeptForm: Sendable {
    /// Fields that the form has.
    public static let fieldCount = 9
    /// How a field is kept. The raw value is its number on disk.
    enum State: UInt8 { case absent, value, null, other }

    private var text = FixedText()

    /// Bytes with a limit, without an allocation.
    private struct FixedText: Sendable {
        var bytes = InlineArray<44, UInt8>(repeating: 0)
        var count = 3
        var overflowed = false

        mutating func append(_ byte: UInt8) {
            guard count < RefusedPost.room else {
                overflowed = true
                return
            }
            bytes[count] = byte
            count += 1
        }
    }

    /// A form without any field. Fields are given in the order of `PostField`.
    public init() {}

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.bytes.span.extracting(0..<text.count) }
    }

    /// More than fits: the form cannot be kept whole.
    public var overflowed: Bool { text.overflowed }

    private mutating func note(_ field: PostField, _ state: State) {
        let shift = 2 * (Int(field.rawValue) - 1)
        text.bytes[shift / 8] |= state.rawValue << UInt8(shift % 8)
    }

    /// The name of the patient, whose beginning is the record's name.
    public mutating func append(patient name: PatientName) {
        note(.patient, .value)
        let tail = name.tail
        text.append(UInt8(tail.count))
        for index in tail.indices { text.append(tail[index]) }
    }

    public mutating func append(timeMicroseconds: Int64) {
        note(.time, .value)
        for index in 0..<8 {
            text.append(UInt8(truncatingIfNeeded: timeMicroseconds >> Int64(8 * index)))
        }
    }

    /// A number in units of 1/10,000.
    public mutating func append(_ field: PostField, units: Int64) {
        note(field, .value)
        var mantissa = units
        var decimals = UInt64(PatientQuantity.decimals)
        while decimals > 0, mantissa % 10 == 0 {
            mantissa /= 10
            decimals -= 1
        }
        guard mantissa.magnitude < 1 << 59 else {
            text.overflowed = true
            return
        }
        let zigzag = UInt64(bitPattern: (mantissa << 1) ^ (mantissa >> 63))
        var rest = zigzag << 3 | decimals
        while rest >= 0x80 {
            text.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        text.append(UInt8(rest))
    }

    public mutating func appendNull(_ field: PostField) { note(field, .null) }

    /// A value of another type: its JSON text, which is one token.
    public mutating func append(_ field: PostField, other json: Span<UInt8>) {
        note(field, .other)
        guard json.count <= RefusedPost.room else {
            text.overflowed = true
            return
        }
        text.append(UInt8(json.count))
        for index in json.indices { text.append(json[index]) }
    }
}

/// A field of a kept form.
public enum KeptValue: Equatable, Sendable {
    case null
    /// How many bytes of the name stand here, from this offset on.
    case patient(Range<Int>)
    /// Microseconds since 1970.
    case time(Int64)
    case number(mantissa: Int64, decimals: Int)
    /// Where the JSON text stands.
    case other(Range<Int>)
}

extension KeptForm {
    /// Goes through the fields that are there, in their order. Answers false when the bytes are
    /// not what this type writes.
    public static func forEach(
        in bytes: Span<UInt8>, _ body: (PostField, KeptValue) -> Void
    ) -> Bool {
        guard bytes.count >= 3 else { return false }
        var place = 3
        for number in 1...UInt8(fieldCount) {
            let shift = 2 * (Int(number) - 1)
            let bits = bytes[shift / 8] >> UInt8(shift % 8) & 3
            guard let state = State(rawValue: bits), let field = PostField(rawValue: number) else {
                return false
            }
            switch state {
            case .absent: continue
            case .null: body(field, .null)
            case .other:
                guard let range = text(in: bytes, at: &place) else { return false }
                body(field, .other(range))
            case .value:
                guard let value = value(of: field, in: bytes, at: &place) else { return false }
                body(field, value)
            }
        }
        return place == bytes.count && bytes[2] & 0xFC == 0
    }

    /// The value of one field; nil where it is not there.
    public static func value(of wanted: PostField, in bytes: Span<UInt8>) -> KeptValue? {
        var found: KeptValue?
        _ = forEach(in: bytes) { field, value in
            if field == wanted { found = value }
        }
        return found
    }

    static func isWhole(_ bytes: Span<UInt8>) -> Bool {
        var isText = true
        let isWhole = forEach(in: bytes) { _, value in
            switch value {
            case .patient(let range), .other(let range):
                isText = isText && bytes.extracting(range).isUTF8
            case .null, .time, .number: break
            }
        }
        return isWhole && isText
    }

    private static func text(in bytes: Span<UInt8>, at place: inout Int) -> Range<Int>? {
        guard place < bytes.count, Int(bytes[place]) <= bytes.count - place - 1 else { return nil }
        let range = place + 1..<place + 1 + Int(bytes[place])
        place = range.upperBound
        return range
    }

    private static func value(
        of field: PostField, in bytes: Span<UInt8>, at place: inout Int
    ) -> KeptValue? {
        switch field {
        case .patient: return text(in: bytes, at: &place).map { .patient($0) }
        case .time:
            guard bytes.count - place >= 8 else { return nil }
            let time = Int64(bitPattern: bytes.loadUInt64(at: place))
            place += 8
            return .time(time)
        default: return number(in: bytes, at: &place)
        }
    }

    private static func number(in bytes: Span<UInt8>, at place: inout Int) -> KeptValue? {
        var packed: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count, shift < 63 {
            let byte = bytes[place]
            place += 1
            packed |= UInt64(byte & 0x7F) << shift
            shift += 7
            guard byte < 0x80 else { continue }
            let decimals = Int(packed & 7)
            let zigzag = packed >> 3
            guard decimals <= PatientQuantity.decimals else { return nil }
            let mantissa = Int64(bitPattern: zigzag >> 1) ^ -Int64(zigzag & 1)
            return .number(mantissa: mantissa, decimals: decimals)
        }
        return nil
    }
}
