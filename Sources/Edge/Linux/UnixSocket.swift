public import Bytes
internal import CLinux
internal import Glibc

/// Stream and packet sockets of this machine (unix(7)).
public enum UnixSocket {
    /// Where a socket listens.
    public enum Name: Equatable, Sendable {
        /// A path of the file system.
        case path(String)
        /// A name of the abstract namespace, without its leading NUL.
        case abstract(String)

        var text: String {
            switch self {
            case .path(let text), .abstract(let text): text
            }
        }
    }

    /// Connects a stream socket and never waits: a listener whose queue is full, as it is when
    /// its process has stopped, is an error (EAGAIN).
    public static func connect(to name: Name) throws(SystemError) -> FileDescriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard let length = fill(&address, with: name) else {
            throw SystemError(call: "connect", subject: name.text, number: ENAMETOOLONG)
        }
        let socket = FileDescriptor(
            owning: try retrying("socket", name.text) {
                Glibc.socket(
                    AF_UNIX,
                    Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        try retrying("connect", name.text) {
            unsafe withUnsafePointer(to: &address) { start in
                unsafe start.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(socket.number, $0, length)
                }
            }
        }
        return socket
    }

    /// The length of the address with `name` in it; nil when it does not fit.
    private static func fill(_ address: inout sockaddr_un, with name: Name) -> socklen_t? {
        let prefix =
            switch name {
            case .path: 0
            case .abstract: 1
            }
        let family = MemoryLayout<sa_family_t>.size
        return unsafe withUnsafeMutableBytes(of: &address.sun_path) { target -> socklen_t? in
            let count = name.text.utf8.count
            // A path ends with NUL, which is there already.
            guard prefix + count < target.count else { return nil }
            var place = prefix
            for byte in name.text.utf8 {
                unsafe target[place] = byte
                place += 1
            }
            return socklen_t(family + place + 1 - prefix)
        }
    }
}

/// What came out of a packet socket.
public enum ReceivedPacket: Equatable, Sendable {
    /// Nothing is there now.
    case nothing
    /// A packet of so many bytes; more than the buffer had room for when `isCut`.
    case packet(length: Int, isCut: Bool)
    /// The other end has gone.
    case end
}

extension FileDescriptor {
    /// Takes one packet out of a packet socket and appends it to `buffer`, without waiting.
    ///
    /// An empty packet and the end look alike to recv(2); `hasEnded` says which it is, from the
    /// poller's `failed`.
    public borrowing func receivePacket(
        into buffer: inout FixedBuffer, hasEnded: Bool, subject: StaticString
    ) throws(SystemError) -> ReceivedPacket {
        let descriptor = number
        var length = 0
        try unsafe buffer.appendBytes(atMost: buffer.room) {
            (target: UnsafeMutableBufferPointer<UInt8>) throws(SystemError) -> Int in
            let flags = Int32(MSG_DONTWAIT | MSG_TRUNC)
            repeat {
                length = unsafe recv(descriptor, target.baseAddress, target.count, flags)
            } while length < 0 && errno == EINTR
            if length < 0 && errno != EAGAIN { throw SystemError.last("recv", "\(subject)") }
            return max(0, min(length, target.count))
        }
        if length < 0 { return .nothing }
        if length == 0 && hasEnded { return .end }
        return .packet(length: length, isCut: length > buffer.count)
    }
}
