/// The address of a service: `https://HOST` or `https://HOST:PORT`, without a path.
public struct Endpoint: Equatable, Sendable {
    /// `https` or `http`, `://`, and the host with its port.
    public let url: String
    /// HTTPS, not plain HTTP.
    public let usesTLS: Bool
    /// `HOST` or `HOST:PORT` as it stands in the URL, for the header `Host`.
    public let authority: String
    /// Without the port and without the brackets of an IPv6 address.
    public let host: String

    /// nil when `text` is no such address. One slash at the end is dropped.
    public init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("https://") {
            usesTLS = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            usesTLS = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        authority = String(rest.hasSuffix("/") ? rest.dropLast() : rest)
        guard let host = Self.host(of: authority) else { return nil }
        self.host = host
        url = (usesTLS ? "https://" : "http://") + authority
    }

    /// An address with a path, which is `/` when there is none; nil when `text` is no such
    /// address. The path is sent as it stands, so it has visible ASCII without `#` only.
    static func split(_ text: String) -> (Endpoint, path: String)? {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[slash...]
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            let endpoint = Endpoint(String(text[..<slash]))
        else { return nil }
        return (endpoint, path.isEmpty ? "/" : String(path))
    }

    /// `localhost`, 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1 (RFC 4291 section 2.5.3).
    public var isLoopback: Bool {
        if host.lowercased() == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil }
    }

    /// The host of `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; nil for anything else.
    private static func host(of authority: String) -> String? {
        var host = authority[...]
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let isAddress = host.utf8.allSatisfy {
                isDigit($0) || ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "f"))
                    || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
            let behind = authority[authority.index(after: close)...]
            guard isAddress, host.contains(":"), behind.isEmpty || isPort(behind) else {
                return nil
            }
            return String(host)
        }
        if let colon = authority.firstIndex(of: ":") {
            guard isPort(authority[colon...]) else { return nil }
            host = authority[..<colon]
        }
        // 253 is the longest name that DNS takes in text (RFC 1035 section 2.3.4).
        guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isHostCharacter),
            !host.hasPrefix("-"), !host.hasPrefix(".")
        else { return nil }
        return String(host)
    }

    /// `:1` to `:65535`.
    private static func isPort(_ text: Substring) -> Bool {
        guard text.hasPrefix(":") else { return false }
        let digits = text.dropFirst()
        guard digits.utf8.allSatisfy(isDigit), let port = UInt16(digits) else { return false }
        return port > 0
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

/// A letter or a digit of ASCII.
func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
}
