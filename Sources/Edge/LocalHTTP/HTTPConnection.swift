/// A client's connection and its deadline. libmicrohttpd bounds how long one may be without any
/// progress; a client that sends a byte now and then gets past that and not past this.
@safe
final class HTTPConnection {
    /// `MHD_Connection`: alive while this object is in the server's list.
    let handle: OpaquePointer
    /// When the server loses its patience (monotonic nanoseconds); nil: never.
    var deadline: Int64?
    /// The server has lost it: whatever is asked for on its behalf ends it.
    var isCut = false
    /// The request under way.
    weak var exchange: HTTPExchange?

    init(handle: OpaquePointer, deadline: Int64) {
        unsafe self.handle = handle
        self.deadline = deadline
    }
}
