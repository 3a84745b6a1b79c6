internal import Bytes
internal import Linux

/// Asks whether a bus is alive before libdbus connects to it.
///
/// libdbus's connect(2) waits for ever while the queue of a listener is full, as it gets when the
/// bus hangs and every attempt leaves an entry in it. So a socket of our own goes first, which
/// never waits: a bus that answers it takes connections now.
struct BusProbe: ~Copyable {
    private let socket: FileDescriptor

    /// Connects and asks for the ways of authentication (D-Bus specification, "Authentication
    /// Protocol"): a NUL, then AUTH alone, which every bus answers with REJECTED.
    init(_ address: BusAddress) throws(SystemError) {
        let socket = try UnixSocket.connect(to: address.socket)
        var question = FixedBuffer(capacity: 8)
        question.append("\0AUTH\r\n")
        try socket.write(question.bytes, subject: "bus")
        self.socket = socket
    }

    var number: Int32 { socket.number }

    /// Whether the bus has said anything; nil: not yet.
    func isAlive() -> Bool? {
        var answer = FixedBuffer(capacity: 64)
        do throws(SystemError) {
            return try socket.read(atMost: 64, into: &answer, subject: "bus").map { $0 > 0 }
        } catch {
            return false
        }
    }
}
