/// The server of the LAN: `[http]`.
public struct HTTPSettings: Equatable, Sendable {
    /// Whether measurements are taken from other devices: the key `ingest`.
    public enum Ingest: String, CaseIterable, Sendable { case off, on }

    public var listen: ListenAddress
    /// nil: only on this machine, and whoever is there may ask.
    public var tokenFile: String?
    public var connections: Int
    public var connectionsPerAddress: Int
    public var ingest: Ingest
    /// Whether metrics say heart rates.
    public var metricsHeartRate: Bool
}

/// A numeric address with its port: `127.0.0.1:8080`, `[::1]:8080`.
public struct ListenAddress: Equatable, Sendable {
    /// Without the brackets of an IPv6 address.
    public let host: String
    /// 0: a free one.
    public let port: UInt16

    /// nil when `text` is no such address.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit), let port = UInt16(digits) else {
            return nil
        }
        let place = text[..<colon]
        if place.hasPrefix("["), place.hasSuffix("]") {
            let address = place.dropFirst().dropLast()
            let isHex = address.utf8.allSatisfy {
                isLetterOrDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
            guard address.contains(":"), isHex else { return nil }
            host = String(address)
        } else {
            let parts = place.split(separator: ".", omittingEmptySubsequences: false)
            let isQuad = parts.allSatisfy { part in
                part.utf8.allSatisfy(isDigit) && UInt8(part) != nil
            }
            guard parts.count == 4, isQuad else { return nil }
            host = String(place)
        }
        self.port = port
    }

    /// Nobody but this machine reaches it: 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1 (RFC
    /// 4291 section 2.5.3).
    public var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
}

extension ConfigurationBuilder {
    /// nil without the section.
    mutating func buildHTTP() -> HTTPSettings? {
        guard hasSection(.http) else { return nil }
        return read(.http) { section in
            let text = section.text("listen") ?? ""
            let listen = ListenAddress(text)
            if listen == nil, !text.isEmpty {
                section.refuse(
                    "listen", "is no numeric address with a port",
                    remedy: "write `127.0.0.1:8080`, `[::1]:8080` or `0.0.0.0:8080`")
            }
            let tokenFile = section.text("token_file")
            if let listen, !listen.isLoopback, !section.isPlaced("token_file") {
                section.refuse(
                    "listen", "lets the whole network in, and there is no `token_file`",
                    remedy: "add `token_file = FILE`, or write `127.0.0.1:\(listen.port)`")
            }
            let connections = section.number("connections")
            var perAddress = max(2, connections / 4)
            if case .number(let most) = section.written("connections_per_address") {
                perAddress = most
            }
            if perAddress > connections && connections > 0 {
                section.refuse(
                    "connections_per_address", "is above `connections`, which is \(connections)",
                    remedy: "write a number from 2 to \(connections)")
            }
            return HTTPSettings(
                listen: listen ?? ListenAddress(loopbackPort: 0), tokenFile: tokenFile,
                connections: Int(connections), connectionsPerAddress: Int(perAddress),
                ingest: section.text("ingest").flatMap { .init(rawValue: $0) } ?? .off,
                metricsHeartRate: section.flag("metrics_heart_rate"))
        }
    }
}

extension ListenAddress {
    /// A stand-in where the setting is faulty, which is reported.
    fileprivate init(loopbackPort port: UInt16) {
        host = "127.0.0.1"
        self.port = port
    }
}
