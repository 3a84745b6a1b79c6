public import Linux

/// The client can not do its part: the set-up was refused, or the kernel gave no descriptor.
/// What happens to a request on its way is an `HTTPSFailure`.
public enum HTTPSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kernel refused a poller, a timer or a watch.
    case system(SystemError)
    /// libcurl refused: its code and its words for it.
    case library(code: Int32, reason: String)
    /// The text is no URL with a host.
    case malformedURL
    /// Neither `https:`, nor `http:` to a loopback address where that is allowed.
    case insecureURL
    /// A user name or password inside the URL would end in logs.
    case credentialsInURL

    public var description: String {
        switch self {
        case .system(let error): error.description
        case .library(let code, let reason): "libcurl: \(reason) (\(code))"
        case .malformedURL: "not a URL with a host name"
        case .insecureURL: "the URL must begin with https: (http: only to a loopback address)"
        case .credentialsInURL: "the URL must not carry a user name or password"
        }
    }
}
