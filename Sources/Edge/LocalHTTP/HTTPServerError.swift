public import Linux

/// Why there is no server.
public enum HTTPServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The address cannot be listened at, or libmicrohttpd's descriptor cannot be had.
    case system(SystemError)
    /// libmicrohttpd does not start; it does not say why.
    case library

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .library: "libmicrohttpd does not start"
        }
    }
}
