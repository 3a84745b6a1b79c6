public import Bytes
internal import CMicroHTTPD

/// One request and its answer.
///
/// The server hands it to the route when the header is there. The route answers, at once or
/// later; or it calls `receive()`, and gets the exchange again with its body. Whoever keeps it
/// for a later answer may answer at any time: when the client has gone, that does nothing.
@safe
public final class HTTPExchange {
    enum Phase { case head, receiving, body, answered, finished }

    /// The longest body that is read only to be thrown away, so that the client, which sends
    /// first and reads then, sees the refusal; with a longer one it finds the connection closed.
    static let discardBytesMax = 1 << 20

    public let method: String
    /// Without the query, percent-encoding taken away.
    public let path: String
    /// What `Content-Length` says; nil without one.
    public let contentLength: Int?

    unowned let server: HTTPServer
    let link: HTTPConnection
    var phase = Phase.head
    /// libmicrohttpd's first call for the request has returned.
    var hasBegun = false
    var isSuspended = false
    var discarded = 0
    /// An answer that is there and is to go out at this time (monotonic nanoseconds).
    var heldUntil: Int64?
    var stream: (any HTTPStream)?
    private(set) var status = HTTPStatus.ok
    private var isGivenUp = false
    private var body: PooledBuffer?
    private var pooled: PooledBuffer?
    private var short: FixedBuffer?
    private var document: HTTPDocument?
    /// `MHD_Response`: owned.
    private var response: OpaquePointer?

    init(server: HTTPServer, link: HTTPConnection, method: String, path: String) {
        self.server = server
        self.link = link
        self.method = method
        self.path = path
        let length = unsafe Self.value("Content-Length", pulsegate_http_header, link)
        contentLength = length.flatMap { Int($0) }
    }

    deinit { if let response = unsafe response { unsafe MHD_destroy_response(response) } }

    // MARK: The request

    /// The connection is there: an answer can reach the client.
    public var isOpen: Bool { phase != .finished }

    /// The body is here as a whole.
    public var hasReceived: Bool { phase == .body }

    /// A body follows the header.
    public var announcesBody: Bool {
        (contentLength ?? 0) > 0 || header("Transfer-Encoding") != nil
    }

    /// The first field of this name; nil without one.
    public func header(_ name: StaticString) -> String? {
        isOpen ? unsafe Self.value(name, pulsegate_http_header, link) : nil
    }

    /// An argument of the query, decoded (`+` is a blank, as in forms); nil without one.
    public func query(_ name: StaticString) -> String? {
        isOpen ? unsafe Self.value(name, pulsegate_http_query, link) : nil
    }

    public func cookie(_ name: StaticString) -> String? {
        isOpen ? unsafe Self.value(name, pulsegate_http_cookie, link) : nil
    }

    @unsafe
    private static func value(
        _ name: StaticString,
        _ find: (OpaquePointer?, UnsafePointer<CChar>?) -> UnsafePointer<CChar>?,
        _ link: HTTPConnection
    ) -> String? {
        let key = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        return unsafe find(link.handle, key).map { unsafe String(cString: $0) }
    }

    /// Asks for the body: the route is called again when it is there. One that is too long, or
    /// has no place, is refused here, and the answer is false.
    @discardableResult
    public func receive() -> Bool {
        precondition(phase == .head, "a body is asked for once, before the answer")
        guard (contentLength ?? 0) <= server.bodies.bytesEach else {
            refuseLength()
            return false
        }
        guard let buffer = server.bodies.take() else {
            answer(
                HTTPProblem(.unavailable, "too many bodies are being received at once"),
                fields: [("Retry-After", "1")])
            return false
        }
        body = buffer
        phase = .receiving
        server.awaitBody(self)
        return true
    }

    private func refuseLength() {
        answer(
            HTTPProblem(
                .contentTooLarge, "a body has at most \(server.bodies.bytesEach) bytes"))
    }

    /// Lends the body.
    public func withBody<Result>(_ use: (Span<UInt8>) -> Result) -> Result {
        guard let body else { return use(Span()) }
        return body.bytes.withBytes { use($0) }
    }

    /// A piece of the body has come.
    func take(_ bytes: Span<UInt8>) {
        guard let body else { return }
        body.bytes.append(bytes)
        if body.bytes.overflowed {
            giveBackBody()
            refuseLength()
        }
    }

    // MARK: The answer

    /// The answer, if one is there, goes out `nanoseconds` later: wrong tokens are slow to try.
    public func hold(until time: Int64) { heldUntil = time }

    /// Answers with what `write` appends.
    public func answer(
        _ status: HTTPStatus = .ok, contentType: String, fields: [(String, String)] = [],
        _ write: (inout FixedBuffer) -> Void
    ) {
        guard mayAnswer else { return }
        guard let buffer = server.answers.take() else {
            return answer(
                HTTPProblem(.unavailable, "too many answers are on their way"),
                fields: [("Retry-After", "1")])
        }
        write(&buffer.bytes)
        guard !buffer.bytes.overflowed else {
            server.answers.giveBack(buffer)
            return answer(HTTPProblem(.serverError, "the answer has no room"))
        }
        pooled = buffer
        buffer.bytes.withBytes { unsafe respond(status, with: $0) }
        finishAnswer([("Content-Type", contentType), ("Cache-Control", "no-store")] + fields)
    }

    /// Answers with a few words.
    public func answer(
        _ status: HTTPStatus, text: String, contentType: String = "text/plain; charset=utf-8",
        fields: [(String, String)] = []
    ) {
        guard mayAnswer else { return }
        keep(text)
        short?.withBytes { unsafe respond(status, with: $0) }
        finishAnswer([("Content-Type", contentType), ("Cache-Control", "no-store")] + fields)
    }

    /// Answers with a problem (RFC 9457).
    public func answer(_ problem: HTTPProblem, fields: [(String, String)] = []) {
        answer(
            problem.status, text: problem.text, contentType: "application/problem+json",
            fields: fields)
    }

    /// Answers with a document, in gzip where the client takes it; or says that the client's own
    /// is still good (RFC 9110 section 13.1.2).
    public func answer(_ document: HTTPDocument) {
        guard mayAnswer else { return }
        self.document = document
        let isKnown = header("If-None-Match").map { Self.lists($0, document.tag) } ?? false
        var fields = [
            ("Content-Type", document.contentType), ("ETag", document.tag),
            ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"),
        ]
        if isKnown {
            unsafe respond(.notModified, with: Span())
        } else if takesGzip, document.gzip != nil {
            document.gzip?.withBytes { unsafe respond(.ok, with: $0) }
            fields.append(("Content-Encoding", "gzip"))
        } else {
            document.plain.withBytes { unsafe respond(.ok, with: $0) }
        }
        finishAnswer(fields + document.fields)
    }

    /// Answers with what `stream` makes.
    public func answer(
        stream: any HTTPStream, contentType: String, fields: [(String, String)] = []
    ) {
        guard mayAnswer else { return stream.ended() }
        self.stream = stream
        status = .ok
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe response = MHD_create_response_from_callback(
            UInt64.max, Self.pieceBytes, onPiece, context, nil)
        finishAnswer([("Content-Type", contentType), ("Cache-Control", "no-store")] + fields)
    }

    /// A stream that waits has more.
    public func resume() {
        guard phase == .answered, stream != nil, isSuspended else { return }
        server.resume(self)
    }

    // MARK: Inside the server

    /// Memory that libmicrohttpd takes for a piece.
    private static let pieceBytes = 8 << 10

    /// Answers in the place of a route that has not: what it says later does nothing.
    func giveUp() {
        answer(
            HTTPProblem(.unavailable, "no answer in time"), fields: [("Retry-After", "1")])
        isGivenUp = true
    }

    private var mayAnswer: Bool {
        guard isOpen, !isGivenUp else { return false }
        precondition(phase != .answered, "a request is answered once")
        return true
    }

    private var takesGzip: Bool {
        guard let field = header("Accept-Encoding") else { return false }
        return field.split(separator: ",").contains { part in
            let words = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            return words.first?.lowercased() == "gzip"
                && !words.dropFirst().contains { $0 == "q=0" || $0.hasPrefix("q=0.000") }
        }
    }

    private static func lists(_ field: String, _ tag: String) -> Bool {
        field.split(separator: ",").contains { part in
            let one = part.drop { $0 == " " }
            return one == "*" || one == tag[...] || one == "W/\(tag)"
        }
    }

    private func keep(_ text: String) {
        var buffer = FixedBuffer(capacity: max(1, text.utf8.count))
        buffer.append(text: text)
        short = consume buffer
    }

    /// Makes the response of bytes that stay where they are until `finish`.
    @unsafe
    private func respond(_ status: HTTPStatus, with bytes: Span<UInt8>) {
        self.status = status
        unsafe bytes.withUnsafeBytes { source in
            unsafe response = pulsegate_http_response(source.baseAddress, source.count)
        }
    }

    private func finishAnswer(_ fields: [(String, String)]) {
        if let response = unsafe response {
            for (name, value) in fields + [("X-Content-Type-Options", "nosniff")] {
                unsafe MHD_add_response_header(response, name, value)
            }
        }
        phase = .answered
        giveBackBody()
        server.answered(self)
    }

    /// Hands the answer to libmicrohttpd; false when it takes none.
    func queueResponse() -> Bool {
        guard let response = unsafe response else { return false }
        let result = unsafe MHD_queue_response(link.handle, status.rawValue, response)
        return pulsegate_http_is_yes(result) != 0
    }

    /// The connection has no more use for any of it.
    func finish() {
        guard phase != .finished else { return }
        phase = .finished
        giveBackBody()
        if let pooled { server.answers.giveBack(pooled) }
        pooled = nil
        document = nil
        stream?.ended()
        stream = nil
    }

    private func giveBackBody() {
        if let body { server.bodies.giveBack(body) }
        body = nil
    }

    /// Fills a piece; the answer is what libmicrohttpd wants to hear: bytes, 0 with the
    /// connection suspended, -1 at the end, -2 for a failure.
    fileprivate func fill(_ base: UnsafeMutableRawPointer, _ capacity: Int) -> Int {
        guard let stream, !link.isCut else { return -2 }
        var piece = unsafe HTTPPiece(base: base, capacity: capacity)
        let state = stream.next(into: &piece)
        link.deadline = stream.deadline
        if piece.count > 0 { return piece.count }
        switch state {
        case .end: return -1
        case .failed: return -2
        case .more, .waiting:
            server.suspend(self)
            return 0
        }
    }
}

/// `MHD_ContentReaderCallback`
private func onPiece(
    _ context: UnsafeMutableRawPointer?, _: UInt64, _ target: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int {
    guard let context = unsafe context, let target = unsafe target else { return -2 }
    return unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
        .fill(UnsafeMutableRawPointer(target), capacity)
}
