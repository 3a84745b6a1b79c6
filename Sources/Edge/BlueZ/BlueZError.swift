public import Linux

/// The client can not do its part: the kernel gave no descriptor, or refused a watch. What
/// happens on the bus is a `BluetoothEvent`.
public enum BlueZError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kernel refused a poller, a timer or a watch.
    case system(SystemError)
    /// The bus's address is none that can be opened without waiting: `unix:path=…` or
    /// `unix:abstract=…`, several with `;` between them.
    case unsupportedAddress(String)

    public var description: String {
        switch self {
        case .system(let error): error.description
        case .unsupportedAddress(let address):
            "\(address): the address of the bus must be unix:path=… or unix:abstract=…"
        }
    }
}

/// Why the bus connection ended or could not be opened: for logs.
public enum BusClosure: Equatable, Sendable, CustomStringConvertible {
    /// Nobody listens at the address, or its queue is full.
    case unreachable(SystemError)
    /// libdbus could not open it: the name of its error.
    case refused(String)
    /// It was not open within `BlueZClient.openSecondsMax`.
    case timedOut
    /// The bus went away, or said something that is no D-Bus.
    case ended
    /// `close` was called.
    case closed

    public var description: String {
        switch self {
        case .unreachable(let error): error.description
        case .refused(let name): "the bus refuses: \(name)"
        case .timedOut: "the bus did not answer within \(BlueZClient.openSecondsMax) s"
        case .ended: "the bus closed the connection"
        case .closed: "closed"
        }
    }
}
