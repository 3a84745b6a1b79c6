internal import Bytes

/// A run of bytes in a buffer beside the list that names it.
struct Slice: BitwiseCopyable {
    var start: Int
    var count: Int

    var range: Range<Int> { start..<start + count }
}

/// A name of the query or a header's name, with its value.
struct Field: BitwiseCopyable {
    /// Where the value comes from: out of the text, or from the signer at each signature.
    enum Value: BitwiseCopyable {
        case text(Slice)
        case contentHash, date, sessionToken
    }

    var name: Slice
    var value: Value
}

/// Names and values in the order that they are signed in. They are sorted as they are added,
/// once for all the signatures that follow.
///
/// Invariant: fields are in byte order of their names; `text` holds what they point at.
struct SortedFields: ~Copyable {
    var text: FixedBuffer
    private(set) var fields: FixedArray<Field>

    init(bytes: Int, fields count: Int) {
        text = FixedBuffer(capacity: bytes)
        fields = FixedArray(capacity: count)
    }

    mutating func removeAll() {
        text.removeAll()
        fields.removeAll()
    }

    /// Puts `field` behind all fields that do not come after it: repeated names keep the order
    /// in which they were given, unless `byValue` says that values decide between them.
    mutating func insert(_ field: Field, byValue: Bool) {
        var index = fields.count
        fields.append(field)
        while index > 0, precedes(field, fields[index - 1], byValue: byValue) {
            fields[index] = fields[index - 1]
            index -= 1
        }
        fields[index] = field
    }

    /// Names first and only then values: "a=1" comes before "a-b=0", although "-" sorts before
    /// "=".
    private func precedes(_ one: Field, _ other: Field, byValue: Bool) -> Bool {
        let bytes = text.bytes
        let order = bytes.extracting(one.name.range)
            .order(against: bytes.extracting(other.name.range))
        guard order == 0, byValue, case .text(let value) = one.value,
            case .text(let otherValue) = other.value
        else { return order < 0 }
        return bytes.extracting(value.range)
            .order(against: bytes.extracting(otherValue.range)) < 0
    }

    /// Whether the field before `index` has the same name.
    func repeatsName(at index: Int) -> Bool {
        guard index > 0 else { return false }
        let bytes = text.bytes
        return bytes.extracting(fields[index].name.range)
            .isEqual(to: bytes.extracting(fields[index - 1].name.range))
    }
}
