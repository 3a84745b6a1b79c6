internal import Bytes

/// How a path becomes canonical. It is always given as it stands in the request line.
public enum PathForm: Equatable, Sendable {
    /// Every service but S3: empty and "." segments vanish, ".." takes the segment before it
    /// along, and what is left is percent-encoded, so that what was encoded before is encoded
    /// twice: "/a%20b" is signed as "/a%2520b".
    case normalized
    /// S3, where "//" and ".." are part of an object's name: byte for byte.
    case verbatim
}

extension FixedBuffer {
    /// Appends the canonical form of `path`; an empty one means "/".
    ///
    /// A trailing slash stays where it was given, and only there: "/a/.." becomes "/" and
    /// "/a/b/.." becomes "/a", without the slash that RFC 3986 section 5.2.4 would leave.
    mutating func append(
        canonicalPath path: Span<UInt8>, form: PathForm
    ) throws(SigningError) {
        guard path.count > 0 else {
            append(UInt8(ascii: "/"))
            return
        }
        guard path[0] == UInt8(ascii: "/") else { throw .malformed(.path) }
        for index in path.indices {
            let byte = path[index]
            let endsPath = byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
            let isBareBlank = byte == UInt8(ascii: " ") && form == .verbatim
            guard !isControl(byte), !endsPath, !isBareBlank else { throw .malformed(.path) }
        }
        switch form {
        case .normalized: append(normalizing: path)
        case .verbatim: append(path)
        }
    }

    private mutating func append(normalizing path: Span<UInt8>) {
        let start = count
        var segmentStart = 1
        for index in 1...path.count
        where index == path.count || path[index] == UInt8(ascii: "/") {
            let segment = path.extracting(segmentStart..<index)
            segmentStart = index + 1
            if segment.count == 0 || segment.isEqual(to: ".") { continue }
            if segment.isEqual(to: "..") {
                removeSegment(after: start)
            } else {
                append(UInt8(ascii: "/"))
                append(percentEncoding: segment)
            }
        }
        if count == start || path[path.count - 1] == UInt8(ascii: "/") {
            append(UInt8(ascii: "/"))
        }
    }

    /// Takes the last "/segment" back, if there is one.
    private mutating func removeSegment(after start: Int) {
        var end = count
        while end > start {
            end -= 1
            if bytes[end] == UInt8(ascii: "/") { break }
        }
        truncate(to: end)
    }
}
