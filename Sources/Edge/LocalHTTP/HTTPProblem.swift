internal import Bytes

/// Why a request is refused, as problem details (RFC 9457):
///
/// ```
/// {"type":"about:blank","title":"Unprocessable Content","status":422,
///  "detail":"heart_rate is above 300","pointer":"/heart_rate"}
/// ```
public struct HTTPProblem: Equatable, Sendable {
    public var status: HTTPStatus
    /// In words for who made the request.
    public var detail: String
    /// The place in the body that it is about (RFC 6901).
    public var pointer: String?

    public init(_ status: HTTPStatus, _ detail: String, pointer: String? = nil) {
        self.status = status
        self.detail = detail
        self.pointer = pointer
    }

    /// As JSON.
    public var text: String {
        var text =
            "{\"type\":\"about:blank\",\"title\":\"\(status.title)\",\"status\":\(status.rawValue)"
            + ",\"detail\":\(Self.quoted(detail))"
        if let pointer { text += ",\"pointer\":\(Self.quoted(pointer))" }
        return text + "}\n"
    }

    /// What came from a client may be in it: cut, and escaped.
    private static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(512))
        // A byte becomes six at most (`\u001F`), and there are two quotes.
        var buffer = FixedBuffer(capacity: 6 * bytes.count + 2)
        buffer.append(jsonString: bytes.span)
        return String(decoding: buffer.bytes)
    }
}
