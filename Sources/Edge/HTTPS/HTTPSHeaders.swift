internal import Bytes
internal import CCurl

/// Why a header line was not taken.
public enum HTTPSHeaderError: Error, Equatable, Sendable {
    /// The line does not fit in the limits.
    case full
    /// The value has a byte that could end the line or the text: RFC 9110 section 5.5 allows
    /// visible characters, space, tab and bytes from 0x80.
    case forbiddenByte
}

/// The header lines of a request, rewritten in place for every request.
///
/// libcurl reads them as a `curl_slist`, whose own functions allocate each line. So the nodes
/// are an array here, the text is one buffer, and libcurl neither makes nor frees either. A
/// value that could smuggle in a second line is refused.
///
/// Invariant: `starts` are the offsets of the lines in `text`; each line ends in NUL.
@safe
public struct HTTPSHeaders: ~Copyable {
    // A line without value tells libcurl to leave out the header that it would add: a server is
    // asked for what the caller asks for, and a large body does not wait for `100 Continue`.
    private static let suppressed: InlineArray<3, StaticString> = [
        "Accept:", "Content-Type:", "Expect:",
    ]

    private var text: FixedBuffer
    private var starts: FixedArray<Int>
    private let nodes: UnsafeMutablePointer<curl_slist>
    private let constantBytes: Int

    init(bytes: Int, lines: Int) {
        let constants = Self.suppressed
        var length = 0
        for index in constants.indices { length += constants[index].utf8CodeUnitCount + 1 }
        text = FixedBuffer(capacity: length + bytes)
        starts = FixedArray(capacity: constants.count + lines)
        unsafe nodes = .allocate(capacity: constants.count + lines)
        for index in constants.indices {
            starts.append(text.count)
            text.append(constants[index])
            text.append(0)
        }
        constantBytes = length
    }

    deinit { unsafe nodes.deallocate() }

    /// Takes all lines away.
    public mutating func removeAll() {
        text.truncate(to: constantBytes)
        starts.truncate(to: Self.suppressed.count)
    }

    /// Appends the line `name: value`.
    public mutating func append(
        _ name: StaticString, _ value: Span<UInt8>
    ) throws(HTTPSHeaderError) {
        for index in value.indices where !Self.isAllowed(value[index]) {
            throw .forbiddenByte
        }
        let mark = begin(name, isEmpty: value.isEmpty)
        text.append(value)
        try end(at: mark)
    }

    /// Appends the line `name: value`.
    public mutating func append(
        _ name: StaticString, _ value: StaticString
    ) throws(HTTPSHeaderError) {
        let mark = begin(name, isEmpty: value.utf8CodeUnitCount == 0)
        let start = text.count
        text.append(value)
        for index in start..<text.count where !Self.isAllowed(text.bytes[index]) {
            text.truncate(to: mark)
            throw .forbiddenByte
        }
        try end(at: mark)
    }

    /// Links the nodes and answers the first. It is valid until the lines change or end.
    @unsafe
    func link() -> UnsafeMutablePointer<curl_slist> {
        let count = starts.count
        unsafe text.bytes.withUnsafeBufferPointer { bytes in
            // libcurl does not write: `data` is not const because curl_slist_append owns it.
            let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress)
            for index in 0..<count {
                let next = index + 1 < count ? unsafe nodes + index + 1 : nil
                let data = unsafe UnsafeMutableRawPointer(base).map { unsafe $0 + starts[index] }
                unsafe (nodes + index).initialize(
                    to: curl_slist(data: data?.assumingMemoryBound(to: CChar.self), next: next))
            }
        }
        return unsafe nodes
    }

    /// Writes what stands before the value; answers where the line began. libcurl takes `name;`
    /// for a header with an empty value, because `name:` means to leave one out.
    private mutating func begin(_ name: StaticString, isEmpty: Bool) -> Int {
        let mark = text.count
        text.append(name)
        for index in mark..<text.count {
            precondition(Self.isToken(text.bytes[index]), "a header name is a token of RFC 9110")
        }
        text.append(isEmpty ? ";" : ": ")
        return mark
    }

    private mutating func end(at mark: Int) throws(HTTPSHeaderError) {
        text.append(0)
        guard !text.overflowed, !starts.isFull else {
            text.truncate(to: mark)
            throw .full
        }
        starts.append(mark)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    /// `tchar` of RFC 9110 section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
