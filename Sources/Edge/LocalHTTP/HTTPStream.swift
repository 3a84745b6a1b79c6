/// An answer that is made while it is sent: lines from the card, events.
///
/// The server asks for a piece whenever the client has taken the last one, so no more than a
/// piece is in memory, and a client that takes nothing costs nothing but its place.
public protocol HTTPStream: AnyObject {
    /// Appends what there is, as much as fits, and says how it goes on. It is called from the
    /// server's turn, so it must not wait, and not call the server.
    func next(into piece: inout HTTPPiece) -> HTTPStreamState
    /// The client has it all, or has gone: no call comes behind this one.
    func ended()
    /// When it must have been taken as a whole (monotonic nanoseconds); nil: it has no end.
    var deadline: Int64? { get }
}

/// How a streamed answer goes on.
public enum HTTPStreamState: Equatable, Sendable {
    /// There is more, now or when this piece has gone. With an empty piece it waits.
    case more
    /// Nothing more before `HTTPExchange.resume()`.
    case waiting
    /// This was the last piece.
    case end
    /// It cannot be completed: the connection is closed in the middle, so that the client knows.
    case failed
}

/// Room for a piece of a streamed answer, in the memory of libmicrohttpd.
@safe
public struct HTTPPiece: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    public private(set) var count = 0

    init(base: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.base = base
        self.capacity = capacity
    }

    /// Bytes that still fit.
    public var room: Int { capacity - count }

    /// Appends all of `bytes`, which fit.
    public mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= room, "a piece is given what it has room for")
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: start, byteCount: source.count)
        }
        count += bytes.count
    }
}
