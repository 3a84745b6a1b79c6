import Bytes
import RecordRing
import WireFormat

/// The fields of one posted object, found and not judged: where each value stands, and what it is.
struct PostFields {
    /// What stands behind a field's name.
    enum Value: Equatable {
        /// Between its quotes.
        case string(Range<Int>)
        case number(Range<Int>)
        case null
        case boolean
        /// An object or an array.
        case nested
    }

    /// A value and where it stands, quotes and brackets with it.
    struct Found {
        var value: Value
        var place: Range<Int>
    }

    private var found = InlineArray<13, Found?>(repeating: nil)
    /// The first field that is there twice.
    private(set) var repeated: (field: PostField, place: Range<Int>)?
    /// The name of the first field that the form does not have, and where its value stands.
    private(set) var unknown: (key: Range<Int>, place: Range<Int>)?

    subscript(field: PostField) -> Found? { found[Int(field.rawValue)] }

    /// Every value is one token, and every field is there once and known.
    var isFlat: Bool {
        guard repeated == nil, unknown == nil else { return false }
        for index in found.indices {
            if case .nested = found[index]?.value { return false }
        }
        return true
    }

    /// Reads the one object that `post` is. Its grammar is judged to its end before any field is.
    static func read(
        _ post: Span<UInt8>, of path: PostPath
    ) throws(PostRefusal.Thrown) -> PostFields {
        guard post.isUTF8 else { throw .init(PostRefusal(.notUTF8)) }
        var fields = PostFields()
        var scanner = JSONScanner(post)
        do throws(JSONError) {
            let first = try scanner.next()
            guard first == .beginObject else {
                try scanner.skipRest(of: first)
                _ = try scanner.next()
                throw JSONError(reason: .unexpectedToken, offset: -1)
            }
            while case .key(let key) = try scanner.next() {
                let start = scanner.position
                let token = try scanner.next()
                try scanner.skipRest(of: token)
                let place = post.withoutBlanks(start..<scanner.position)
                fields.note(key, token, place, in: post, of: path)
            }
            _ = try scanner.next()
        } catch {
            guard error.offset >= 0 else { throw .init(PostRefusal(.notAnObject)) }
            throw .init(PostRefusal(.notJSON, syntax: error))
        }
        return fields
    }

    private mutating func note(
        _ key: Range<Int>, _ token: JSONToken, _ place: Range<Int>, in post: Span<UInt8>,
        of path: PostPath
    ) {
        guard let field = Self.field(post.extracting(key), of: path) else {
            if unknown == nil { unknown = (key, place) }
            return
        }
        guard found[Int(field.rawValue)] == nil else {
            if repeated == nil { repeated = (field, place) }
            return
        }
        let value: Value =
            switch token {
            case .string(let range): .string(range)
            case .number(let range): .number(range)
            case .null: .null
            case .boolean: .boolean
            case .beginObject, .beginArray, .endObject, .endArray, .key, .end: .nested
            }
        found[Int(field.rawValue)] = Found(value: value, place: place)
    }

    private static func fields(of path: PostPath) -> ClosedRange<UInt8> {
        switch path {
        case .patientStats: PostField.patient.rawValue...PostField.bloodPressureDiastolic.rawValue
        case .errorMessage: PostField.statusCode.rawValue...PostField.errorMessage.rawValue
        }
    }

    /// The field with this name, which stands between quotes.
    private static func field(_ name: Span<UInt8>, of path: PostPath) -> PostField? {
        for index in name.indices where name[index] == UInt8(ascii: "\\") {
            // Escapes are rare; a name with half a character is no field's.
            guard let text = String(jsonString: name) else { return nil }
            let plain = Array(text.utf8)
            return plainField(plain.span, of: path)
        }
        return plainField(name, of: path)
    }

    private static func plainField(_ name: Span<UInt8>, of path: PostPath) -> PostField? {
        for number in fields(of: path) {
            guard let field = PostField(rawValue: number), let known = field.name else { continue }
            if name.isEqual(to: known) { return field }
        }
        return nil
    }
}

extension PostRefusal {
    /// A refusal on its way out of a function.
    struct Thrown: Error {
        let refusal: PostRefusal

        init(_ refusal: PostRefusal) { self.refusal = refusal }
    }
}

extension Span<UInt8> {
    /// The range without JSON's white space at its ends (RFC 8259 section 2).
    func withoutBlanks(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isBlank(start) { start += 1 }
        while end > start, isBlank(end - 1) { end -= 1 }
        return start..<end
    }

    private func isBlank(_ place: Int) -> Bool {
        switch self[place] {
        case 0x20, 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
