import Bytes
import LibCrypto
import LocalHTTP
import SigV4

/// Who may ask for what.
///
/// With a token: who shows it, as a bearer token (RFC 6750) or by the cookie that it was
/// exchanged for. Without one the server is on this machine alone, and so is whoever reaches it,
/// except for pages of other sites in a browser here. Those are kept out by the name that they
/// came under (a name of theirs that points to 127.0.0.1 is in `Host`), and by `Origin`.
struct Admission {
    enum Verdict {
        case admitted
        /// Why not; `isWrong`: a token was shown, and it was another.
        case refused(HTTPProblem, isWrong: Bool)
    }

    static let cookieName: StaticString = "pulsegate"

    private let token: [UInt8]?
    /// What the cookie says: made of the token, so that it is good for as long as that is, on
    /// every start; and the token cannot be made of it.
    let cookie: String?
    private let names: [String]

    /// `host` is the address that is listened at.
    init(token: [UInt8]?, host: String) {
        self.token = token
        cookie = token.map { Self.cookie(of: $0) }
        names = ["localhost", "127.0.0.1", "[::1]", host.contains(":") ? "[\(host)]" : host]
    }

    var needsToken: Bool { token != nil }

    /// Whether a request with these fields may pass. `Host` and `Origin` are looked at for every
    /// route, the token where there is data.
    func judge(_ exchange: HTTPExchange, needsToken: Bool) -> Verdict {
        let host = exchange.header("Host")?.lowercased() ?? ""
        if token == nil, !names.contains(Self.name(of: host)) {
            return .refused(
                HTTPProblem(.forbidden, "the Host field names another machine"), isWrong: false)
        }
        let changes = exchange.method != "GET" && exchange.method != "HEAD"
        if changes, let origin = exchange.header("Origin")?.lowercased(),
            origin != "http://\(host)" && origin != "https://\(host)"
        {
            return .refused(
                HTTPProblem(.forbidden, "a page of another origin may not do this"),
                isWrong: false)
        }
        guard needsToken, token != nil else { return .admitted }
        return judgeToken(exchange)
    }

    private func judgeToken(_ exchange: HTTPExchange) -> Verdict {
        let refusal = HTTPProblem(.unauthorized, "this takes the gateway's token")
        if let field = exchange.header("Authorization") {
            let words = field.split(separator: " ")
            let isBearer = words.count == 2 && words[0].lowercased() == "bearer"
            if isBearer, knows(Array(words[1].utf8)) { return .admitted }
            return .refused(refusal, isWrong: true)
        }
        if let shown = exchange.cookie(Self.cookieName) {
            if let cookie, Self.isSame(Array(shown.utf8), Array(cookie.utf8)) { return .admitted }
            return .refused(refusal, isWrong: true)
        }
        return .refused(refusal, isWrong: false)
    }

    /// Whether this is the token; it takes as long for any.
    func knows(_ shown: [UInt8]) -> Bool { token.map { Self.isSame(shown, $0) } ?? false }

    private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        // Their digests, which have one length: how much is alike cannot be seen by the clock.
        LibCrypto.sha256(one.span) == LibCrypto.sha256(other.span)
    }

    /// `Host` without the port.
    private static func name(of host: String) -> String {
        let isAddress = host.hasPrefix("[")
        let end = isAddress ? host.firstIndex(of: "]").map { host.index(after: $0) } : nil
        let colon = host[(end ?? host.startIndex)...].firstIndex(of: ":") ?? host.endIndex
        return String(host[..<colon])
    }

    private static func cookie(of token: [UInt8]) -> String {
        let message = Array("pulsegate session 1".utf8)
        var hmac = HMACSHA256(messageLimit: message.count, sha256: LibCrypto.sha256Function)
        var text = FixedBuffer(capacity: 2 * SHA256Digest.byteCount)
        text.append(hex: hmac.code(key: token.span, message: message.span).bytes)
        return String(decoding: text.bytes)
    }
}
